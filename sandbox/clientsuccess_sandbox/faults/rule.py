"""What a fault is: a rule that says which requests it matches, and what happens then.

A request that rules match takes this way, in the order of the hooks of `Rule`: it
waits, is rewritten, the server responds, the data may change, the response is changed,
and sent in steps. A fault overrides one of the hooks, mostly `change`, or `steps` if it
is about how the response is sent. The hooks do no I/O: `server.py` plays the steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from clientsuccess_sandbox.jsontext import encode
from clientsuccess_sandbox.messages import Request, Response, Step
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
    """A fault: a subclass overrides the hooks that make it.

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

    def spares(self, passed: deque[float]) -> bool:
        """Tell whether a request passes that matches; `passed` is the rule's memory."""
        return False

    def wait(self) -> float:
        """Return how many seconds pass before the server sees a request."""
        return 0.0

    def rewrite(self, request: Request) -> None:
        """Rewrite a request before the server sees it."""

    def afterwards(self, request: Request, store: Store, hits: int) -> None:
        """Do something to the data, once the server has responded."""

    def change(self, response: Response) -> Response:
        """Return what is sent in place of the server's response."""
        return response

    def steps(self, response: Response) -> Iterator[Step] | None:
        """Return the steps in which a response is sent; `None` for the usual ones.

        Of several faults, the first one that has steps of its own decides.
        """
        return None


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
    except (LookupError, RecursionError, TypeError, ValueError, msgspec.DecodeError):
        return {}
