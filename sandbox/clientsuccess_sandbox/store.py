"""The sandbox's data: an SQLite database in memory, used from any thread.

Each kind has one table, filled when it is first read, with every version of every
record: `since` is when the sandbox came to know a version, `until` when it was replaced
or deleted; it is null for what is there now. Old versions are kept for replicas that
lag and for records that are restored. An edit never changes a version: it ends one and
adds another. Only a night's drift does, as it leaves no trace.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from clientsuccess_sandbox.clock import Clock, from_iso, to_iso
from clientsuccess_sandbox.data import KINDS, Kind, custom_fields, sizes
from clientsuccess_sandbox.data.choices import Choices
from clientsuccess_sandbox.data.company import DAY, Company, Times
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.data.variants import Variants
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.settings import Behaviour, CompanySettings

OPERATIONS: Final = ("insert", "edit", "delete")
MAX_RANDOM_EDITS: Final = 1000
"""Per request: more would block all others."""

# `modified` is what modifiedAfter looks at: the creation, where a kind shows no
# modification.
_TABLE: Final = """
CREATE TABLE {kind} (id INTEGER, uuid TEXT, owner INTEGER,
  created INTEGER, modified INTEGER, since INTEGER, until INTEGER, body TEXT);
"""
_INDEXES: Final = """
CREATE INDEX {kind}_versions ON {kind} (id, since);
CREATE UNIQUE INDEX {kind}_id ON {kind} (id) WHERE until IS NULL;
CREATE INDEX {kind}_uuid ON {kind} (uuid) WHERE until IS NULL;
CREATE INDEX {kind}_owner ON {kind} (owner, modified, id) WHERE until IS NULL;
CREATE INDEX {kind}_created ON {kind} (created, id) WHERE until IS NULL;
CREATE INDEX {kind}_modified ON {kind} (modified, id) WHERE until IS NULL;
"""
_NOW: Final = "until IS NULL"
_COLUMNS: Final = {"modifiedTime": "modified", "createdTime": "created", "id": "id"}
# Multiplied by a random number, ids modulo this prime are in any order.
_PRIME: Final = 2_147_483_647


class Change(NamedTuple):
    """An edit that was made: `op` is `insert`, `edit` or `delete`."""

    kind: str
    op: str
    id: int


class Search(NamedTuple):
    """What a search asks for; times are milliseconds since 1970.

    Attributes:
        page: Number of the page, from 0.
        size: Records of a page.
        sort: Field to sort by.
        descending: Largest first.
        since: Only records modified then or later.
        client: Only records of this client.
        where: Only records that meet these SQL conditions, with their values.
        unstable_ties: Shuffle records with equal sort values.
        as_of: Read the data as of then.
    """

    page: int = 0
    size: int = 50
    sort: str = "id"
    descending: bool = False
    since: int | None = None
    client: int | None = None
    where: tuple[tuple[str, Any], ...] = ()
    unstable_ties: bool = False
    as_of: int | None = None


class Page(NamedTuple):
    """The records of a page as JSON text, and how many the whole search has."""

    records: list[bytes]
    total: int


class Store:
    """All records and custom field definitions of the simulated company.

    Kinds are named like the tap's streams: `clients`, `client_notes` and so on.

    Raises:
        ValueError: The settings do not go together.
    """

    def __init__(
        self,
        settings: CompanySettings,
        clock: Clock | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.company = Company(settings, sizes(settings))
        self._settings = settings
        self._behaviour = behaviour or Behaviour()
        self._clock = clock or Clock()
        self._variants: dict[str, Variants] = {}
        self._ties = self.company.random("ties")
        self._random = self.company.random("edits")
        self._added: dict[str, list[Record]] = {}
        self._counts: dict[tuple[Any, ...], int] = {}
        self._nights: dict[str, int] = {}
        self._latest = 0
        # Without isolation level, each statement is a transaction of its own.
        self._database = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None
        )
        self._database.text_factory = bytes
        # Many records a database page: deep pages of a search are reached sooner.
        self._run("PRAGMA page_size = 65536")

    # Reading

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are now."""
        return self.search(kind, Search(size=0)).total

    def ids(self, kind: str) -> list[int]:
        """Return the ids of a kind, rising."""
        return self._column(kind, "id")

    def raws(self, kind: str) -> list[bytes]:
        """Return all records of a kind as JSON text, by id."""
        return self._column(kind, "body")

    def records(self, kind: str) -> list[Record]:
        """Return all records of a kind as the search gives them, by id.

        Numbers with a fraction are `Decimal`.
        """
        return [decode(raw) for raw in self.raws(kind)]

    def get(self, kind: str, number: int, as_of: int | None = None) -> Record | None:
        """Return one record by its id."""
        return self._one(kind, "id", number, as_of)

    def read(
        self, kind: Kind, value: int | str, as_of: int | None = None
    ) -> Record | None:
        """Return one record by its kind's key, with what only such a read gives."""
        record = self._one(kind.name, kind.key, value, as_of)
        if record is None or kind.detail is None:
            return record
        choices = Choices(self.company, kind.name, record["id"], "detail")
        return record | kind.detail(choices, record)

    def search(self, kind: str, search: Search) -> Page:
        """Return a page of the current data."""
        asked = (("modified >= ?", search.since), ("owner = ?", search.client))
        terms = [term for term in (*asked, *search.where) if term[1] is not None]
        order = "DESC" if search.descending else "ASC"
        with self.lock:
            self._open(kind)
            values = [value for _, value in terms]
            there = " AND ".join([_there(search.as_of), *(term for term, _ in terms)])
            found = f"FROM {kind} WHERE {there}"
            key = self._sort_key(kind, search.sort)
            tie = f"id * {1 + self._ties.below(_PRIME - 1)} % {_PRIME}"
            sql = (
                f"SELECT body {found} ORDER BY {key} {order}, "
                f"{tie if search.unstable_ties else 'id'} {order} LIMIT ? OFFSET ?"
            )
            page = search.size, search.page * search.size
            records = [raw for (raw,) in self._run(sql, *values, *page)]
            counted = (found, *values)
            if counted not in self._counts:
                sql = f"SELECT count(*) {found}"
                (self._counts[counted],) = self._run(sql, *values).fetchone()
            return Page(records, self._counts[counted])

    def definitions(self, resource: str) -> list[Record]:
        """Return a resource type's custom field definitions."""
        return custom_fields.definitions(resource) + self._added.get(resource, [])

    # Editing

    def insert(self, kind: str, **changes: Any) -> Record:
        """Add a generated record with the given values; return it."""
        with self._change(kind) as (known, now):
            times = _times(known, changes, Times(now, now))
            ((most,),) = self._run(f"SELECT coalesce(max(id), 0) FROM {kind}")
            made = self._variants[kind].record(most + 1, times)
            return self._put(known, most + 1, times, made | _plain(changes), now)

    def edit(self, kind: str, number: int, **changes: Any) -> Record:
        """Change values of a record and its modification time; return it.

        Raises:
            KeyError: There is no such record.
        """
        with self._change(kind) as (known, now):
            created, body = self._end(kind, number, now)
            times = _times(known, changes, Times(created, now))
            record = decode(body) | _plain(changes)
            if known.modified in record:
                time = times.modified
                record[known.modified] = time if known.numeric_times else to_iso(time)
            return self._put(known, number, times, record, now)

    def delete(self, kind: str, number: int) -> None:
        """Delete a record; of a client, also what belongs to it if `delete_owned`.

        Otherwise, references to it stay.

        Raises:
            KeyError: There is no such record.
        """
        with self._change(kind) as (_, now):
            self._end(kind, number, now)
            for owned in self._owned(kind):
                where = f"WHERE owner = ? AND {_NOW}"
                self._run(f"UPDATE {owned} SET until = ? {where}", now, number)

    def restore(self, kind: str, number: int) -> Record:
        """Restore a deleted record with its old times; return it.

        Raises:
            KeyError: No such record was deleted.
        """
        with self._change(kind) as (_, now):
            if self.get(kind, number) is not None:
                raise KeyError(f"{kind} {number} was not deleted")
            self._run(
                f"INSERT INTO {kind} "
                f"SELECT id, uuid, owner, created, modified, ?, NULL, body FROM {kind} "
                "WHERE id = ? ORDER BY rowid DESC LIMIT 1",
                *(now, number),
            )
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
        ((most,),) = self._run(f"SELECT max(id) FROM {name} WHERE {_NOW}")
        if op == "insert" or not most:
            values = self._added_values(kind, {}, random)
            return Change(name, "insert", self.insert(name, **values)["id"])
        sql = (
            f"SELECT id, body FROM {name} WHERE id >= ? AND {_NOW} ORDER BY id LIMIT 1"
        )
        ((number, body),) = self._run(sql, 1 + random.below(most))
        if op == "delete":
            self.delete(name, number)
        else:
            text = f"{random.text(1)} ({random.below(10**6)})"
            values = self._added_values(kind, decode(body), random)
            self.edit(name, number, **{kind.text: text, **values})
        return Change(name, op, number)

    def _added_values(self, kind: Kind, record: Record, random: Random) -> Record:
        """Return values for the custom fields that were added later."""
        added = self._added.get(kind.custom, [])
        new = {
            item["fieldKey"]: custom_fields.value_for(item, random) for item in added
        }
        return {"custom": {**(record.get("custom") or {}), **new}} if new else {}

    @contextmanager
    def _change(self, kind: str) -> Iterator[tuple[Kind, int]]:
        """Make changes at the same time in a transaction."""
        with self.lock:
            known = self._open(kind)
            for owned in self._owned(kind):
                self._open(owned)
            # Never before an earlier change, even if the clock was set back.
            self._latest = max(self._latest, self._clock.now_ms())
            self._counts.clear()
            self._run("SAVEPOINT change")
            try:
                yield known, self._latest
            except BaseException:
                self._run("ROLLBACK TO change")
                raise
            finally:
                self._run("RELEASE change")

    def _owned(self, kind: str) -> list[str]:
        """Return the kinds of what is deleted with a record of a kind."""
        if kind != "clients" or not self._behaviour.delete_owned:
            return []
        return [owned.name for owned in KINDS.values() if owned.owner]

    def _end(self, kind: str, number: int, now: int) -> tuple[int, bytes]:
        """End a record's version; return its creation time and body."""
        where = f"WHERE id = ? AND {_NOW}"
        row = self._run(f"SELECT created, body FROM {kind} {where}", number)
        found: tuple[int, bytes] | None = row.fetchone()
        if found is None:
            raise KeyError(f"{kind} {number} does not exist")
        self._run(f"UPDATE {kind} SET until = ? {where}", now, number)
        return found

    def _put(
        self, kind: Kind, number: int, times: Times, record: Record, now: int
    ) -> Record:
        sql = f"INSERT INTO {kind.name} VALUES (?, ?, ?, ?, ?, ?, NULL, ?)"
        self._run(sql, *self._row(kind, number, times, record, now))
        return record

    # The tables

    def _open(self, name: str) -> Kind:
        """Return a kind whose table is filled and up to date.

        Raises:
            ValueError: There is no such kind.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no kind {name!r}, only {', '.join(KINDS)}.")
        if name not in self._variants:
            self._fill(kind)
        if kind.nightly and self._behaviour.nightly_drift:
            self._drift(kind)
        return kind

    def _fill(self, kind: Kind) -> None:
        name = kind.name
        shows = self._settings.shows_modifications(name)
        made = Variants(kind, self.company, hides_modified=not shows)
        self._variants[name] = made
        undated = self._settings.undated.get(name, 0)
        rows = (
            self._row(kind, number, times, made.record(number, times), 0)
            if number > undated
            else self._undated_row(kind, number, times)
            for number, times in enumerate(self.company.times(name), start=1)
        )
        self._database.executescript(_TABLE.format(kind=name))
        self._run("BEGIN")
        sql = f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?, NULL, ?)"
        self._database.executemany(sql, rows)
        self._run("COMMIT")
        self._database.executescript(_INDEXES.format(kind=name))

    def _row(
        self, kind: Kind, number: int, times: Times, record: Record, now: int
    ) -> tuple[Any, ...]:
        shows = self._settings.shows_modifications(kind.name)
        return (
            number,
            record.get("uuid"),
            record.get(kind.owner),
            times.created,
            times.modified if shows else times.created,
            now,
            encode(record).decode(),
        )

    def _undated_row(self, kind: Kind, number: int, times: Times) -> tuple[Any, ...]:
        """Return the row of a record that does not show when it was modified."""
        record = self._variants[kind.name].record(number, times)
        # Where the creation stands in for the modification, it is missing as well.
        hidden = (kind.modified, kind.created)
        record = {key: value for key, value in record.items() if key not in hidden}
        row = self._row(kind, number, times, record, 0)
        return (*row[:4], None, *row[5:])

    def _drift(self, kind: Kind) -> None:
        """Let a night pass, the first time that a kind is read on a day."""
        now = self._clock.now_ms()
        night = now // DAY
        if self._nights.get(kind.name) != night:
            self._nights[kind.name] = night
            sql = f"UPDATE {kind.name} SET body = {kind.nightly} WHERE {_NOW}"
            self._database.execute(sql, {"night": night, "now": to_iso(now)})

    def _sort_key(self, kind: str, field: str) -> str:
        if field in _COLUMNS:
            return _COLUMNS[field]
        key = f"json_extract(body, '$.{field}')"
        name = f"{kind}_by_{field}"
        self._run(
            f"CREATE INDEX IF NOT EXISTS {name} ON {kind} ({key}, id) WHERE {_NOW}"
        )
        return key

    def _column(self, kind: str, column: str) -> list[Any]:
        with self.lock:
            self._open(kind)
            sql = f"SELECT {column} FROM {kind} WHERE {_NOW} ORDER BY id"
            return [value for (value,) in self._run(sql)]

    def _one(
        self, kind: str, column: str, value: object, as_of: int | None
    ) -> Record | None:
        with self.lock:
            self._open(kind)
            sql = f"SELECT body FROM {kind} WHERE {_there(as_of)} AND {column} = ?"
            row = self._run(sql, value).fetchone()
        record: Record | None = row and decode(row[0])
        return record

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._database.execute(sql, values)


def _there(as_of: int | None) -> str:
    """Return the condition for the versions that are there, now or as of a time."""
    if as_of is None:
        return _NOW
    return f"since <= {as_of} AND coalesce(until, {as_of + 1}) > {as_of}"


def _times(kind: Kind, changes: Mapping[str, Any], times: Times) -> Times:
    """Return a record's new times: those given, or these."""
    pairs = zip((kind.created, kind.modified), times, strict=True)
    given = [changes.get(key, time) for key, time in pairs]
    return Times(*(t if isinstance(t, int) else from_iso(t) for t in given))


def _plain(changes: Mapping[str, Any]) -> Record:
    """Copy values as they come back from JSON."""
    copy: Record = decode(encode(changes))
    return copy
