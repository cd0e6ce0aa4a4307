"""What a rule is: which requests it strikes, and where it can step in."""

from __future__ import annotations

from collections import deque
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import msgspec

from clientsuccess_sandbox.faults.pages import page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientsuccess_sandbox.answer import Answer, Visit
    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.line import Line
    from clientsuccess_sandbox.store import Store

_GLOB = set("*?[")


class Matching(msgspec.Struct, kw_only=True):
    """Which of the requests to a path a rule strikes.

    Attributes:
        times: Strike so many requests, then no more.
        probability: Strike with this probability, between 0 and 1.
        after: Let so many requests pass first.
        page: Strike only this page.
        method: Strike only this method, such as `POST`.
    """

    times: int | None = None
    probability: float = 1.0
    after: int = 0
    page: int | None = None
    method: str | None = None


class Rule(Matching, tag_field="kind"):
    """A misbehaviour. Each hook below does nothing unless a rule overrides it.

    Attributes:
        path: Part of the path, or a pattern with `*` for the whole of it.
    """

    path: str

    def matches(self, visit: Visit) -> bool:
        """Tell whether a request is one of those the rule is about."""
        if self.method is not None and visit.method != self.method.upper():
            return False
        if self.page is not None and page_of(visit) != self.page:
            return False
        if _GLOB & set(self.path):
            return fnmatchcase(visit.path, self.path)
        return self.path in visit.path

    def rewrite(self, visit: Visit) -> None:
        """Change what the server believes it was asked."""

    async def wait(self, line: Line) -> bool:
        """Hold the request up; tell whether it still wants an answer."""
        return True

    def replace(self, armed: Armed) -> Answer | None:
        """Answer in the server's place."""
        return None

    def change(self, answer: Answer) -> Answer:
        """Change the server's answer."""
        return answer

    async def deliver(self, line: Line, answer: Answer) -> bool:
        """Send the answer in a way of its own; tell whether that was done."""
        return False

    def afterwards(self, visit: Visit, store: Store, armed: Armed) -> None:
        """Do something once the answer is made."""


class Armed:
    """A rule at work, with what it counts.

    Attributes:
        number: Number by which the rule can be removed.
        rule: The rule itself.
        seen: Requests that matched.
        hits: Requests that were struck.
        moments: For rules that look back: when they let requests through.
    """

    def __init__(
        self, number: int, rule: Rule, dice: Dice, now: Callable[[], float]
    ) -> None:
        self.number = number
        self.rule = rule
        self.seen = 0
        self.hits = 0
        self.moments: deque[float] = deque()
        self.now = now
        self._dice = dice

    def strikes(self, visit: Visit) -> bool:
        """Tell whether this request is struck, and count it."""
        rule = self.rule
        if not rule.matches(visit):
            return False
        self.seen += 1
        if self.seen <= rule.after:
            return False
        if rule.times is not None and self.hits >= rule.times:
            return False
        if rule.probability < 1 and not self._dice.chance(rule.probability):
            return False
        self.hits += 1
        return True

    def describe(self) -> dict[str, Any]:
        """Show the rule and its counts as JSON values."""
        shown: dict[str, Any] = msgspec.to_builtins(self.rule)
        return {"number": self.number, "seen": self.seen, "hits": self.hits, **shown}
