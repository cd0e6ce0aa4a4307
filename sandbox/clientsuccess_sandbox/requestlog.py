"""What was asked, for tests and curious people to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clientsuccess_sandbox.keys import KEY_HEADERS

if TYPE_CHECKING:
    from clientsuccess_sandbox.answer import Visit

_MOST = 200_000


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
        faults: Kinds of the rules that struck it.
    """

    method: str
    path: str
    query: dict[str, str]
    key_headers: tuple[str, ...]
    user_agent: str
    time: float
    status: int | None = None
    faults: list[str] = field(default_factory=list)


class RequestLog(list[LoggedRequest]):
    """The requests so far, oldest first; the oldest go when there are too many."""

    def note(self, visit: Visit, time: float) -> LoggedRequest:
        """Log a request that just came in."""
        entry = LoggedRequest(
            method=visit.method,
            path=visit.path,
            query=dict(visit.query),
            key_headers=tuple(name for name in KEY_HEADERS if name in visit.headers),
            user_agent=visit.headers.get("user-agent", ""),
            time=time,
        )
        if len(self) >= _MOST:
            del self[: _MOST // 2]
        self.append(entry)
        return entry
