"""What the routes share: the parts of a sandbox, apart from HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clientsuccess_sandbox.auth import KEY_HEADERS

if TYPE_CHECKING:
    from clientsuccess_sandbox.auth import Keys
    from clientsuccess_sandbox.clock import Clock
    from clientsuccess_sandbox.data.seeded import Random
    from clientsuccess_sandbox.faults.registry import Faults
    from clientsuccess_sandbox.messages import Request
    from clientsuccess_sandbox.settings import Behaviour
    from clientsuccess_sandbox.store import Store

_MOST_REQUESTS = 200_000


@dataclass
class LoggedRequest:
    """One request. Keys and bodies are not kept.

    Attributes:
        method: Such as `GET`.
        path: Path without the query.
        query: Query parameters as they were asked.
        key_headers: Lower-case names of the headers that carried a credential.
        user_agent: What the client calls itself.
        time: Seconds since 1970 at which it came in, by the sandbox's clock.
        status: Status of the answer; `None` before there is one.
        faults: Kinds of the faults that struck it.
    """

    method: str
    path: str
    query: dict[str, str]
    key_headers: tuple[str, ...]
    user_agent: str
    time: float
    status: int | None = None
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Backend:
    """The parts of a sandbox, apart from HTTP."""

    store: Store
    faults: Faults
    keys: Keys
    clock: Clock
    requests: list[LoggedRequest]
    behaviour: Behaviour
    random: Random

    def log(self, request: Request) -> LoggedRequest:
        """Log a request; the oldest go when there are too many."""
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
