"""The benchmark's server, in a process of its own: clients encoded beforehand.

The sandbox takes 13 ms of processor time for a page when it is first read and 1.2 ms
later, this server 0.25 ms, the tap about 3 ms: with it, the sandbox would be measured.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import multiprocessing
import os
from bisect import bisect_right
from email.utils import formatdate
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from benchmarks import data
from benchmarks.scenarios import PAGE_SIZE, Scenario

_ENVELOPE = (
    b'{"data":[%s],"first":%s,"last":%s,"page":%d,"size":%d,'
    b'"totalPages":%d,"totalElements":%d}'
)
_JSON_BOOLEANS = (b"false", b"true")


class Account:
    """The clients of an account, by the time of their modification.

    Attributes:
        requests: How many requests for clients were answered.
        date: The time on its clock: that of the newest change.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.requests = 0
        self._times = data.times(scenario)
        self.date = formatdate(self._times[-1] / 1000, usegmt=True)
        pairs = zip(data.ids(scenario), self._times, strict=True)
        self._clients = [data.client(*pair, odd=scenario.odd) for pair in pairs]

    def respond(self, target: str) -> bytes | None:
        """Return the body that answers a GET request; None is a 404."""
        url = urlsplit(target)
        path = url.path.removeprefix("/api")
        if path.startswith("/customfield/all/"):
            return b"[]"
        if not path.startswith("/client/"):
            return None
        self.requests += 1
        if path == "/client/search":
            return self.search(dict(parse_qsl(url.query)))
        number = data.number_of(path.removeprefix("/client/"))
        return data.detail(number, self._clients[number - 1])

    def search(self, query: dict[str, str]) -> bytes:
        """Return a page: `modifiedAfter` is exclusive, the order is by time."""
        page = int(query.get("page", "0"))
        size = min(int(query.get("size", "100")), PAGE_SIZE)
        end = len(self._times)
        begin = self._place_after(query.get("modifiedAfter"))
        total = end - begin
        pages = -(-total // size)
        offset = min(page * size, total)
        if query.get("sortDirection") == "asc":
            found = self._clients[begin + offset : begin + offset + size]
        else:
            stop = end - offset
            found = self._clients[max(stop - size, begin) : stop][::-1]
        return _ENVELOPE % (
            b",".join(found),
            _JSON_BOOLEANS[page == 0],
            _JSON_BOOLEANS[page >= pages - 1],
            *(page, size, pages, total),
        )

    def _place_after(self, modified_after: str | None) -> int:
        if modified_after is None:
            return 0
        moment = dt.datetime.fromisoformat(modified_after)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return bisect_right(self._times, round(moment.timestamp() * 1000))


class Connection(asyncio.Protocol):
    """A connection that answers GET requests, each after `latency` seconds."""

    def __init__(self, account: Account, latency: float) -> None:
        self._account = account
        self._latency = latency
        self._received = b""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the requests that have arrived."""
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            body = self._account.respond(request.split(b" ", 2)[1].decode())
            self._loop.call_later(self._latency, self._write, body)

    def _write(self, body: bytes | None) -> None:
        status = "404 Not Found" if body is None else "200 OK"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body or b'')}\r\n"
            f"Date: {self._account.date}\r\n\r\n"
        )
        if not self._transport.is_closing():
            self._transport.write(head.encode() + (body or b""))


async def _serve(scenario: Scenario, pipe: Pipe) -> None:
    loop, account = asyncio.get_running_loop(), Account(scenario)
    connect = partial(Connection, account, scenario.latency_ms / 1000)
    server = await loop.create_server(connect, "127.0.0.1", backlog=512)
    pipe.send(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, pipe.recv)
    pipe.send(account.requests)


def _run(scenario: Scenario, pipe: Pipe) -> None:
    asyncio.run(_serve(scenario, pipe))


class Server:
    """The server, for as long as it is entered.

    Attributes:
        url: Its base URL.
        requests: After the end, how many requests for clients it answered.
    """

    def __init__(self, scenario: Scenario) -> None:
        # Else glibc returns the memory of every response to the system, and the
        # server answers ten times slower.
        for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
            os.environ[name] = "1000000000"
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(scenario, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}/api"
        self.requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("stop")
        self.requests = self._pipe.recv()
        self._process.join()
