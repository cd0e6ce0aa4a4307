"""A whole sandbox: made-up company, server, and the handles to both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from clientsuccess_sandbox.auth import Keys
from clientsuccess_sandbox.backend import Backend, LoggedRequest
from clientsuccess_sandbox.clock import Clock
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults.registry import Faults
from clientsuccess_sandbox.routes import V2_BASES
from clientsuccess_sandbox.server import HttpServer
from clientsuccess_sandbox.settings import (
    DEFAULT_KEY,
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Behaviour,
    CompanySettings,
)
from clientsuccess_sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from clientsuccess_sandbox.faults.rule import Rule


@dataclass(kw_only=True)
class Sandbox(CompanySettings, Behaviour):
    """A ClientSuccess on this machine; use it as a context manager.

    Every setting of `CompanySettings` and `Behaviour` is an argument; those of
    `Behaviour` may be changed at any time by assigning to the attribute.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        allowed_hosts: Further names that a `Host` header may hold; `*` allows all.
        api_key: The key that opens the API at first.
        username: Name that logs in for a session token.
        password: Password that goes with it.
        clock_offset: Seconds by which the server's clock is ahead of the real one.
        rules: Misbehaviour from the start.
        store: The data, to read and to edit.
        faults: The rules in force.
        requests: The requests so far.
        keys: Who may come in.
        clock: The server's clock.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allowed_hosts: Collection[str] = ()
    api_key: str = DEFAULT_KEY
    username: str = DEFAULT_USERNAME
    password: str = field(default=DEFAULT_PASSWORD, repr=False)
    clock_offset: float = 0.0
    rules: Sequence[Rule] = ()
    store: Store = field(init=False, repr=False)
    faults: Faults = field(init=False, repr=False)
    requests: list[LoggedRequest] = field(init=False, repr=False)
    keys: Keys = field(init=False, repr=False)
    clock: Clock = field(init=False, repr=False)
    _server: HttpServer | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self.clock = Clock(self.clock_offset)
        self.store = Store(self, self.clock)
        self.faults = Faults(self.seed)
        self.requests = []
        self.keys = Keys(self.clock, self.api_key, self.username, self.password)
        for rule in self.rules:
            self.faults.add(rule)

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
        """Start the server in a thread; return once it answers.

        Raises:
            OSError: The port is taken, or the host is not one of this machine.
        """
        backend = Backend(
            store=self.store,
            faults=self.faults,
            keys=self.keys,
            clock=self.clock,
            requests=self.requests,
            behaviour=self,
            random=Random(f"{self.seed}/lag"),
        )
        self._server = HttpServer(backend, self.host, self.port, self.allowed_hosts)
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
