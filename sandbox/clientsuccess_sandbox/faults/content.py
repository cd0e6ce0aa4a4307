"""Rules that change what the server was asked or what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from clientsuccess_sandbox.answer import Answer, Visit
from clientsuccess_sandbox.data import SEARCHES
from clientsuccess_sandbox.faults.pages import turn_to
from clientsuccess_sandbox.faults.rule import Armed, Rule
from clientsuccess_sandbox.jsontext import decode, encode
from clientsuccess_sandbox.store import MOST_RANDOM_EDITS, OPERATIONS, Store

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTS = ("data", "content")


class Headers(Rule, tag="headers"):
    """Add headers to the answer.

    Attributes:
        headers: Names and values.
    """

    headers: dict[str, str]

    def change(self, answer: Answer) -> Answer:
        """Add them."""
        added = {name.lower(): value for name, value in self.headers.items()}
        return Answer(answer.status, answer.body, {**answer.headers, **added})


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
        if key is None:
            return self._instead(value)
        if self.shape == "bare":
            return value[key]
        rest = {name: item for name, item in value.items() if name != key}
        if self.shape == "missing":
            return rest
        return {key: self._instead(value[key]), **rest}

    def _instead(self, records: Any) -> Any:
        others = {"null": None, "object": {"0": records}, "string": "", "number": 7}
        return others.get(self.shape, {})


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

    def rewrite(self, visit: Visit) -> None:
        """Turn to the page."""
        turn_to(visit, self.number)


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

    def afterwards(self, visit: Visit, store: Store, armed: Armed) -> None:
        """Make the edits."""
        kind = self.of or _kind_read(visit)
        if kind is None or armed.hits % self.every:
            return
        seed = None if self.seed is None else self.seed + armed.hits
        store.random_edits(kind, self.count, seed=seed, operations=self.operations)


def _kind_read(visit: Visit) -> str | None:
    if visit.path.endswith("/task/all"):
        return "tasks"
    for resource, kind in SEARCHES.items():
        if visit.path.endswith(f"/{resource}/search"):
            return kind.name
    return None


def _list_key(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return next((key for key in _LISTS if isinstance(value.get(key), list)), None)


def _edit(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Change a JSON answer; errors and other content stay as they are."""
    if answer.status >= 400 or not answer.body:  # noqa: PLR2004 - where errors begin
        return answer
    body = encode(change(decode(answer.body)))
    return Answer(answer.status, body, answer.headers)
