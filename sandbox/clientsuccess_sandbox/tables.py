"""The records: an SQLite database in memory, used from any thread."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any, Final, NamedTuple

from clientsuccess_sandbox.data import KINDS, Kind
from clientsuccess_sandbox.data.company import Company
from clientsuccess_sandbox.data.templates import Templates, client_detail
from clientsuccess_sandbox.jsontext import Record, decode
from clientsuccess_sandbox.settings import CompanySettings

# `modified` is what modifiedAfter looks at: the creation, where a kind shows no
# modification. `since` is when the sandbox came to know this version of a record, and
# `until` when it was replaced or deleted: versions that were are kept, for replicas
# that lag and for records that are restored.
COLUMNS: Final = "id, uuid, owner, created, modified, since, body"
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
_INDEXED = {"modifiedTime": "modified", "createdTime": "created", "id": "id"}
# Multiplied by a random number, ids modulo this prime are in any order.
_PRIME = 2_147_483_647


class Search(NamedTuple):
    """What a search asks for; times are milliseconds since 1970.

    Attributes:
        page: Number of the page, from 0.
        size: Records of a page.
        sort: Field to sort by.
        descending: Largest first.
        since: Only records modified then or later.
        client: Only records of this client.
        unstable_ties: Shuffle records with equal sort values.
        as_of: Read the data as of then.
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


class Tables:
    """A table for each kind of records, filled when it is first read.

    Kinds are named like the tap's streams: `clients`, `client_notes` and so on.
    """

    def __init__(self, settings: CompanySettings) -> None:
        self.lock = threading.RLock()
        self.company = Company(settings)
        self.templates: dict[str, Templates] = {}
        self._ties = self.company.random("ties")
        self._counts: dict[tuple[Any, ...], int] = {}
        # Without isolation level, each statement is a transaction of its own.
        self._database = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None
        )
        self._database.text_factory = bytes
        # Many records a database page: deep pages of a search are reached sooner.
        self.run("PRAGMA page_size = 65536")

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

    def get_by_uuid(
        self, kind: str, uuid: str, as_of: int | None = None
    ) -> Record | None:
        """Return one record by its uuid, clients with what only a detail shows."""
        record = self._one(kind, "uuid", uuid, as_of)
        if record is None or kind != "clients":
            return record
        return client_detail(self.company, record)

    def search(self, kind: str, search: Search) -> Page:
        """Return a page of the current data."""
        terms = {"modified >= ?": search.since, "owner = ?": search.client}
        terms = {term: value for term, value in terms.items() if value is not None}
        order = "DESC" if search.descending else "ASC"
        with self.lock:
            source = self._source(kind, search.as_of)
            found = f"{source} WHERE {' AND '.join(['1', *terms])}"
            key = self._sort_key(kind, search.sort)
            tie = f"id * {1 + self._ties.below(_PRIME - 1)} % {_PRIME}"
            sql = (
                f"SELECT body FROM {found} ORDER BY {key} {order}, "
                f"{tie if search.unstable_ties else 'id'} {order} LIMIT ? OFFSET ?"
            )
            values = (*terms.values(), search.size, search.page * search.size)
            records = [raw for (raw,) in self.run(sql, *values)]
            counted = (found, *terms.values())
            if counted not in self._counts:
                sql = f"SELECT count(*) FROM {found}"
                (self._counts[counted],) = self.run(sql, *terms.values()).fetchone()
            return Page(records, self._counts[counted])

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement; after changing records, call `forget_counts`."""
        return self._database.execute(sql, values)

    def forget_counts(self) -> None:
        """Forget cached counts, as records have changed."""
        self._counts.clear()

    def known(self, name: str) -> Kind:
        """Return a kind and make sure that its table exists, or raise `ValueError`."""
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no kind {name!r}, only {', '.join(KINDS)}.")
        if name not in self.templates:
            self._fill(kind)
        return kind

    def _fill(self, kind: Kind) -> None:
        company, name = self.company, kind.name
        templates = self.templates[name] = Templates(kind, company)
        shows = company.shows_modifications(name)
        self._database.executescript(_SCHEMA.format(kind=name))
        rows = (
            (
                number,
                company.uuid(name, number),
                company.owner(name, number) if kind.owner else None,
                times.created,
                times.modified if shows else times.created,
                templates.fill(number, times),
            )
            for number, times in enumerate(company.times(name), start=1)
        )
        self.run("BEGIN")
        sql = f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, 0, ?)"
        self._database.executemany(sql, rows)
        self.run("COMMIT")
        self._database.executescript(_INDEXES.format(kind=name))

    def _source(self, kind: str, as_of: int | None = None) -> str:
        """Return what follows FROM: the table, or its contents as of a time."""
        self.known(kind)
        if as_of is None:
            return kind
        return (
            f"(SELECT * FROM {kind} WHERE since <= {as_of} UNION ALL "
            f"SELECT {COLUMNS} FROM {kind}_past "
            f"WHERE since <= {as_of} AND until > {as_of})"
        )

    def _sort_key(self, kind: str, field: str) -> str:
        if field in _INDEXED:
            return _INDEXED[field]
        key = f"json_extract(body, '$.{field}')"
        self.run(f"CREATE INDEX IF NOT EXISTS {kind}_by_{field} ON {kind} ({key})")
        return key

    def _column(self, kind: str, column: str) -> list[Any]:
        with self.lock:
            found = self.run(f"SELECT {column} FROM {self._source(kind)} ORDER BY id")
            return [value for (value,) in found]

    def _one(
        self, kind: str, column: str, value: object, as_of: int | None
    ) -> Record | None:
        with self.lock:
            sql = f"SELECT body FROM {self._source(kind, as_of)} WHERE {column} = ?"
            row = self.run(sql, value).fetchone()
        record: Record | None = row and decode(row[0])
        return record
