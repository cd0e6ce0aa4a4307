"""What comes in and what goes out, apart from how it travels."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from clientsuccess_sandbox.jsontext import encode

JSON = "application/json"
_COMPRESS_FROM = 1024
_QUICK = 1


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
    def of_json(
        cls, value: Any, status: int = 200, headers: dict[str, str] | None = None
    ) -> Answer:
        """Answer with a JSON value."""
        return cls(status, encode(value), {"content-type": JSON, **(headers or {})})

    @classmethod
    def of_error(
        cls, status: int, message: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        """Answer with an error in the words of the API."""
        return cls.of_json(
            {"userMessage": message or phrase_of(status)}, status, headers
        )

    def compressed(self) -> Answer:
        """Compress the body, if that is worth the while."""
        if len(self.body) < _COMPRESS_FROM or "content-encoding" in self.headers:
            return self
        body = gzip.compress(self.body, _QUICK, mtime=0)
        headers = {**self.headers, "content-encoding": "gzip"}
        return Answer(self.status, body, headers)


@dataclass
class Visit:
    """A request as it came in; rules may rewrite its query and body."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def accepts_gzip(self) -> bool:
        """Tell whether the client can read gzip."""
        return "gzip" in self.headers.get("accept-encoding", "")
