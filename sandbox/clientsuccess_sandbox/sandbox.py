"""A whole sandbox: made-up company, server, and the handles to both."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.routes import V2_BASES
from clientsuccess_sandbox.server import HttpServer
from clientsuccess_sandbox.settings import option


@dataclass(kw_only=True)
class Sandbox(Backend):
    """A ClientSuccess on this machine; use it as a context manager.

    Attributes:
        allowed_hosts: Further names that a `Host` header may hold; `*` allows all.
    """

    host: str = option("127.0.0.1", "address to listen on")
    port: int = option(0, "port; 0 takes a free one")
    allowed_hosts: Collection[str] = ()
    _server: HttpServer | None = field(init=False, repr=False, default=None)

    @property
    def url(self) -> str:
        """Root of the server, such as `http://127.0.0.1:8765`."""
        if self._server is None:
            raise RuntimeError("The sandbox is not running.")
        return self._server.url

    @property
    def base_url(self) -> str:
        """Base URL to give to the tap."""
        return self.url + V2_BASES[0]

    def start(self) -> Self:
        """Start the server in a thread.

        Raises:
            OSError: The port is taken, or the host is not one of this machine.
        """
        self._server = HttpServer(self, self.host, self.port, self.allowed_hosts)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop the server, also under requests that still wait."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
