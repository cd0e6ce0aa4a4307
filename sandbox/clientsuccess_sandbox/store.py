"""The sandbox's data: read and changed from any thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from clientsuccess_sandbox.cache import RecordCache
from clientsuccess_sandbox.clock import Clock
from clientsuccess_sandbox.data import KINDS, Company, custom_fields
from clientsuccess_sandbox.data.clients import detail
from clientsuccess_sandbox.data.dice import Dice, digest
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.paging import Page, Search, select
from clientsuccess_sandbox.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec

    from clientsuccess_sandbox.settings import CompanySettings


class Change(NamedTuple):
    """An edit that was made: `op` is `insert`, `edit` or `delete`."""

    kind: str
    op: str
    id: int


OPERATIONS = ("insert", "edit", "delete")
MOST_RANDOM_EDITS = 1000
"""In one request: more would keep everybody else waiting."""


class Store:
    """All records and custom field definitions of the made-up company.

    Kinds are named like the tap's streams: `clients`, `client_notes` and so on.
    """

    def __init__(self, settings: CompanySettings, clock: Clock | None = None) -> None:
        self._lock = threading.RLock()
        self._clock = clock or Clock()
        self._company = Company(settings)
        cache = RecordCache()
        self._tables = {
            name: Table(kind, self._company, cache) for name, kind in KINDS.items()
        }
        self._added: dict[str, list[Record]] = {}
        self._latest = 0
        self._ties = Dice(digest(settings.seed, "ties"))
        self._edits = Dice(digest(settings.seed, "edits"))

    def count(self, kind: str) -> int:
        """Tell how many records of a kind there are now."""
        with self._lock:
            return len(self._table(kind).order("id").ids)

    def ids(self, kind: str) -> list[int]:
        """List the ids of a kind, rising."""
        with self._lock:
            return list(self._table(kind).order("id").ids)

    def records(self, kind: str) -> list[Record]:
        """List all records of a kind as the search gives them, by id.

        Numbers with a fraction are `Decimal`.
        """
        with self._lock:
            table = self._table(kind)
            return [table.record(number) for number in table.order("id").ids]

    def raws(self, kind: str) -> list[msgspec.Raw]:
        """List all records of a kind as JSON text, by id."""
        with self._lock:
            table = self._table(kind)
            return [table.raw(number) for number in table.order("id").ids]

    def get(self, kind: str, number: int) -> Record | None:
        """Give one record by its id."""
        with self._lock:
            table = self._table(kind)
            return table.record(number) if number in table else None

    def get_by_uuid(self, kind: str, uuid: str) -> Record | None:
        """Give one record by its uuid, clients with what only a detail shows."""
        number = self._company.number_of(kind, uuid)
        record = self.get(kind, number) if number else None
        if record is None or record.get("uuid") != uuid:
            return None
        return detail(self._company, record) if kind == "clients" else record

    def search(self, kind: str, search: Search) -> Page:
        """Give one page, as the data stands this moment."""
        with self._lock:
            return select(self._table(kind), search, self._ties)

    def insert(self, kind: str, **changes: Any) -> Record:
        """Add a record, made up apart from the given values; give it back."""
        with self._lock:
            return self._table(kind).insert(self._moment(), _plain(changes))

    def edit(self, kind: str, number: int, **changes: Any) -> Record:
        """Change values of a record and its modification time; give it back.

        Raises:
            KeyError: There is no such record.
        """
        with self._lock:
            table = self._existing(kind, number)
            return table.edit(number, self._moment(), _plain(changes))

    def delete(self, kind: str, number: int) -> None:
        """Remove a record. What refers to it stays.

        Raises:
            KeyError: There is no such record.
        """
        with self._lock:
            self._existing(kind, number).delete(number)

    def restore(self, kind: str, number: int) -> Record:
        """Bring a deleted record back as it was, with its old times; give it back.

        Raises:
            KeyError: No such record was deleted.
        """
        with self._lock:
            return self._table(kind).restore(number)

    def random_edits(
        self,
        kind: str,
        count: int = 1,
        *,
        seed: int | None = None,
        operations: tuple[str, ...] = OPERATIONS,
    ) -> list[Change]:
        """Make random inserts, edits and deletes.

        Args:
            kind: Kind of the records.
            count: How many edits.
            seed: The same seed makes the same edits of the same data; without one
                each call goes on where the last one stopped.
            operations: What to choose from; a name given twice is twice as likely.
        """
        dice = self._edits if seed is None else Dice(digest(seed, kind))
        with self._lock:
            return [self._random_edit(kind, dice, operations) for _ in range(count)]

    def definitions(self, resource: str) -> list[Record]:
        """List a resource type's custom field definitions."""
        with self._lock:
            known = custom_fields.definitions(resource)
            return known + self._added.get(resource, [])

    def add_custom_field(self, resource: str, definition: Mapping[str, Any]) -> None:
        """Define one more custom field; random edits from now on fill it."""
        if resource not in custom_fields.RESOURCES:
            raise ValueError(f"{resource} is no resource type.")
        if "fieldKey" not in definition:
            raise ValueError("A custom field definition needs a fieldKey.")
        with self._lock:
            self._added.setdefault(resource, []).append(_plain(definition))

    def _random_edit(
        self, kind: str, dice: Dice, operations: tuple[str, ...]
    ) -> Change:
        ids = self._table(kind).order("id").ids
        op = dice.pick(operations)
        if op == "insert" or not ids:
            record = self.insert(kind, **self._added_values(kind, {}, dice))
            return Change(kind, "insert", record["id"])
        number = dice.pick(ids)
        if op == "delete":
            self.delete(kind, number)
        else:
            self.edit(kind, number, **self._random_changes(kind, number, dice))
        return Change(kind, op, number)

    def _random_changes(self, kind: str, number: int, dice: Dice) -> Record:
        record = self._table(kind).record(number)
        text = f"{dice.text(1)} ({dice.below(10**6)})"
        return {
            self._table(kind).kind.text: text,
            **self._added_values(kind, record, dice),
        }

    def _added_values(self, kind: str, record: Record, dice: Dice) -> Record:
        """Values of the custom fields that were defined while running."""
        added = self._added.get(self._table(kind).kind.custom or "", [])
        if not added:
            return {}
        new = {item["fieldKey"]: custom_fields.value_for(item, dice) for item in added}
        return {"custom": {**(record.get("custom") or {}), **new}}

    def _moment(self) -> int:
        """The time of an edit: never before that of an earlier one."""
        self._latest = max(self._latest, self._clock.now_ms())
        return self._latest

    def _table(self, kind: str) -> Table:
        try:
            return self._tables[kind]
        except KeyError:
            known = ", ".join(self._tables)
            raise ValueError(f"There is no kind {kind!r}, only {known}.") from None

    def _existing(self, kind: str, number: int) -> Table:
        table = self._table(kind)
        if number not in table:
            raise KeyError(f"{kind} {number}")
        return table


def _plain(changes: Mapping[str, Any]) -> Record:
    """Copy values in the form in which they come back from JSON."""
    copy: Record = decode(encode(changes))
    return copy
