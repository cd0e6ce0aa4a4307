"""Running the app with uvicorn's HTTP protocol, in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Collection

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from clientsuccess_sandbox.app import App
from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.security import protect

_BACKLOG = 2048


class HttpServer:
    """The server of one sandbox.

    Uvicorn's own `Server` takes a tenth of a second to stop, and waits for those who
    wait for an answer.
    """

    def __init__(
        self, backend: Backend, host: str, port: int, names: Collection[str] = ()
    ) -> None:
        """Take a port, or raise `OSError`; requests wait there until it runs."""
        self._socket = _listen(host, port)
        address, port = self._socket.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        self.url = f"http://{shown}:{port}"
        self._config = uvicorn.Config(
            protect(App(backend), [host, *names]),
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
        )
        self._loop = asyncio.new_event_loop()
        self._halt = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Run in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the server and hang up on everybody."""
        self._loop.call_soon_threadsafe(self._halt.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._config.load()
        state = ServerState()
        server = await self._loop.create_server(
            lambda: H11Protocol(self._config, state, {}), sock=self._socket
        )
        await self._halt.wait()
        server.close()
        # What was just accepted is still to become a task, and then a connection.
        await asyncio.sleep(0)
        while state.connections or len(asyncio.all_tasks()) > 1:
            for task in list(state.tasks):
                task.cancel()
            for protocol in list(state.connections):
                protocol.transport.abort()
            await asyncio.sleep(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Inherited by the connections: an answer's head and body are written apart, and
    # Nagle's algorithm would hold the body back for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
