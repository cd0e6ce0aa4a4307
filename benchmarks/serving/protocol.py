"""HTTP/1.1, as much of it as GET requests on lasting connections need."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from benchmarks.serving.routes import REFUSED, Answer

if TYPE_CHECKING:
    from benchmarks.serving.routes import Routes

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Manners:
    """How all connections answer.

    Attributes:
        routes: What they answer.
        api_key: The key that a request must carry.
        latency: Seconds before each answer; other requests go on meanwhile.
    """

    routes: Routes
    api_key: bytes
    latency: float


class Connection(asyncio.Protocol):
    """One connection; its requests are answered one after the other."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._received = b""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there in full."""
        *requests, self._received = (self._received + data).split(_END)
        for request in requests:
            self._take(request)

    def _take(self, request: bytes) -> None:
        answer = self._answer(request)
        if self._manners.latency:
            self._loop.call_later(self._manners.latency, self._write, answer)
        else:
            self._write(answer)

    def _answer(self, request: bytes) -> Answer:
        line, _, headers = request.partition(b"\r\n")
        if _key(headers) != self._manners.api_key:
            return REFUSED
        target = line.split(b" ")[1].decode("ascii")
        return self._manners.routes.answer(target)

    def _write(self, answer: Answer) -> None:
        head = (
            f"HTTP/1.1 {_status(answer.status)}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(answer.body)}\r\n"
            f"Date: {_date(int(time.time()))}\r\n\r\n"
        )
        if not self._transport.is_closing():
            self._transport.write(head.encode("ascii") + answer.body)


def _key(headers: bytes) -> bytes | None:
    for header in headers.split(b"\r\n"):
        name, _, value = header.partition(b":")
        if name.lower() == b"x-api-key":
            return value.strip()
    return None


@lru_cache(1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)


def _status(code: int) -> str:
    return f"{code} {HTTPStatus(code).phrase}"
