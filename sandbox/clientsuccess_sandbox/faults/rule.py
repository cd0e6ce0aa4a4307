"""What a rule is: which requests it matches, and how it handles them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.jsontext import encode
from clientsuccess_sandbox.messages import HTTPError, Request, Response
from clientsuccess_sandbox.server import Connection
from clientsuccess_sandbox.store import Store


class Matching(msgspec.Struct, kw_only=True):
    """Which of the requests to a path a rule matches.

    Attributes:
        times: Match this many requests, then no more.
        probability: Match with this probability, from 0 to 1.
        after: Let this many requests pass first.
        page: Match only this page.
        method: Match only this method, such as `POST`.
    """

    times: int | None = None
    probability: float = 1.0
    after: int = 0
    page: int | None = None
    method: str | None = None


class Rule(Matching, tag_field="kind"):
    """A fault, as middleware: it handles the requests that it matches.

    Attributes:
        path: Part of the path, or a pattern with `*` for all of it.
    """

    path: str

    def matches(self, request: Request) -> bool:
        """Tell whether the rule is about a request, not counting `times` and others."""
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.page is not None and page_of(request) != self.page:
            return False
        if set("*?[") & set(self.path):
            return fnmatchcase(request.path, self.path)
        return self.path in request.path

    def handle(self, call: Call) -> Response:
        """Respond to a request, with or without asking `call.proceed`."""
        return call.proceed()


class ActiveFault:
    """A rule in force, with its counters.

    Attributes:
        number: The number by which the rule can be removed.
        rule: The rule.
        hits: Requests matched so far.
    """

    def __init__(self, number: int, rule: Rule, random: Random) -> None:
        self.number = number
        self.rule = rule
        self.kind = str(rule.__struct_config__.tag)
        self.hits = 0
        self._seen = 0
        self._passed: deque[float] = deque()
        self._random = random

    def matches(self, request: Request) -> bool:
        """Tell whether the rule matches this request, and count it."""
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

    def is_within(self, per_second: int) -> bool:
        """Tell whether fewer than this many requests passed in the last second."""
        now = time.monotonic()
        while self._passed and self._passed[0] <= now - 1:
            self._passed.popleft()
        if len(self._passed) >= per_second:
            return False
        self._passed.append(now)
        return True

    def describe(self) -> dict[str, Any]:
        """Return the rule and its counters as JSON values."""
        rule: dict[str, Any] = msgspec.to_builtins(self.rule)
        return {"number": self.number, "seen": self._seen, "hits": self.hits, **rule}


@dataclass(frozen=True)
class Call:
    """A matched request, and what a rule needs to handle it.

    Attributes:
        request: The request.
        connection: Where it came from.
        store: The data.
        fault: The rule and its counters.
        proceed: Returns the response of the next rule, or of the server.
    """

    request: Request
    connection: Connection
    store: Store
    fault: ActiveFault
    proceed: Callable[[], Response]


def page_of(request: Request) -> int | None:
    """Return the page that a request asks for: 0 if it names none."""
    page = request.query.get("page", _pagination(request).get("taskPage", 0))
    try:
        return int(page)
    except (TypeError, ValueError):
        return None


def set_page(request: Request, page: int) -> None:
    """Make a request ask for another page."""
    request.query = {**request.query, "page": str(page)}
    if pagination := _pagination(request):
        pagination = {**pagination, "taskPage": page}
        request.body = encode({**request.json(), "pagination": pagination})


def _pagination(request: Request) -> dict[str, Any]:
    try:
        return msgspec.convert(request.json()["pagination"], dict[str, Any])
    except (HTTPError, LookupError, TypeError, msgspec.ValidationError):
        return {}
