"""Requests as received, responses, and the steps in which one is sent. No I/O.

The server plays the steps: a head, parts of the body, pauses, the end of the
connection. Faults change the response, or the steps.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from clientsuccess_sandbox.jsontext import decode, encode

JSON: Final = "application/json"
_COMPRESS_FROM = 1024


class Head(NamedTuple):
    """Send status and headers."""

    status: int
    headers: dict[str, str]


class Pause(NamedTuple):
    """Send nothing for so many seconds; the rest only if the client is still there."""

    seconds: float


class HangUp(NamedTuple):
    """Close the connection, or reset it as a crashing server does."""

    reset: bool = False


Step: TypeAlias = bytes | Head | Pause | HangUp


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status, also of a non-standard one."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


@dataclass
class Response:
    """A whole response."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200) -> Response:
        """Respond with a JSON value."""
        return cls(status, encode(value), {"content-type": JSON})

    @classmethod
    def of_list(cls, items: Iterable[bytes]) -> Response:
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

    def head(self, length: int | None = None) -> Head:
        """Return the head, with the body's length or another one."""
        length = len(self.body) if length is None else length
        return Head(self.status, {**self.headers, "content-length": str(length)})

    def steps(self) -> Iterator[Step]:
        """Yield the steps of a response that is sent as usual."""
        yield self.head()
        yield self.body


class HTTPError(Exception):
    """A request gets an error response."""

    def __init__(self, status: int, message: str = "", **fields: str) -> None:
        super().__init__(message)
        self.response = Response.of_error(status, message, **fields)


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
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    params: dict[str, str] = field(default_factory=dict)

    def json(self, wanted: Any = Any) -> Any:
        """Decode the body; without a wanted type, fractions become `Decimal`.

        Raises:
            msgspec.DecodeError: The body is not JSON, or not of the wanted type.
            UnicodeDecodeError: It is no text.
            RecursionError: It is nested too deeply.
        """
        body = self.body or b"{}"
        return decode(body) if wanted is Any else msgspec.json.decode(body, type=wanted)
