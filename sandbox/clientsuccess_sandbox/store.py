"""The sandbox's data: an SQLite database in memory, used from any thread."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from clientsuccess_sandbox.clock import Clock, from_iso, to_iso
from clientsuccess_sandbox.data import KINDS, Kind, custom_fields
from clientsuccess_sandbox.data.company import Company, Times
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.data.templates import Templates, client_detail
from clientsuccess_sandbox.jsontext import Record, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from clientsuccess_sandbox.settings import CompanySettings

OPERATIONS: Final = ("insert", "edit", "delete")
MOST_RANDOM_EDITS: Final = 1000
"""In one request: more would keep everybody else waiting."""

# `modified` is what modifiedAfter looks at: the creation, where a kind shows no
# modification. `since` is when the sandbox came to know this version of a record, and
# `until` when it was replaced or deleted: versions that were are kept, for replicas
# that lag and for records that are restored.
_COLUMNS = "id, uuid, owner, created, modified, since, body"
_SCHEMA = """
CREATE TABLE {kind} (
  id INTEGER PRIMARY KEY, uuid TEXT, owner INTEGER,
  created INTEGER, modified INTEGER, since INTEGER, body TEXT
);
CREATE TABLE {kind}_past AS SELECT *, 0 AS until FROM {kind};
CREATE INDEX {kind}_past_id ON {kind}_past (id);
"""
_INDEXES = """
CREATE INDEX {kind}_uuid ON {kind} (uuid);
CREATE INDEX {kind}_owner ON {kind} (owner, modified);
CREATE INDEX {kind}_created ON {kind} (created);
CREATE INDEX {kind}_modified ON {kind} (modified);
"""
_TIMES = {"modifiedTime": "modified", "createdTime": "created", "id": "id"}
# Multiplied by a random number, ids modulo this prime are in any order.
_PRIME = 2_147_483_647
_MOST_COUNTS = 1000


class Change(NamedTuple):
    """An edit that was made: `op` is `insert`, `edit` or `delete`."""

    kind: str
    op: str
    id: int


class Search(NamedTuple):
    """What a search asks for.

    Attributes:
        page: Number of the page, from 0.
        size: Records of a page.
        sort: Field to sort by.
        descending: Largest first.
        since: Only records touched then or later, in milliseconds since 1970.
        client: Only records of this client.
        unstable_ties: Shuffle records of equal sort value.
        as_of: Answer as things were then, in milliseconds since 1970.
    """

    page: int = 0
    size: int = 50
    sort: str = "id"
    descending: bool = False
    since: int | None = None
    client: int | None = None
    unstable_ties: bool = False
    as_of: int | None = None


class Page(NamedTuple):
    """The records of a page as JSON text, and how many the whole search has."""

    records: list[bytes]
    total: int


class Store:
    """All records and custom field definitions of the made-up company.

    Kinds are named like the tap's streams: `clients`, `client_notes` and so on. A
    kind's records are made when it is first asked for.
    """

    def __init__(self, settings: CompanySettings, clock: Clock | None = None) -> None:
        self._lock = threading.RLock()
        self._clock = clock or Clock()
        self._company = Company(settings)
        self._templates: dict[str, Templates] = {}
        self._counts: dict[tuple[Any, ...], int] = {}
        self._added: dict[str, list[Record]] = {}
        self._latest = 0
        self._ties = self._company.random("ties")
        self._edits = self._company.random("edits")
        # Without isolation level, each statement is a transaction of its own.
        self._database = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None
        )
        self._database.text_factory = bytes

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are now."""
        return self.search(kind, Search(size=0)).total

    def ids(self, kind: str) -> list[int]:
        """Return the ids of a kind, rising."""
        return [
            number for (number,) in self._query(kind, "SELECT id FROM {0} ORDER BY id")
        ]

    def records(self, kind: str) -> list[Record]:
        """Return all records of a kind as the search gives them, by id.

        Numbers with a fraction are `Decimal`.
        """
        return [decode(raw) for raw in self.raws(kind)]

    def raws(self, kind: str) -> list[bytes]:
        """Return all records of a kind as JSON text, by id."""
        return [raw for (raw,) in self._query(kind, "SELECT body FROM {0} ORDER BY id")]

    def get(self, kind: str, number: int, as_of: int | None = None) -> Record | None:
        """Return one record by its id."""
        return self._one(kind, "id = ?", number, as_of)

    def get_by_uuid(
        self, kind: str, uuid: str, as_of: int | None = None
    ) -> Record | None:
        """Return one record by its uuid, clients with what only a detail shows."""
        record = self._one(kind, "uuid = ?", uuid, as_of)
        if record is None or kind != "clients":
            return record
        return client_detail(self._company, record)

    def search(self, kind: str, search: Search) -> Page:
        """Return one page, as the data stands this moment."""
        wanted = {"modified >= ?": search.since, "owner = ?": search.client}
        given = {term: value for term, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        order = "DESC" if search.descending else "ASC"
        sort = _TIMES.get(search.sort) or f"json_extract(body, '$.{search.sort}')"
        with self._lock:
            source = self._source(kind, search.as_of)
            tie = "id"
            if search.unstable_ties:
                tie = f"id * {1 + self._ties.below(_PRIME - 1)} % {_PRIME}"
            counted = (source, *given.items())
            if counted not in self._counts:
                sql = f"SELECT count(*) FROM {source} {where}"
                if len(self._counts) > _MOST_COUNTS:
                    self._counts.clear()
                (self._counts[counted],) = self._run(sql, *given.values()).fetchone()
            sql = (
                f"SELECT body FROM {source} {where} "
                f"ORDER BY {sort} {order}, {tie} {order} LIMIT ? OFFSET ?"
            )
            offset = search.page * search.size
            found = self._run(sql, *given.values(), search.size, offset)
            return Page([raw for (raw,) in found], self._counts[counted])

    def insert(self, kind: str, **changes: Any) -> Record:
        """Add a record, made up apart from the given values; return it."""
        with self._change(kind) as known:
            now = self._moment()
            times = self._times(known, changes, Times(now, now))
            tables = f"(SELECT id FROM {kind} UNION SELECT id FROM {kind}_past)"
            sql = f"SELECT max(id) FROM {tables}"
            number = (self._run(sql).fetchone()[0] or 0) + 1
            made = decode(self._templates[kind].fill(number, times))
            return self._put(known, number, times, made | _plain(changes), now)

    def edit(self, kind: str, number: int, **changes: Any) -> Record:
        """Change values of a record and its modification time; return it.

        Raises:
            KeyError: There is no such record.
        """
        with self._change(kind) as known:
            now = self._moment()
            created, body = self._take(kind, number, now)
            times = self._times(known, changes, Times(created, now))
            record = decode(body) | _plain(changes)
            if known.modified in record:
                shown = (
                    times.modified if known.numeric_times else to_iso(times.modified)
                )
                record[known.modified] = shown
            return self._put(known, number, times, record, now)

    def delete(self, kind: str, number: int) -> None:
        """Remove a record. What refers to it stays.

        Raises:
            KeyError: There is no such record.
        """
        with self._change(kind):
            self._take(kind, number, self._moment())

    def restore(self, kind: str, number: int) -> Record:
        """Bring a deleted record back as it was, with its old times; return it.

        Raises:
            KeyError: No such record was deleted.
        """
        with self._change(kind):
            if self.get(kind, number) is not None:
                raise KeyError(f"{kind} {number} was not deleted")
            sql = (
                f"INSERT INTO {kind} SELECT {_COLUMNS.replace('since', '?')} "
                f"FROM {kind}_past WHERE id = ? ORDER BY rowid DESC LIMIT 1"
            )
            self._run(sql, self._moment(), number)
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
                each call goes on where the last one stopped.
            operations: What to choose from; a name given twice is twice as likely.
        """
        random = self._edits if seed is None else Random(f"{seed}/{kind}")
        with self._change(kind):
            return [self._random_edit(kind, random, operations) for _ in range(count)]

    def definitions(self, resource: str) -> list[Record]:
        """Return a resource type's custom field definitions."""
        return custom_fields.definitions(resource) + self._added.get(resource, [])

    def add_custom_field(self, resource: str, definition: Mapping[str, Any]) -> None:
        """Define one more custom field; random edits from now on fill it."""
        if resource not in custom_fields.RESOURCES:
            raise ValueError(f"{resource} is no resource type.")
        if "fieldKey" not in definition:
            raise ValueError("A custom field definition needs a fieldKey.")
        self._added.setdefault(resource, []).append(_plain(definition))

    def _random_edit(
        self, kind: str, random: Random, operations: Sequence[str]
    ) -> Change:
        known, op = self._known(kind), random.pick(operations)
        sql = f"SELECT id FROM {kind} WHERE id >= ? ORDER BY id LIMIT 1"
        ((most,),) = self._run(f"SELECT max(id) FROM {kind}")
        if op == "insert" or not most:
            values = self._added_values(known, {}, random)
            return Change(kind, "insert", self.insert(kind, **values)["id"])
        ((number,),) = self._run(sql, 1 + random.below(most))
        if op == "delete":
            self.delete(kind, number)
        else:
            text = f"{random.text(1)} ({random.below(10**6)})"
            values = self._added_values(known, self.get(kind, number) or {}, random)
            self.edit(kind, number, **{known.text: text, **values})
        return Change(kind, op, number)

    def _added_values(self, kind: Kind, record: Record, random: Random) -> Record:
        """Return values of the custom fields that were defined while running."""
        added = self._added.get(kind.custom or "", [])
        if not added:
            return {}
        new = {
            item["fieldKey"]: custom_fields.value_for(item, random) for item in added
        }
        return {"custom": {**(record.get("custom") or {}), **new}}

    def _known(self, kind: str) -> Kind:
        """Return a kind, whose records are there from now on."""
        known = KINDS.get(kind)
        if known is None:
            names = ", ".join(KINDS)
            raise ValueError(f"There is no kind {kind!r}, only {names}.")
        if kind not in self._templates:
            self._fill(known)
        return known

    def _fill(self, kind: Kind) -> None:
        company = self._company
        templates = self._templates[kind.name] = Templates(kind, company)
        shows = company.shows_modifications(kind.name)
        self._database.executescript(_SCHEMA.format(kind=kind.name))
        self._run("BEGIN")
        self._database.executemany(
            f"INSERT INTO {kind.name} VALUES (?, ?, ?, ?, ?, 0, ?)",
            (
                (
                    number,
                    company.uuid(kind.name, number),
                    company.owner(kind.name, number) if kind.owner else None,
                    times.created,
                    times.modified if shows else times.created,
                    templates.fill(number, times),
                )
                for number, times in enumerate(company.times(kind.name), start=1)
            ),
        )
        self._run("COMMIT")
        self._database.executescript(_INDEXES.format(kind=kind.name))

    def _source(self, kind: str, as_of: int | None = None) -> str:
        """Return what stands after FROM: the table, or what it was at a time."""
        self._known(kind)
        if as_of is None:
            return kind
        past = f"SELECT {_COLUMNS} FROM {kind}_past"
        return (
            f"(SELECT * FROM {kind} WHERE since <= {as_of} UNION ALL "
            f"{past} WHERE since <= {as_of} AND until > {as_of})"
        )

    @contextmanager
    def _change(self, kind: str) -> Iterator[Kind]:
        """Make changes of a kind's records, or, if one fails, none."""
        with self._lock:
            known = self._known(kind)
            self._counts.clear()
            self._run("SAVEPOINT change")
            try:
                yield known
            except BaseException:
                self._run("ROLLBACK TO change")
                raise
            finally:
                self._run("RELEASE change")

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._database.execute(sql, values)

    def _query(self, kind: str, sql: str) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._run(sql.format(self._source(kind))).fetchall()

    def _one(
        self, kind: str, where: str, value: object, as_of: int | None
    ) -> Record | None:
        with self._lock:
            source = self._source(kind, as_of)
            row = self._run(
                f"SELECT body FROM {source} WHERE {where}", value
            ).fetchone()
        record: Record | None = row and decode(row[0])
        return record

    def _take(self, kind: str, number: int, now: int) -> tuple[int, bytes]:
        """Move a record's version to the past."""
        where = "WHERE id = ?"
        row = self._run(f"SELECT created, body FROM {kind} {where}", number).fetchone()
        if row is None:
            raise KeyError(f"{kind} {number}")
        sql = f"INSERT INTO {kind}_past SELECT *, ? FROM {kind} {where}"
        self._run(sql, now, number)
        self._run(f"DELETE FROM {kind} {where}", number)
        return row[0], row[1]

    def _put(
        self, kind: Kind, number: int, times: Times, record: Record, now: int
    ) -> Record:
        shows = self._company.shows_modifications(kind.name)
        self._run(
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

    def _times(self, kind: Kind, changes: Mapping[str, Any], times: Times) -> Times:
        """Return a record's new times: those given, or these."""
        given = [
            changes.get(key, time)
            for key, time in zip((kind.created, kind.modified), times, strict=True)
        ]
        return Times(*(t if isinstance(t, int) else from_iso(t) for t in given))

    def _moment(self) -> int:
        """Return the time of an edit: never before that of an earlier one."""
        self._latest = max(self._latest, self._clock.now_ms())
        return self._latest


def _plain(changes: Mapping[str, Any]) -> Record:
    """Copy values in the form in which they come back from JSON."""
    copy: Record = decode(encode(changes))
    return copy
