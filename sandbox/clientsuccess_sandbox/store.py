"""The sandbox's data, and edits of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from clientsuccess_sandbox.clock import Clock, from_iso, to_iso
from clientsuccess_sandbox.data import Kind, custom_fields
from clientsuccess_sandbox.data.company import Times
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.settings import CompanySettings
from clientsuccess_sandbox.tables import COLUMNS, Page, Search, Tables

__all__ = ["Change", "Page", "Search", "Store"]

OPERATIONS: Final = ("insert", "edit", "delete")
MAX_RANDOM_EDITS: Final = 1000
"""Per request: more would block all others."""


class Change(NamedTuple):
    """An edit that was made: `op` is `insert`, `edit` or `delete`."""

    kind: str
    op: str
    id: int


class Store(Tables):
    """All records and custom field definitions of the simulated company."""

    def __init__(self, settings: CompanySettings, clock: Clock | None = None) -> None:
        super().__init__(settings)
        self._clock = clock or Clock()
        self._random = self.company.random("edits")
        self._added: dict[str, list[Record]] = {}
        self._latest = 0

    def insert(self, kind: str, **changes: Any) -> Record:
        """Add a generated record with the given values; return it."""
        with self._change(kind) as (known, now):
            times = _times(known, changes, Times(now, now))
            ids = f"SELECT id FROM {kind} UNION SELECT id FROM {kind}_past"
            number = (self.run(f"SELECT max(id) FROM ({ids})").fetchone()[0] or 0) + 1
            made = decode(self.templates[kind].fill(number, times))
            return self._put(known, number, times, made | _plain(changes), now)

    def edit(self, kind: str, number: int, **changes: Any) -> Record:
        """Change values of a record and its modification time; return it.

        Raises:
            KeyError: There is no such record.
        """
        with self._change(kind) as (known, now):
            created, body = self._take(kind, number, now)
            times = _times(known, changes, Times(created, now))
            record = decode(body) | _plain(changes)
            if known.modified in record:
                numeric, time = known.numeric_times, times.modified
                record[known.modified] = time if numeric else to_iso(time)
            return self._put(known, number, times, record, now)

    def delete(self, kind: str, number: int) -> None:
        """Delete a record. References to it stay.

        Raises:
            KeyError: There is no such record.
        """
        with self._change(kind) as (_, now):
            self._take(kind, number, now)

    def restore(self, kind: str, number: int) -> Record:
        """Restore a deleted record with its old times; return it.

        Raises:
            KeyError: No such record was deleted.
        """
        with self._change(kind) as (_, now):
            if self.get(kind, number) is not None:
                raise KeyError(f"{kind} {number} was not deleted")
            sql = (
                f"INSERT INTO {kind} SELECT {COLUMNS.replace('since', '?')} "
                f"FROM {kind}_past WHERE id = ? ORDER BY rowid DESC LIMIT 1"
            )
            self.run(sql, now, number)
            record = self.get(kind, number)
            if record is None:
                raise KeyError(f"{kind} {number} was never there")
            return record

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
        with self._change(kind) as (known, _):
            return [self._random_edit(known, random, operations) for _ in range(count)]

    def definitions(self, resource: str) -> list[Record]:
        """Return a resource type's custom field definitions."""
        return custom_fields.definitions(resource) + self._added.get(resource, [])

    def add_custom_field(self, resource: str, definition: Mapping[str, Any]) -> None:
        """Define another custom field; random edits fill it from now on."""
        if resource not in custom_fields.RESOURCES:
            raise ValueError(f"{resource} is no resource type.")
        if "fieldKey" not in definition:
            raise ValueError("A custom field definition needs a fieldKey.")
        self._added.setdefault(resource, []).append(_plain(definition))

    def _random_edit(
        self, kind: Kind, random: Random, operations: Sequence[str]
    ) -> Change:
        name, op = kind.name, random.pick(operations)
        ((most,),) = self.run(f"SELECT max(id) FROM {name}")
        if op == "insert" or not most:
            values = self._added_values(kind, {}, random)
            return Change(name, "insert", self.insert(name, **values)["id"])
        sql = f"SELECT id, body FROM {name} WHERE id >= ? ORDER BY id LIMIT 1"
        ((number, body),) = self.run(sql, 1 + random.below(most))
        if op == "delete":
            self.delete(name, number)
        else:
            text = f"{random.text(1)} ({random.below(10**6)})"
            values = self._added_values(kind, decode(body), random)
            self.edit(name, number, **{kind.text: text, **values})
        return Change(name, op, number)

    def _added_values(self, kind: Kind, record: Record, random: Random) -> Record:
        """Return values for the custom fields that were added later."""
        added = self._added.get(kind.custom or "", [])
        new = {
            item["fieldKey"]: custom_fields.value_for(item, random) for item in added
        }
        return {"custom": {**(record.get("custom") or {}), **new}} if new else {}

    @contextmanager
    def _change(self, kind: str) -> Iterator[tuple[Kind, int]]:
        """Make changes at the same time in a transaction."""
        with self.lock:
            known = self.known(kind)
            # Never before an earlier change, even if the clock was set back.
            self._latest = max(self._latest, self._clock.now_ms())
            self.forget_counts()
            self.run("SAVEPOINT change")
            try:
                yield known, self._latest
            except BaseException:
                self.run("ROLLBACK TO change")
                raise
            finally:
                self.run("RELEASE change")

    def _take(self, kind: str, number: int, now: int) -> tuple[int, bytes]:
        """Move a record to the past versions; return its creation time and body."""
        row = self.run(f"SELECT created, body FROM {kind} WHERE id = ?", number)
        found: tuple[int, bytes] | None = row.fetchone()
        if found is None:
            raise KeyError(f"{kind} {number}")
        sql = f"INSERT INTO {kind}_past SELECT *, ? FROM {kind} WHERE id = ?"
        self.run(sql, now, number)
        self.run(f"DELETE FROM {kind} WHERE id = ?", number)
        return found

    def _put(
        self, kind: Kind, number: int, times: Times, record: Record, now: int
    ) -> Record:
        shows = self.company.shows_modifications(kind.name)
        self.run(
            f"INSERT INTO {kind.name} VALUES (?, ?, ?, ?, ?, ?, ?)",
            number,
            record.get("uuid"),
            record.get(kind.owner) if kind.owner else None,
            times.created,
            times.modified if shows else times.created,
            now,
            encode(record).decode(),
        )
        return record


def _times(kind: Kind, changes: Mapping[str, Any], times: Times) -> Times:
    """Return a record's new times: those given, or these."""
    pairs = zip((kind.created, kind.modified), times, strict=True)
    given = [changes.get(key, time) for key, time in pairs]
    return Times(*(t if isinstance(t, int) else from_iso(t) for t in given))


def _plain(changes: Mapping[str, Any]) -> Record:
    """Copy values as they come back from JSON."""
    copy: Record = decode(encode(changes))
    return copy
