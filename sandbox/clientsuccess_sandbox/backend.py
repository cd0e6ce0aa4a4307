"""What the routes share: data, credentials, faults and the request log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from clientsuccess_sandbox.auth import KEY_HEADERS, Keys
from clientsuccess_sandbox.clock import Clock
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.faults.registry import Faults, fault_from_text
from clientsuccess_sandbox.faults.responses import Edits
from clientsuccess_sandbox.messages import Request
from clientsuccess_sandbox.settings import (
    DEFAULT_KEY,
    Settings,
    option,
)
from clientsuccess_sandbox.store import Store

_MOST_REQUESTS = 200_000


@dataclass
class LoggedRequest:
    """One request. Keys and bodies are not kept.

    Attributes:
        query: As it was asked, before faults rewrote it.
        key_headers: Lower-case names of the headers with a credential.
        time: Seconds since 1970, by the sandbox's clock.
        status: Status of the response; `None` until there is one.
        faults: Kinds of the faults that hit it.
    """

    method: str
    path: str
    query: dict[str, str]
    key_headers: tuple[str, ...]
    user_agent: str
    time: float
    status: int | None = None
    faults: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Backend(Settings):
    """The simulated company and its server, without HTTP.

    Every setting is an argument; those of `Behaviour` can be changed at any time by
    assigning to the attribute.

    Attributes:
        store: The data, to read and edit.
        faults: The active faults.
        requests: The requests so far.
        keys: The accepted credentials.
        clock: The server's clock.
        random: Decides which replica responds.
    """

    api_key: str = option(DEFAULT_KEY, "key that opens the API", flag="key")
    username: str = option("sandbox@example.com", "for a login")
    password: str = option("sandbox-password", "for a login", repr=False)
    clock_offset: float = option(0.0, "seconds that the server's clock is ahead")
    host: str = option("127.0.0.1", "address to listen on")
    port: int = option(0, "port; 0 takes a free one")
    edits_per_request: int = option(
        0, "random edits after each page, of the kind that was read"
    )
    allowed_hosts: Collection[str] = option(
        (),
        "another host name that requests may use (Host header); * allows all",
        flag="allowed-host",
        item="NAME",
    )
    initial_faults: Sequence[Fault] = option(
        (),
        "fault such as status=503,probability=0.1,path=/client/search, or JSON",
        flag="fault",
        item="FAULT",
        parse=fault_from_text,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clock = Clock(self.clock_offset)
        self.store = Store(self, self.clock)
        self.keys = Keys(self.clock, self.api_key, self.username, self.password)
        self.requests: list[LoggedRequest] = []
        self.random = Random(f"{self.seed}/lag")
        self.faults = Faults(self.seed)
        for fault in self.initial_faults:
            self.faults.add(fault)
        if self.edits_per_request:
            for path in ("*/search", "*/task/all"):
                self.faults.add(Edits(path, self.edits_per_request))

    def log(self, request: Request) -> LoggedRequest:
        """Log a request; drop the oldest if there are too many."""
        entry = LoggedRequest(
            request.method,
            request.path,
            request.query,
            tuple(name for name in KEY_HEADERS if name in request.headers),
            request.headers.get("user-agent", ""),
            self.clock.now(),
        )
        if len(self.requests) >= _MOST_REQUESTS:
            del self.requests[: _MOST_REQUESTS // 2]
        self.requests.append(entry)
        return entry
