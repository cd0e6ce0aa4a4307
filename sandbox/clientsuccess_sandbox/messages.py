"""A request as it came in, and an answer before it is sent."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException

from clientsuccess_sandbox.jsontext import decode, encode

JSON: Final = "application/json"
_COMPRESS_FROM = 1024
_MOST_PACKED = 1000
_PACKED: dict[bytes, bytes] = {}


def phrase_of(status: int) -> str:
    """Name a status, also one that no standard knows."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


@dataclass
class Answer:
    """A whole answer, before it is sent."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200) -> Answer:
        """Answer with a JSON value."""
        return cls(status, encode(value), {"content-type": JSON})

    @classmethod
    def of_list(cls, raws: list[bytes]) -> Answer:
        """Answer with a list of JSON texts."""
        return cls(200, b"[%b]" % b",".join(raws), {"content-type": JSON})

    @classmethod
    def of_error(cls, status: int, message: str = "") -> Answer:
        """Answer with an error in the words of the API."""
        return cls.of_json({"userMessage": message or phrase_of(status)}, status)

    def compressed(self) -> Answer:
        """Compress the body, if that is worth the while."""
        if len(self.body) < _COMPRESS_FROM or "content-encoding" in self.headers:
            return self
        # Pages are read more than once, and packing takes longer than all the rest.
        digest = blake2b(self.body, digest_size=16).digest()
        if digest not in _PACKED:
            if len(_PACKED) >= _MOST_PACKED:
                _PACKED.clear()
            _PACKED[digest] = gzip.compress(self.body, 1, mtime=0)
        headers = {**self.headers, "content-encoding": "gzip"}
        return Answer(self.status, _PACKED[digest], headers)


@dataclass
class Request:
    """A request; faults may rewrite its query and body.

    Attributes:
        params: What its route takes from the path, such as `id`.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    params: dict[str, Any] = field(default_factory=dict)

    def json(self, wanted: Any = Any) -> Any:
        """Return the body's value; unless a type is wanted, decimals are `Decimal`."""
        try:
            if wanted is not Any:
                return msgspec.json.decode(self.body, type=wanted)
            return decode(self.body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise HTTPException(400, f"The body: {problem}") from None
        except RecursionError:
            raise HTTPException(400, "The body is nested too deep.") from None
