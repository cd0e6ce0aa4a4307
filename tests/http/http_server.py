"""A scripted HTTP server on loopback, and clients for it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tap_clientsuccess.http.auth import KeyAuthenticator, LoginAuthenticator
from tap_clientsuccess.http.client import Client
from tap_clientsuccess.http.concurrency import Throttle
from tap_clientsuccess.http.transport import Transport

if t.TYPE_CHECKING:
    from tap_clientsuccess.http.responses import Response

KEY = "k3y-that-nobody-may-see"
PASSWORD = "p4ss-that-nobody-may-see"
LIMIT_SECONDS = 30.0
"""Seconds that something may take on a busy machine."""


def answer(
    body: bytes = b"[]", *headers: str, status: str = "200 OK", close: bool = False
) -> bytes:
    """Write a response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Request:
    """A request that arrived."""

    head: str
    body: bytes
    connection: int
    """Number of its connection, from 1."""
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        return self.head.split()[1]

    def header(self, name: str) -> str | None:
        for line in self.head.splitlines()[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


Respond = t.Callable[[Request], bytes | Iterator[bytes] | None]


@dataclass
class Server:
    """Answers each request as `respond` says; None resets the connection.

    An iterator sends its parts, and then hangs up.
    """

    port: int
    respond: Respond = lambda _: answer()
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self.connections += 1
                threading.Thread(
                    target=self._talk, args=(connection, self.connections), daemon=True
                ).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            file = connection.makefile("rb")
            while line := file.readline():
                head = line.decode("latin-1")
                while (line := file.readline()).strip():
                    head += line.decode("latin-1")
                request = Request(head, b"", number)
                request.body = file.read(int(request.header("Content-Length") or 0))
                self.requests.append(request)
                response = self.respond(request)
                if response is None:
                    # Unread data, or no lingering: the peer gets a reset.
                    linger = b"\x01\0\0\0\0\0\0\0"
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    file.close()
                    return
                if not isinstance(response, bytes):
                    for part in response:
                        connection.sendall(part)
                    file.close()
                    return
                connection.sendall(response)


@contextlib.contextmanager
def serving(respond: Respond = lambda _: answer()) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1], respond)
        thread = threading.Thread(target=server.serve, args=(listening,), daemon=True)
        thread.start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def make_transport(**options: t.Any) -> Transport:
    return Transport(
        **{
            "user_agent": "tests",
            "connections": 4,
            "max_bytes": 2**20,
            "secrets": (KEY, PASSWORD),
            "throttle": Throttle(4),
            **options,
        }
    )


def client_options() -> dict[str, t.Any]:
    return {"timeout": LIMIT_SECONDS, "max_retries": 0, "throttle": Throttle(4)}


def make_client(transport: Transport | None = None, **options: t.Any) -> Client:
    options = client_options() | options
    return Client(
        transport or make_transport(throttle=options["throttle"]),
        KeyAuthenticator(key="X-API-Key", value=KEY),
        **options,
    )


def make_login_client(server: Server, **options: t.Any) -> Client:
    """Create a client that logs in to a server."""
    options = client_options() | options
    transport = make_transport(throttle=options["throttle"])
    login = LoginAuthenticator(
        transport,
        f"{server.url}/auth",
        username="me",
        password=PASSWORD,
        timeout=options["timeout"],
    )
    return Client(transport, login, **options)


def body_of(response: Response) -> bytes:
    return response.body


def fixtures() -> tuple[t.Any, t.Any]:
    """Return the fixtures `server` and `client`, for a module to assign."""

    @pytest.fixture
    def server() -> Iterator[Server]:
        with serving() as running:
            yield running

    @pytest.fixture
    def client() -> Client:
        return make_client()

    return server, client
