"""Running the app with uvicorn in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from clientsuccess_sandbox.app import make_app

if TYPE_CHECKING:
    from collections.abc import Collection

    from clientsuccess_sandbox.backend import Backend
    from clientsuccess_sandbox.exchange import Scope

_BACKLOG = 2048
_TICK = 0.005


class Connections:
    """The open connections, by the client's address."""

    def __init__(self) -> None:
        self._open: dict[tuple[Any, ...], asyncio.Transport] = {}

    def find(self, scope: Scope) -> asyncio.Transport | None:
        """Give the connection on which a request came."""
        return self._open.get(tuple(scope["client"] or ()))

    def add(self, transport: asyncio.Transport) -> None:
        """Note a new connection."""
        self._open[_peer(transport)] = transport

    def drop(self, transport: asyncio.Transport) -> None:
        """Forget a connection that is closed."""
        if self._open.get(_peer(transport)) is transport:
            del self._open[_peer(transport)]

    def abort_all(self) -> None:
        """Hang up on everybody, whatever they wait for."""
        for transport in list(self._open.values()):
            transport.abort()


def _peer(transport: asyncio.Transport) -> tuple[Any, ...]:
    return tuple((transport.get_extra_info("peername") or ())[:2])


def _protocol(connections: Connections) -> type[H11Protocol]:
    """Make a protocol that notes its connections."""

    class Noting(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections.add(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.drop(self.transport)
            super().connection_lost(exc)

    return Noting


class HttpServer:
    """The server of one sandbox."""

    def __init__(
        self, backend: Backend, host: str, port: int, names: Collection[str] = ()
    ) -> None:
        """Take a port; requests wait there until the server runs.

        Raises:
            OSError: The port is taken, or the host is not ours.
        """
        self._connections = Connections()
        self._socket = _listen(host, port)
        self._address = self._socket.getsockname()[:2]
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._halt = asyncio.Event()
        config = uvicorn.Config(
            make_app(backend, self._connections.find, [host, *names]),
            http=_protocol(self._connections),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
        )
        self._server = uvicorn.Server(config)

    @property
    def url(self) -> str:
        """Where the server is, such as `http://127.0.0.1:8765`."""
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Run in a thread; return once it answers."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(_TICK)
        if not self._server.started:
            raise RuntimeError("The sandbox's server did not start.")

    def stop(self) -> None:
        """End the server and hang up on everybody."""
        if self._thread is None or self._loop is None:
            self._socket.close()
            return
        self._loop.call_soon_threadsafe(self._halt.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        halting = asyncio.create_task(self._halt.wait())
        await asyncio.wait({serving, halting}, return_when=asyncio.FIRST_COMPLETED)
        halting.cancel()
        # Uvicorn's own way out takes its time and waits for who waits for an answer.
        serving.cancel()
        for listener in self._server.servers:
            listener.close()
        self._connections.abort_all()
        await asyncio.wait({serving})


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Inherited by the connections: an answer's head and body are written apart, and
    # Nagle's algorithm would hold the body back for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
