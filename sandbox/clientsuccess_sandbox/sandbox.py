"""A whole sandbox: a simulated company and its server."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Self

from clientsuccess_sandbox.app import handle
from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.routes import V2_BASES
from clientsuccess_sandbox.server import HttpServer


@dataclass(kw_only=True)
class Sandbox(Backend):
    """A simulated ClientSuccess on this machine; use it as a context manager."""

    _server: HttpServer | None = field(init=False, repr=False, default=None)

    @property
    def url(self) -> str:
        """Root of the server, such as `http://127.0.0.1:8765`."""
        if self._server is None:
            raise RuntimeError("The sandbox is not running.")
        return self._server.url

    @property
    def base_url(self) -> str:
        """Base URL for the tap."""
        return self.url + V2_BASES[0]

    def start(self) -> Self:
        """Start the server in a thread.

        Raises:
            OSError: The port is taken, or the host is not an address of this machine.
        """
        self._server = HttpServer(partial(handle, self), self.host, self.port)
        return self

    def stop(self) -> None:
        """Stop the server, even if requests are still waiting."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
