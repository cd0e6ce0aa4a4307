"""Requests as received, and responses before they are sent."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from clientsuccess_sandbox.jsontext import decode, encode

if TYPE_CHECKING:
    from clientsuccess_sandbox.server import Connection

JSON: Final = "application/json"
_COMPRESS_FROM = 1024


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status, also of a non-standard one."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


class HTTPError(Exception):
    """A request gets an error response."""

    def __init__(self, status: int, message: str = "", **fields: str) -> None:
        super().__init__(message)
        self.response = Response.of_error(status, message, **fields)


@dataclass
class Response:
    """A whole response.

    Attributes:
        deliver: Sends it in an unusual way; None sends it as usual.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    deliver: Callable[[Connection, Response], None] | None = None

    @classmethod
    def of_json(cls, value: Any, status: int = 200) -> Response:
        """Respond with a JSON value."""
        return cls(status, encode(value), {"content-type": JSON})

    @classmethod
    def of_list(cls, items: list[bytes]) -> Response:
        """Respond with a list of encoded JSON values."""
        return cls(200, b"[%b]" % b",".join(items), {"content-type": JSON})

    @classmethod
    def of_error(cls, status: int, message: str = "", **fields: str) -> Response:
        """Respond with an error as the API does."""
        message = message or phrase_of(status)
        return cls.of_json({**fields, "userMessage": message}, status)

    def compress(self) -> None:
        """Compress the body if it is large enough."""
        if len(self.body) >= _COMPRESS_FROM and "content-encoding" not in self.headers:
            self.body = _compressed(self.body)
            self.headers["content-encoding"] = "gzip"


@lru_cache(maxsize=256)
def _compressed(body: bytes) -> bytes:
    # Cached, as pages are read repeatedly and compression takes longest of all.
    return gzip.compress(body, 1, mtime=0)


@dataclass
class Request:
    """A request; faults may rewrite its query and body.

    Attributes:
        headers: By their names in lower case.
        params: Path parameters of its route, such as `id`.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    def json(self, wanted: Any = Any) -> Any:
        """Decode the body; without a wanted type, fractions become `Decimal`.

        Raises:
            HTTPError: The body is not JSON, or not of the wanted type.
        """
        try:
            if wanted is not Any:
                return msgspec.json.decode(self.body, type=wanted)
            return decode(self.body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise HTTPError(400, f"Invalid body: {problem}") from None
        except RecursionError:
            raise HTTPError(400, "The body is nested too deeply.") from None
