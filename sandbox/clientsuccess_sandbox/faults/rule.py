"""What a rule is: which requests it strikes, and where it can step in."""

from __future__ import annotations

import time
from collections import deque
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from starlette.exceptions import HTTPException

from clientsuccess_sandbox.connection import Connection
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.jsontext import encode
from clientsuccess_sandbox.messages import Answer, Request
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
    """A fault. Each hook below does nothing unless a kind of fault overrides it.

    Attributes:
        path: Part of the path, or a pattern with `*` for the whole of it.
    """

    path: str

    def matches(self, request: Request) -> bool:
        """Tell whether a request is one of those the rule is about."""
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.page is not None and page_of(request) != self.page:
            return False
        if _GLOB & set(self.path):
            return fnmatchcase(request.path, self.path)
        return self.path in request.path

    async def wait(self, connection: Connection) -> bool:
        """Hold the request up; tell whether it still wants an answer."""
        return True

    def rewrite(self, request: Request) -> None:
        """Change what the server believes it was asked."""

    def replace(self, active: ActiveFault) -> Answer | None:
        """Answer in the server's place."""
        return None

    def change(self, answer: Answer) -> Answer:
        """Change the server's answer."""
        return answer

    def afterwards(self, request: Request, store: Store, active: ActiveFault) -> None:
        """Do something once the answer is made."""

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        """Send the answer in a way of its own; tell whether that was done."""
        return False


class ActiveFault:
    """A rule in force, with what it counts.

    Attributes:
        number: Number by which the rule can be removed.
        rule: The rule itself.
        hits: Requests that were struck.
    """

    def __init__(self, number: int, rule: Rule, random: Random) -> None:
        self.number = number
        self.rule = rule
        self.hits = 0
        self._seen = 0
        self._passed: deque[float] = deque()
        self._random = random

    def strikes(self, request: Request) -> bool:
        """Tell whether this request is struck, and count it."""
        rule = self.rule
        if not rule.matches(request):
            return False
        self._seen += 1
        if self._seen <= rule.after or self.hits == rule.times:
            return False
        if rule.probability < 1 and not self._random.chance(rule.probability):
            return False
        self.hits += 1
        return True

    def may_pass(self, per_second: int) -> bool:
        """Tell whether fewer than so many requests passed within a second."""
        now = time.monotonic()
        while self._passed and self._passed[0] <= now - 1:
            self._passed.popleft()
        if len(self._passed) >= per_second:
            return False
        self._passed.append(now)
        return True

    def describe(self) -> dict[str, Any]:
        """Show the rule and its counts as JSON values."""
        shown: dict[str, Any] = msgspec.to_builtins(self.rule)
        return {"number": self.number, "seen": self._seen, "hits": self.hits, **shown}


def page_of(request: Request) -> int | None:
    """Tell which page a request asks for, page 0 if it does not say."""
    asked = request.query.get("page", _pagination(request).get("taskPage", 0))
    try:
        return int(asked)
    except (TypeError, ValueError):
        return None


def turn_to(request: Request, page: int) -> None:
    """Make a request ask for another page."""
    request.query = {**request.query, "page": str(page)}
    pagination = _pagination(request)
    if pagination:
        pagination = {**pagination, "taskPage": page}
        request.body = encode({**request.json(), "pagination": pagination})


def _pagination(request: Request) -> dict[str, Any]:
    try:
        return msgspec.convert(request.json()["pagination"], dict[str, Any])
    except (HTTPException, LookupError, TypeError, msgspec.ValidationError):
        return {}
