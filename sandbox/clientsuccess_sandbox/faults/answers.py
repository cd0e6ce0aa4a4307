"""Faults of what the server is asked and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec

from clientsuccess_sandbox.data import SEARCHES
from clientsuccess_sandbox.faults.rule import ActiveFault, Rule, turn_to
from clientsuccess_sandbox.jsontext import decode, encode
from clientsuccess_sandbox.messages import JSON, Answer, Request, phrase_of
from clientsuccess_sandbox.store import MOST_RANDOM_EDITS, OPERATIONS, Store

_MAINTENANCE = """<!DOCTYPE html>
<html><head><title>System Maintenance</title></head>
<body><h1>System Maintenance</h1><p>We will be back shortly.</p></body></html>
"""
_ERRORS_FROM = 400
_INSTEAD: Final[dict[str, Any]] = {"null": None, "object": {}, "string": ""}
_INSTEAD["number"] = 7


class Body(Rule, tag="body"):
    """Answer with something else: a JSON value, or bytes or a string as they are."""

    body: Any
    status: int = 200
    content_type: str = JSON

    def replace(self, active: ActiveFault) -> Answer | None:
        return _answer(self.status, self.body, self.content_type)


class Status(Rule, tag="status"):
    """Answer with a status.

    Attributes:
        status: Any status code.
        headers: Headers to add.
        body: JSON value, or a string that is sent as it is.
        retry_after: Value of a `Retry-After` header: seconds or an HTTP date.
    """

    status: int
    headers: dict[str, str] = {}
    body: Any = None
    retry_after: int | str | None = None

    def replace(self, active: ActiveFault) -> Answer | None:
        body = {"userMessage": phrase_of(self.status)}
        answer = _answer(self.status, body if self.body is None else self.body)
        return _with_headers(answer, self.headers, self.retry_after)


class RateLimit(Rule, tag="rate_limit"):
    """Answer 429 to what comes faster than so many requests a second.

    Attributes:
        per_second: Requests that may pass within any second.
        retry_after: Value of the `Retry-After` header; `None` leaves it out.
        headers: Further headers, such as `X-RateLimit-Limit`.
    """

    per_second: int
    retry_after: int | str | None = 1
    headers: dict[str, str] = {}

    def replace(self, active: ActiveFault) -> Answer | None:
        if active.may_pass(self.per_second):
            return None
        return _with_headers(Answer.of_error(429), self.headers, self.retry_after)


class Html(Rule, tag="html"):
    """Answer with the page that the API shows under maintenance."""

    status: int = 200
    body: str = _MAINTENANCE

    def replace(self, active: ActiveFault) -> Answer | None:
        return _answer(self.status, self.body, "text/html; charset=utf-8")


class Empty(Rule, tag="empty"):
    """Answer with an empty body."""

    status: int = 200

    def replace(self, active: ActiveFault) -> Answer | None:
        return _answer(self.status, b"")


class Redirect(Rule, tag="redirect"):
    """Send the client elsewhere; an absolute URL leads to another host."""

    location: str
    status: int = 302

    def replace(self, active: ActiveFault) -> Answer | None:
        return Answer(self.status, headers={"location": self.location})


class Headers(Rule, tag="headers"):
    """Add headers to the answer."""

    headers: dict[str, str]

    def change(self, answer: Answer) -> Answer:
        return _with_headers(answer, self.headers)


class Shape(Rule, tag="shape"):
    """Give the list of records another shape.

    Attributes:
        shape: `missing` drops it, `null`, `object`, `string` and `number` put
            such a value in its place, `bare` answers the list alone, `wrapped`
            puts the whole answer into a list.
    """

    shape: Literal[
        "missing", "null", "object", "string", "number", "bare", "wrapped"
    ] = "missing"

    def change(self, answer: Answer) -> Answer:
        return _edit(answer, self._reshape)

    def _reshape(self, value: Any) -> Any:
        key = _list_key(value)
        if self.shape == "wrapped":
            return [value]
        if key is None:
            return _INSTEAD.get(self.shape, {})
        if self.shape == "bare":
            return value[key]
        rest = {name: item for name, item in value.items() if name != key}
        return rest if self.shape == "missing" else {key: _INSTEAD[self.shape], **rest}


class WrongTotal(Rule, tag="wrong_total"):
    """Report totals that are off: by so many `elements`, by so many `pages`."""

    elements: int = 0
    pages: int = 0

    def change(self, answer: Answer) -> Answer:
        return _edit(answer, self._falsify)

    def _falsify(self, value: Any) -> Any:
        if isinstance(value, dict) and "totalElements" in value:
            value["totalElements"] += self.elements
            value["totalPages"] += self.pages
        return value


class RepeatPage(Rule, tag="repeat_page"):
    """Answer the same page whichever is asked for."""

    number: int = 0

    def rewrite(self, request: Request) -> None:
        turn_to(request, self.number)


class Mutate(Rule, tag="mutate"):
    """Change records on their way out; the stored ones stay as they are.

    Attributes:
        record: Id of the record; `None` for all records of the answer.
        values: Values to set.
        remove: Keys to drop.
        instead: What to send in the record's place.
    """

    record: int | None = None
    values: dict[str, Any] = {}
    remove: list[str] = []
    instead: Any = msgspec.UNSET

    def change(self, answer: Answer) -> Answer:
        return _edit(answer, self._mutate_all)

    def _mutate_all(self, value: Any) -> Any:
        key = _list_key(value)
        if key is not None:
            return {**value, key: self._mutate_all(value[key])}
        if isinstance(value, list):
            return [self._mutate(record) for record in value]
        return self._mutate(value)

    def _mutate(self, record: Any) -> Any:
        if not isinstance(record, dict) or record.get("id") != (
            record.get("id") if self.record is None else self.record
        ):
            return record
        if self.instead is not msgspec.UNSET:
            return self.instead
        changed = {**record, **self.values}
        return {key: item for key, item in changed.items() if key not in self.remove}


class Edits(Rule, tag="edits"):
    """Change data while somebody reads it: random edits after the answer is made.

    Attributes:
        count: Edits each time.
        every: Make them at every n-th struck request.
        of: Kind of the records; by default the one that was read.
        operations: What to choose from.
        seed: The same seed makes the same edits; `None` uses the sandbox's.
    """

    count: Annotated[int, msgspec.Meta(ge=0, le=MOST_RANDOM_EDITS)] = 1
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    of: str | None = None
    operations: tuple[str, ...] = OPERATIONS
    seed: int | None = None

    def afterwards(self, request: Request, store: Store, active: ActiveFault) -> None:
        kind = self.of or _kind_read(request)
        if kind is not None and active.hits % self.every == 0:
            seed = None if self.seed is None else self.seed + active.hits
            store.random_edits(kind, self.count, seed=seed, operations=self.operations)


KINDS: Final = (
    *(Body, Edits, Empty, Headers, Html, Mutate, RateLimit, Redirect, RepeatPage),
    *(Shape, Status, WrongTotal),
)


def _answer(status: int, body: Any, content_type: str = JSON) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    raw = raw if isinstance(raw, bytes) else encode(raw)
    return Answer(status, raw, {"content-type": content_type})


def _with_headers(
    answer: Answer, headers: dict[str, str], retry_after: int | str | None = None
) -> Answer:
    added = {name.lower(): value for name, value in headers.items()}
    if retry_after is not None:
        added["retry-after"] = str(retry_after)
    return Answer(answer.status, answer.body, {**answer.headers, **added})


def _kind_read(request: Request) -> str | None:
    *_, resource, last = request.path.split("/")
    if (resource, last) == ("task", "all"):
        return "tasks"
    return (
        SEARCHES[resource].name if last == "search" and resource in SEARCHES else None
    )


def _list_key(value: Any) -> str | None:
    lists = ("data", "content") if isinstance(value, dict) else ()
    return next((key for key in lists if isinstance(value.get(key), list)), None)


def _edit(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Change a JSON answer; errors and other content stay as they are."""
    if answer.status >= _ERRORS_FROM or not answer.body:
        return answer
    body = encode(change(decode(answer.body)))
    return Answer(answer.status, body, answer.headers)
