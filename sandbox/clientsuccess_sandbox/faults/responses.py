"""Faults in what the server is asked and what it responds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import msgspec

from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.faults.fault import Fault, set_parameter
from clientsuccess_sandbox.jsontext import decode, encode
from clientsuccess_sandbox.messages import JSON, Request, Response
from clientsuccess_sandbox.store import MAX_RANDOM_EDITS, OPERATIONS, Store

_MAINTENANCE = """<!DOCTYPE html>
<html><head><title>System Maintenance</title></head>
<body><h1>System Maintenance</h1><p>We will be back shortly.</p></body></html>
"""
_INSTEAD: Final[dict[str, Any]] = {
    "null": None,
    "object": {},
    "string": "",
    "number": 7,
}


class Answer(Fault, kw_only=True):
    """Respond with something else than the server does.

    Attributes:
        status: Any status code.
        body: A JSON value, or text or bytes that are sent as they are; without one, the
            error is sent as the API sends it.
        content_type: Type of the body.
        headers: Headers to add.
        retry_after: Value of a `Retry-After` header: seconds or an HTTP date.
        instead_of: Respond so only where the server responds with this status.
    """

    status: int = 200
    body: Any = msgspec.UNSET
    content_type: str = JSON
    headers: dict[str, str] = {}
    retry_after: int | str | None = None
    instead_of: int | None = None

    def change(self, response: Response) -> Response:
        if self.instead_of not in {None, response.status}:
            return response
        body = self.body.encode() if isinstance(self.body, str) else self.body
        if body is msgspec.UNSET:
            response = Response.of_error(self.status)
        else:
            body = body if isinstance(body, bytes) else encode(body)
            response = Response(self.status, body, {"content-type": self.content_type})
        response = _with_headers(response, self.headers)
        if self.retry_after is not None:
            response.headers["retry-after"] = str(self.retry_after)
        return response


class Status(Answer, tag="status"):
    """Respond with a status."""

    status: int


class Body(Answer, tag="body"):
    """Respond with another body."""

    body: Any


class Html(Answer, tag="html"):
    """Respond with the API's maintenance page."""

    body: Any = _MAINTENANCE
    content_type: str = "text/html; charset=utf-8"


class Empty(Answer, tag="empty"):
    """Respond with an empty body."""

    body: Any = b""


class RateLimit(Answer, tag="rate_limit", kw_only=True):
    """Respond with 429 to more than this many requests a second.

    Attributes:
        per_second: Requests that may pass within any second.
        retry_after: Value of the `Retry-After` header; `None` for no header.
    """

    per_second: int
    status: int = 429
    retry_after: int | str | None = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.passed: deque[float] = deque()

    def spares(self) -> bool:
        now = time.monotonic()
        while self.passed and self.passed[0] <= now - 1:
            self.passed.popleft()
        if len(self.passed) >= self.per_second:
            return False
        self.passed.append(now)
        return True


class Redirect(Fault, tag="redirect"):
    """Redirect; an absolute URL leads to another host."""

    location: str
    status: int = 302

    def change(self, response: Response) -> Response:
        return Response(self.status, headers={"location": self.location})


class Headers(Fault, tag="headers"):
    """Add headers to the response."""

    headers: dict[str, str]

    def change(self, response: Response) -> Response:
        return _with_headers(response, self.headers)


class Shape(Fault, tag="shape"):
    """Change the shape of the list of records.

    Attributes:
        shape: `missing` drops it; `null`, `object`, `string` and `number` put such a
            value in its place; `bare` responds with the list alone, `wrapped` with the
            whole body in a list.
    """

    shape: Literal[
        "missing", "null", "object", "string", "number", "bare", "wrapped"
    ] = "missing"

    def change(self, response: Response) -> Response:
        return edited(response, self._reshape)

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


class WrongTotal(Fault, tag="wrong_total"):
    """Add this many `elements` and `pages` to the totals; count at most `most`."""

    elements: int = 0
    pages: int = 0
    most: int | None = None

    def change(self, response: Response) -> Response:
        return edited(response, self._falsify)

    def _falsify(self, value: Any) -> Any:
        if isinstance(value, dict) and "totalElements" in value:
            value["totalElements"] += self.elements
            value["totalPages"] += self.pages
            if self.most is not None:
                value["totalElements"] = min(self.most, value["totalElements"])
        return value


class Parameters(Fault, tag="parameters"):
    """Change what is asked: these parameters, of the query or of a search of tasks."""

    parameters: dict[str, str | int]

    def rewrite(self, request: Request) -> None:
        for name, value in self.parameters.items():
            set_parameter(request, name, value)


class RepeatPage(Fault, tag="repeat_page"):
    """Respond with the same page, whichever is requested."""

    number: int = 0

    def rewrite(self, request: Request) -> None:
        set_parameter(request, "page", self.number)


class Mutate(Fault, tag="mutate"):
    """Change records in the response; the stored ones stay as they are.

    Attributes:
        record: Id of the record; `None` for all records of the response.
        values: Values to set.
        remove: Keys to drop.
        instead: What to send in place of the record.
    """

    record: int | None = None
    values: dict[str, Any] = {}
    remove: list[str] = []
    instead: Any = msgspec.UNSET

    def change(self, response: Response) -> Response:
        return edited(response, self._mutate)

    def _mutate(self, value: Any) -> Any:
        if key := _list_key(value):
            return {**value, key: self._mutate(value[key])}
        if isinstance(value, list):
            return [self._mutate(record) for record in value]
        if not isinstance(value, dict) or self.record not in {None, value.get("id")}:
            return value
        if self.instead is not msgspec.UNSET:
            return self.instead
        changed = {**value, **self.values}
        return {key: item for key, item in changed.items() if key not in self.remove}


class Edits(Fault, tag="edits"):
    """Change data while it is read: random edits after each response.

    Attributes:
        count: Number of edits.
        every: Edit after every n-th request that it hits.
        of: Kind of the records; by default the one that was read.
        operations: The operations to choose from.
        seed: The same seed makes the same edits; `None` uses the sandbox's.
    """

    count: Annotated[int, msgspec.Meta(ge=0, le=MAX_RANDOM_EDITS)] = 1
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    of: str | None = None
    operations: tuple[Literal["insert", "edit", "delete"], ...] = OPERATIONS
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.of not in {None, *KINDS}:
            raise ValueError(f"There is no kind {self.of!r}.")

    def afterwards(self, request: Request, store: Store) -> None:
        read = (k.name for k in KINDS.values() if request.path.endswith(k.path))
        kind = self.of or next(read, None)
        if kind is not None and self.hits % self.every == 0:
            seed = None if self.seed is None else self.seed + self.hits
            operations = self.operations
            store.random_edits(kind, self.count, seed=seed, operations=operations)


def _with_headers(response: Response, headers: dict[str, str]) -> Response:
    response.headers |= {name.lower(): value for name, value in headers.items()}
    return response


def _list_key(value: Any) -> str | None:
    lists = ("data", "content") if isinstance(value, dict) else ()
    return next((key for key in lists if isinstance(value.get(key), list)), None)


def edited(response: Response, edit: Callable[[Any], Any]) -> Response:
    """Edit a JSON response; errors and other content stay as they are."""
    if response.status >= 400 or not response.body:  # noqa: PLR2004
        return response
    return replace(response, body=encode(edit(decode(response.body))))
