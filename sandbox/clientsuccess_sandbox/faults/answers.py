"""Faults of what the server is asked and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from clientsuccess_sandbox.data import SEARCHES
from clientsuccess_sandbox.faults.rule import ActiveFault, Rule, turn_to
from clientsuccess_sandbox.jsontext import decode, encode
from clientsuccess_sandbox.messages import JSON, Answer, Request, phrase_of
from clientsuccess_sandbox.store import MOST_RANDOM_EDITS, OPERATIONS, Store

if TYPE_CHECKING:
    from collections.abc import Callable

_MAINTENANCE = """<!DOCTYPE html>
<html><head><title>System Maintenance</title></head>
<body><h1>System Maintenance</h1><p>We will be back shortly.</p></body></html>
"""
_ERRORS_FROM = 400


class Body(Rule, tag="body"):
    """Answer with something else altogether.

    Attributes:
        body: JSON value, or bytes or a string that are sent as they are.
        status: Status that goes with it.
        content_type: What it claims to be.
    """

    body: Any
    status: int = 200
    content_type: str = JSON

    def replace(self, active: ActiveFault) -> Answer | None:
        """Answer with the body."""
        raw = self.body.encode() if isinstance(self.body, str) else self.body
        if not isinstance(raw, bytes):
            raw = encode(raw)
        return Answer(self.status, raw, {"content-type": self.content_type})


class Status(Rule, tag="status"):
    """Answer with a status.

    Attributes:
        status: Any status code.
        headers: Headers to add.
        body: JSON value, or a string that is sent as it is.
        retry_after: Value of a `Retry-After` header: seconds or an HTTP date.
    """

    status: int
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = None
    retry_after: int | str | None = None

    def replace(self, active: ActiveFault) -> Answer | None:
        """Answer with the status."""
        body = {"userMessage": phrase_of(self.status)}
        rule = Body(self.path, body if self.body is None else self.body, self.status)
        answer = rule.replace(active)
        return answer and _with_headers(answer, self.headers, self.retry_after)


class RateLimit(Rule, tag="rate_limit"):
    """Answer 429 to what comes faster than so many requests a second.

    Attributes:
        per_second: Requests that may pass within any second.
        retry_after: Value of the `Retry-After` header; `None` leaves it out.
        headers: Further headers, such as `X-RateLimit-Limit`.
    """

    per_second: int
    retry_after: int | str | None = 1
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def replace(self, active: ActiveFault) -> Answer | None:
        """Let the request pass or refuse it."""
        if active.may_pass(self.per_second):
            return None
        return _with_headers(Answer.of_error(429), self.headers, self.retry_after)


class Html(Rule, tag="html"):
    """Answer with the page that the API shows under maintenance."""

    status: int = 200
    body: str = _MAINTENANCE

    def replace(self, active: ActiveFault) -> Answer | None:
        """Answer with the page."""
        content_type = {"content-type": "text/html; charset=utf-8"}
        return Answer(self.status, self.body.encode(), content_type)


class Empty(Rule, tag="empty"):
    """Answer with an empty body."""

    status: int = 200

    def replace(self, active: ActiveFault) -> Answer | None:
        """Answer with nothing."""
        return Answer(self.status, headers={"content-type": JSON})


class Redirect(Rule, tag="redirect"):
    """Send the client elsewhere.

    Attributes:
        location: Where to; an absolute URL leads to another host.
        status: One of the redirecting statuses.
    """

    location: str
    status: int = 302

    def replace(self, active: ActiveFault) -> Answer | None:
        """Answer with the new location."""
        return Answer(self.status, headers={"location": self.location})


class Headers(Rule, tag="headers"):
    """Add headers to the answer."""

    headers: dict[str, str]

    def change(self, answer: Answer) -> Answer:
        """Add them."""
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
        """Give it the shape."""
        return _edit(answer, self._reshape)

    def _reshape(self, value: Any) -> Any:
        if self.shape == "wrapped":
            return [value]
        key = _list_key(value)
        records = value[key] if key else value
        instead = {"null": None, "object": {"0": records}, "string": "", "number": 7}
        if key is None:
            return instead.get(self.shape, {})
        if self.shape == "bare":
            return records
        rest = {name: item for name, item in value.items() if name != key}
        return rest if self.shape == "missing" else {key: instead[self.shape], **rest}


class WrongTotal(Rule, tag="wrong_total"):
    """Report totals that are off.

    Attributes:
        elements: Added to `totalElements`.
        pages: Added to `totalPages`.
    """

    elements: int = 0
    pages: int = 0

    def change(self, answer: Answer) -> Answer:
        """Falsify the totals."""
        return _edit(answer, self._falsify)

    def _falsify(self, value: Any) -> Any:
        if isinstance(value, dict) and "totalElements" in value:
            value["totalElements"] += self.elements
            value["totalPages"] += self.pages
        return value


class RepeatPage(Rule, tag="repeat_page"):
    """Answer the same page whichever is asked for.

    Attributes:
        number: The page.
    """

    number: int = 0

    def rewrite(self, request: Request) -> None:
        """Turn to the page."""
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
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    remove: list[str] = msgspec.field(default_factory=list)
    instead: Any = msgspec.UNSET

    def change(self, answer: Answer) -> Answer:
        """Change the records."""
        return _edit(answer, self._mutate_all)

    def _mutate_all(self, value: Any) -> Any:
        key = _list_key(value)
        if key is not None:
            return {**value, key: [self._mutate(record) for record in value[key]]}
        if isinstance(value, list):
            return [self._mutate(record) for record in value]
        return self._mutate(value)

    def _mutate(self, record: Any) -> Any:
        if not isinstance(record, dict):
            return record
        if self.record is not None and record.get("id") != self.record:
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
        """Make the edits."""
        kind = self.of or _kind_read(request)
        if kind is None or active.hits % self.every:
            return
        seed = None if self.seed is None else self.seed + active.hits
        store.random_edits(kind, self.count, seed=seed, operations=self.operations)


KINDS: Final = (
    *(Body, Edits, Empty, Headers, Html, Mutate, RateLimit, Redirect, RepeatPage),
    *(Shape, Status, WrongTotal),
)


def _with_headers(
    answer: Answer, headers: dict[str, str], retry_after: int | str | None = None
) -> Answer:
    added = {name.lower(): value for name, value in headers.items()}
    if retry_after is not None:
        added["retry-after"] = str(retry_after)
    return Answer(answer.status, answer.body, {**answer.headers, **added})


def _kind_read(request: Request) -> str | None:
    if request.path.endswith("/task/all"):
        return "tasks"
    resource, _, search = request.path.rpartition("/")
    kind = SEARCHES.get(resource.rpartition("/")[2]) if search == "search" else None
    return kind and kind.name


def _list_key(value: Any) -> str | None:
    lists = ("data", "content") if isinstance(value, dict) else ()
    return next((key for key in lists if isinstance(value.get(key), list)), None)


def _edit(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Change a JSON answer; errors and other content stay as they are."""
    if answer.status >= _ERRORS_FROM or not answer.body:
        return answer
    body = encode(change(decode(answer.body)))
    return Answer(answer.status, body, answer.headers)
