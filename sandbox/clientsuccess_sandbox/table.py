"""The records of one kind: made when asked for, changed ones remembered."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from clientsuccess_sandbox.clock import from_iso, to_iso
from clientsuccess_sandbox.data import Company, Kind, Times
from clientsuccess_sandbox.data.makers import MAKERS
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientsuccess_sandbox.cache import RecordCache


class Table:
    """The records of one kind. Not thread-safe: the store holds the lock."""

    def __init__(self, kind: Kind, company: Company, cache: RecordCache) -> None:
        self.kind = kind
        self._company = company
        self._cache = cache
        self._schedule = company.schedule(kind.name)
        self._base = self._last = company.sizes[kind.name]
        self._changed: dict[int, Record] = {}
        self._times: dict[int, Times] = {}
        self._gone: set[int] = set()
        self._orders: dict[str, Order] = {}
        self._owned: dict[int | None, set[int]] | None = None

    def __contains__(self, number: object) -> bool:
        return (
            isinstance(number, int)
            and 0 < number <= self._last
            and number not in self._gone
        )

    def raw(self, number: int) -> msgspec.Raw:
        """Give a record as JSON text."""
        key = (self.kind.name, number)
        text = self._cache.get(key)
        if text is None:
            text = msgspec.Raw(encode(self._make(number)))
            self._cache.put(key, text)
        return text

    def record(self, number: int) -> Record:
        """Give a record; the caller may keep and change it."""
        record: Record = decode(self.raw(number))
        return record

    def times(self, number: int) -> Times:
        """Tell when a record was created and modified, shown or not."""
        known = self._times.get(number)
        if known is None:
            created = self._schedule.created(number)
            known = Times(created, self._schedule.modified(number))
        return known

    def touched(self, number: int) -> int:
        """Tell the time that `modifiedAfter` looks at.

        That is the modification where records show it, else the creation.
        """
        if not self._company.carries_modification_times(self.kind.name):
            return self.times(number).created
        return self.times(number).modified

    def order(self, field: str) -> Order:
        """Give the ids in order of a field."""
        if field not in self._orders:
            ids = (n for n in range(1, self._last + 1) if n not in self._gone)
            self._orders[field] = Order(ids, self._value(field))
        return self._orders[field]

    def owned_by(self, client: int) -> set[int]:
        """Give the ids of the records that belong to a client."""
        if self._owned is None:
            self._owned = defaultdict(set)
            for number in self.order("id").ids:
                self._owned[self._owner(number)].add(number)
        return self._owned.get(client, set())

    def insert(self, now: int, changes: Record) -> Record:
        """Add a record, made like the others apart from the given values."""
        number = self._last + 1
        created = self._time(changes, self.kind.created, now)
        modified = self._time(changes, self.kind.modified, max(now, created))
        self._last = number
        self._times[number] = Times(created, modified)
        self._changed[number] = self._make(number) | changes
        self._put(number)
        return self.record(number)

    def edit(self, number: int, now: int, changes: Record) -> Record:
        """Change values of a record, whose modification time becomes `now`."""
        record = self.record(number)
        created = self._time(changes, self.kind.created, self.times(number).created)
        modified = self._time(changes, self.kind.modified, now)
        self._take(number)
        self._times[number] = Times(created, modified)
        self._changed[number] = record | changes | self._shown_times(record, number)
        self._put(number)
        return self.record(number)

    def delete(self, number: int) -> None:
        """Remove a record; its id is not used again."""
        self._take(number)
        self._gone.add(number)

    def restore(self, number: int) -> Record:
        """Bring a deleted record back as it was, with its old times."""
        self._gone.remove(number)
        self._put(number)
        return self.record(number)

    def _make(self, number: int) -> Record:
        changed = self._changed.get(number)
        if changed is not None:
            return changed
        return MAKERS[self.kind.name](self._company, number, self.times(number))

    def _owner(self, number: int) -> int | None:
        changed = self._changed.get(number)
        if changed is not None and self.kind.owner:
            owner: int | None = changed.get(self.kind.owner)
            return owner
        return self._company.client_of(self.kind.name, number)

    def _take(self, number: int) -> None:
        for order in self._orders.values():
            order.remove(number)
        if self._owned is not None:
            self._owned[self._owner(number)].discard(number)

    def _put(self, number: int) -> None:
        self._cache.forget((self.kind.name, number))
        for order in self._orders.values():
            order.add(number)
        if self._owned is not None:
            self._owned[self._owner(number)].add(number)

    def _value(self, field: str) -> Callable[[int], Any]:
        times: dict[str, Callable[[int], Any]] = {
            "id": lambda number: number,
            self.kind.created: lambda number: self.times(number).created,
            "createdTime": lambda number: self.times(number).created,
            "modifiedTime": self.touched,
        }
        return times.get(field) or (lambda number: self._sortable(number, field))

    def _sortable(self, number: int, field: str) -> tuple[bool, Any]:
        value = self.record(number).get(field)
        return value is not None, value

    def _time(self, changes: Record, key: str, otherwise: int) -> int:
        given = changes.get(key, otherwise)
        return given if isinstance(given, int) else from_iso(given)

    def _shown_times(self, record: Record, number: int) -> Record:
        key = self.kind.modified
        if key not in record:
            return {}
        modified = self.times(number).modified
        return {key: modified if self.kind.numeric_times else to_iso(modified)}
