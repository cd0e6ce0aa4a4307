"""What a fault is: it says which requests it matches, and what happens then.

First `spares` may let a request pass. One that faults hit takes this way, in the order
of the other hooks of `Fault`: it waits, is rewritten, the server responds, the data may
change, the response is changed, and sent in steps. A fault overrides one of the hooks,
mostly `change`, or `steps` if it is about how the response is sent. The hooks do no
I/O: `server.py` plays the steps. What it remembers it sets up in `__post_init__`: a
copy is in force, which begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.jsontext import encode
from clientsuccess_sandbox.messages import Request, Response, Step
from clientsuccess_sandbox.store import Store

_IN_BODY: Final = {"page": "taskPage", "size": "taskSize"}
"""Parameters that a search of tasks has in its body: their names in a query, there."""


class Matching(msgspec.Struct, kw_only=True):
    """Which of the requests to a path a fault hits.

    Attributes:
        times: Hit this many requests, then no more.
        probability: Hit a request with this probability, from 0 to 1.
        after: Let this many requests pass first.
        page: Match only this page.
        method: Match only this method, such as `POST`.
        parameter: Match only requests with this parameter, of the query or of a search
            of tasks.
        value: Match only this value of it.
    """

    times: int | None = None
    probability: float = 1.0
    after: int = 0
    page: int | None = None
    method: str | None = None
    parameter: str | None = None
    value: str | None = None


class Fault(Matching, tag_field="kind", dict=True):
    """A subclass overrides the hooks that make it.

    Attributes:
        path: Part of the path, or a pattern with `*` for all of it.
        seen: How many requests it matched so far.
        hits: How many of them it hit.
        random: Decides which ones, if `probability` says so.
    """

    path: str

    def __post_init__(self) -> None:
        """Begin to remember."""
        self.seen = self.hits = 0
        self.random = Random(0)

    @property
    def kind(self) -> str:
        """Its name in JSON and on the command line."""
        return str(self.__struct_config__.tag)

    def takes(self, request: Request) -> bool:
        """Tell whether it hits this request, counting it and drawing lots."""
        if not self.matches(request):
            return False
        self.seen += 1
        if self.seen <= self.after or self.hits == self.times:
            return False
        if not self.random.chance(self.probability) or self.spares():
            return False
        self.hits += 1
        return True

    def matches(self, request: Request) -> bool:
        """Tell whether it is about a request, not counting `times` and others."""
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.page is not None and self.page != _page_of(request):
            return False
        if self.parameter is not None:
            given = parameters(request).get(self.parameter)
            if given is None or self.value not in {None, given}:
                return False
        if set("*?[") & set(self.path):
            return fnmatchcase(request.path, self.path)
        return self.path in request.path

    def spares(self) -> bool:
        """Tell whether a request passes that it would hit."""
        return False

    def wait(self) -> float:
        """Return how many seconds pass before the server sees a request."""
        return 0.0

    def rewrite(self, request: Request) -> None:
        """Rewrite a request before the server sees it."""

    def afterwards(self, request: Request, store: Store) -> None:
        """Do something to the data, once the server has responded."""

    def change(self, response: Response) -> Response:
        """Return what is sent in place of the server's response."""
        return response

    def steps(self, response: Response) -> Iterator[Step] | None:
        """Return the steps in which a response is sent; `None` for the usual ones.

        Of several faults, the first one that has steps of its own decides.
        """
        return None


def parameters(request: Request) -> dict[str, str]:
    """Return the parameters of a request, those of a body as a query names them."""
    asked = _pagination(request)
    in_body = {name: str(asked[key]) for name, key in _IN_BODY.items() if key in asked}
    return request.query | in_body


def set_parameter(request: Request, name: str, value: str | int) -> None:
    """Set a parameter of a request."""
    request.query = {**request.query, name: str(value)}
    if name in _IN_BODY and (pagination := _pagination(request)):
        pagination = {**pagination, _IN_BODY[name]: value}
        request.body = encode({**request.json(), "pagination": pagination})


def _page_of(request: Request) -> int | None:
    """Return the page that a request asks for: 0 if it names none."""
    asked = parameters(request).get("page", "0")
    return int(asked) if asked.isdecimal() else None


def _pagination(request: Request) -> dict[str, Any]:
    """Return what a search of tasks has in its body; nothing in other requests."""
    try:
        return msgspec.convert(request.json()["pagination"], dict[str, Any])
    except (LookupError, RecursionError, TypeError, ValueError, msgspec.DecodeError):
        return {}
