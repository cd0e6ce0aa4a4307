"""The company's records, to read and edit, from any thread.

The records of a kind are made when it is first read: a test that reads one kind does
not wait for the others. They are rows of one table: `table.py` says how it keeps them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

from clientsuccess_sandbox.clock import Clock, from_iso, to_iso
from clientsuccess_sandbox.data import KINDS, Kind, custom_fields, custom_kind, sizes
from clientsuccess_sandbox.data.choices import Choices
from clientsuccess_sandbox.data.company import DAY, Company, Times
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.settings import Settings
from clientsuccess_sandbox.table import Page, Search, Table, Version

OPERATIONS: Final = ("insert", "edit", "delete")
MAX_RANDOM_EDITS: Final = 1000
"""Per request: more would block all others."""


class Change(NamedTuple):
    """An edit that was made: `op` is `insert`, `edit` or `delete`."""

    kind: str
    op: str
    id: int


class Store:
    """All records and custom field definitions of the simulated company.

    Kinds are named like the tap's streams: `clients`, `client_notes` and so on.

    Attributes:
        kinds: All kinds by name, also those of `custom_searches`; `modified` is empty
            where the settings say so.

    Raises:
        ValueError: The settings do not go together.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.lock = threading.RLock()
        custom, shown = settings.custom_searches, settings.modification_times
        kinds = {name: custom_kind(name) for name in custom} | KINDS
        self.kinds = {
            name: kind
            if shown.get(name, kind.shows_modification is not False)
            else kind._replace(modified="")
            for name, kind in kinds.items()
        }
        counts = {**custom, **sizes(settings)}
        self.company = Company(counts, settings.seed, settings.now, settings.ties)
        self._settings = settings
        self._clock = clock
        self._tables: dict[str, Table] = {}
        self._choices = {name: Choices(self.company, name) for name in kinds}
        self._random = Random(self.company.topic("edits"))
        self._added: dict[str, list[Record]] = {}
        self._nights: dict[str, int] = {}
        self._latest = 0

    # Reading

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are now."""
        return self.search(kind, Search(size=0)).total

    def ids(self, kind: str) -> list[int]:
        """Return the ids of a kind, rising."""
        with self._reading(kind) as table:
            return table.column("id")

    def raws(self, kind: str) -> list[bytes]:
        """Return all records of a kind as JSON text, by id."""
        with self._reading(kind) as table:
            return table.column("body")

    def records(self, kind: str) -> list[Record]:
        """Return all records of a kind, by id; fractions are `Decimal`."""
        return [decode(raw) for raw in self.raws(kind)]

    def get(
        self, kind: str, value: int | str, as_of: int | None = None, by: str = "id"
    ) -> Record | None:
        """Return one record by its id or its uuid, as it is or was."""
        with self._reading(kind) as table:
            found = table.one(by, value, as_of)
        return None if found is None else decode(found[1])

    def search(self, kind: str, search: Search) -> Page:
        """Return a page of the current data."""
        with self._reading(kind) as table:
            return table.search(search)

    def definitions(self, resource: str) -> list[Record]:
        """Return a resource type's custom field definitions."""
        return custom_fields.definitions(resource) + self._added.get(resource, [])

    # Editing

    def insert(self, kind: str, **changes: Any) -> Record:
        """Add a generated record with the given values; return it."""
        with self._reading(kind) as table:
            known, now, number = self.kinds[kind], self._now(), table.most() + 1
            times = _times(known, changes, Times(now, now))
            record = self._record(known, number, times) | _plain(changes)
            table.add(_version(known, number, times, record, now))
            return record

    def edit(self, kind: str, number: int, **changes: Any) -> Record:
        """Change values of a record and its modification time; return it.

        Raises:
            KeyError: There is no such record.
        """
        with self._reading(kind) as table:
            if (found := table.one("id", number)) is None:
                raise KeyError(f"There is no record {number}.")
            known, now = self.kinds[kind], self._now()
            times = _times(known, changes, Times(found[0], now))
            record: Record = decode(found[1]) | _plain(changes)
            if known.modified in record:
                time = times.modified
                record[known.modified] = time if known.numeric_times else to_iso(time)
            table.add(_version(known, number, times, record, now))
            return record

    def delete(self, kind: str, number: int) -> None:
        """Delete a record; of a client, also what belongs to it if `delete_owned`.

        Otherwise, references to it stay.

        Raises:
            KeyError: There is no such record.
        """
        with self._reading(kind) as table:
            if not table.end("id", number, self._now()):
                raise KeyError(f"There is no record {number}.")
        if kind == "clients" and self._settings.delete_owned:
            for owned in [name for name, known in self.kinds.items() if known.owner]:
                with self._reading(owned) as table:
                    table.end("owner", number, self._now())

    def restore(self, kind: str, number: int) -> Record:
        """Restore a deleted record with its old times; return it.

        Raises:
            KeyError: No such record was deleted.
        """
        with self._reading(kind) as table:
            if self.get(kind, number) or not table.revive(number, self._now()):
                raise KeyError(f"{kind} {number} was not deleted")
            return self.get(kind, number) or {}

    def random_edits(
        self,
        kind: str,
        count: int = 1,
        *,
        seed: int | None = None,
        operations: Sequence[str] = OPERATIONS,
    ) -> list[Change]:
        """Make random inserts, edits and deletes.

        Args:
            kind: Kind of the records.
            count: How many edits.
            seed: The same seed makes the same edits of the same data; without one
                each call continues where the last one stopped.
            operations: To choose from; one given twice is twice as likely.
        """
        random = self._random if seed is None else Random(f"{seed}/{kind}")
        with self._reading(kind) as table:
            return [
                self._random_edit(kind, table, random, random.pick(operations))
                for _ in range(count)
            ]

    def add_custom_field(self, resource: str, definition: Mapping[str, Any]) -> None:
        """Define another custom field; random edits fill it from now on."""
        if resource not in custom_fields.RESOURCES:
            raise ValueError(f"{resource} is no resource type.")
        if "fieldKey" not in definition:
            raise ValueError("A custom field definition needs a fieldKey.")
        self._added.setdefault(resource, []).append(_plain(definition))

    def _random_edit(self, kind: str, table: Table, random: Random, op: str) -> Change:
        most = 0 if op == "insert" else table.most()
        number = table.nearest(random.count(most)) if most else None
        if number is None:
            values = self._added_values(kind, {}, random)
            return Change(kind, "insert", self.insert(kind, **values)["id"])
        if op == "delete":
            self.delete(kind, number)
        else:
            text = f"{random.text(1)} ({random.below(10**6)})"
            values = self._added_values(kind, self.get(kind, number) or {}, random)
            self.edit(kind, number, **{self.kinds[kind].text: text, **values})
        return Change(kind, op, number)

    def _added_values(self, kind: str, record: Record, random: Random) -> Record:
        """Return values for the custom fields that were added later."""
        custom = record.get("custom") or {}
        for field in self._added.get(self.kinds[kind].custom, ()):
            custom = custom | {
                field["fieldKey"]: custom_fields.value_for(field, random)
            }
        return {"custom": custom} if custom else {}

    def _now(self) -> int:
        """Return the time of a change: never before an earlier one."""
        self._latest = max(self._latest, self._clock.now_ms())
        return self._latest

    @contextmanager
    def _reading(self, name: str) -> Iterator[Table]:
        """Lock the records of a kind; make them, or let a night pass, if it is time.

        Raises:
            ValueError: There is no such kind.
        """
        kind = self.kinds.get(name)
        if kind is None:
            known = ", ".join(self.kinds)
            raise ValueError(f"There is no kind {name!r}, only {known}.")
        with self.lock:
            if name not in self._tables:
                self._tables[name] = self._made(kind)
            table, now = self._tables[name], self._clock.now_ms()
            is_another_day = self._nights.get(name) != now // DAY
            if kind.nightly and self._settings.nightly_drift and is_another_day:
                self._nights[name] = now // DAY
                table.rewrite(partial(kind.nightly, to_iso(now)))
            yield table

    def _made(self, kind: Kind) -> Table:
        all_times = self.company.times(kind.name)
        if kind.name in self._settings.imported:
            all_times = (Times(self.company.end, self.company.end) for _ in all_times)
        return Table(
            _version(kind, number, times, self._record(kind, number, times), 0)
            for number, times in enumerate(all_times, start=1)
        )

    def _record(self, kind: Kind, number: int, times: Times) -> Record:
        choices = self._choices[kind.name]
        owner = self.company.owner(kind.name, number) if kind.owner else None
        choices.turn_to(number, times, owner)
        record = kind.make(choices)
        if kind.always is not None:
            choices.leave_gaps(record, kind.always)
        undated = number <= self._settings.undated.get(kind.name, 0)
        if undated or not kind.modified:
            record.pop("modifiedTime", None)
        if undated:
            # Where the creation stands in for the modification, it is missing as well.
            record.pop(kind.created, None)
        return record


def _version(
    kind: Kind, number: int, times: Times, record: Record, since: int
) -> Version:
    shown = kind.modified or kind.created
    modified = times.modified if kind.modified else times.created
    return Version(
        id=number,
        uuid=record.get("uuid"),
        owner=record.get(kind.owner),
        created=times.created,
        # A record that does not show its time has none to filter by.
        modified=None if shown and shown not in record else modified,
        since=since,
        body=encode(record),
    )


def _times(kind: Kind, changes: Mapping[str, Any], times: Times) -> Times:
    """Return a record's new times: those given, or these."""
    pairs = zip((kind.created, kind.modified), times, strict=True)
    given = [changes.get(key, time) for key, time in pairs]
    return Times(*(t if isinstance(t, int) else from_iso(t) for t in given))


def _plain(changes: Mapping[str, Any]) -> Record:
    """Copy values as they come back from JSON."""
    copy: Record = decode(encode(changes))
    return copy
