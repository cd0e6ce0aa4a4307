"""The table of a kind's records: every version of every record, in SQLite, in memory.

A version is there from `since`, when the sandbox came to know it, until `until`, when
it was replaced or deleted; `until` is null for what is there now. What was there at
another time follows from the two: replicas that lag, and records that are restored. No
version is ever changed: an edit ends one and adds another. Only a night's drift changes
them, as it leaves no trace.

The table knows nothing of what the records are about. Not for use by several threads at
once: the store holds a lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from clientsuccess_sandbox.jsontext import Record, decode, encode

# Many records a database page: deep pages of a search are reached sooner. `modified` is
# what modifiedAfter looks at: the creation, where a kind shows no modification.
_TABLE: Final = """
PRAGMA page_size = 65536;
CREATE TABLE record (id INTEGER, uuid TEXT, owner INTEGER,
  created INTEGER, modified INTEGER, since INTEGER, until INTEGER, body TEXT);
"""
_INDEXES: Final = """
CREATE INDEX versions ON record (id, since);
CREATE UNIQUE INDEX by_id ON record (id) WHERE until IS NULL;
CREATE INDEX by_uuid ON record (uuid) WHERE until IS NULL;
CREATE INDEX by_owner ON record (owner, modified, id) WHERE until IS NULL;
CREATE INDEX by_created ON record (created, id) WHERE until IS NULL;
CREATE INDEX by_modified ON record (modified, id) WHERE until IS NULL;
"""
_ADD: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, NULL, CAST(? AS TEXT))"
_END: Final = "UPDATE record SET until = ? WHERE {} = ? AND until IS NULL"
_REVIVE: Final = """
INSERT INTO record
SELECT id, uuid, owner, created, modified, ?, NULL, body FROM record
WHERE id = ? ORDER BY rowid DESC LIMIT 1
"""
_COLUMNS: Final = {"modifiedTime": "modified", "createdTime": "created", "id": "id"}
# Multiplied by a random number, ids modulo this prime are in any order.
_PRIME: Final = 2_147_483_647
ORDERS: Final = _PRIME - 1
"""How many orders there are of records with equal sort values: see `Search.shuffle`."""


class Version(NamedTuple):
    """A version of a record as it comes to be; times are milliseconds since 1970."""

    id: int
    uuid: str | None
    owner: int | None
    created: int
    modified: int | None
    since: int
    body: bytes


class Search(NamedTuple):
    """What a search asks for; times are milliseconds since 1970.

    Attributes:
        page: Number of the page, from 0.
        size: Records of a page.
        sort: Field to sort by.
        descending: Largest first.
        modified_from: Only records modified then or later.
        client: Only records of this client.
        where: Only records that meet these SQL conditions, with their values.
        shuffle: Decides the order of records with equal sort values, from 1 to
            `ORDERS`; with 0, they are sorted by id.
        as_of: Read the data as of then.
    """

    page: int = 0
    size: int = 50
    sort: str = "id"
    descending: bool = False
    modified_from: int | None = None
    client: int | None = None
    where: tuple[tuple[str, Any], ...] = ()
    shuffle: int = 0
    as_of: int | None = None


class Page(NamedTuple):
    """The records of a page as JSON text, and how many the whole search has."""

    records: list[bytes]
    total: int


class Table:
    """All versions of the records of a kind.

    Args:
        versions: Those that are there from the beginning.
    """

    def __init__(self, versions: Iterable[Version]) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.text_factory = bytes
        self._database.executescript(_TABLE)
        self._counts: dict[tuple[Any, ...], int] = {}
        self._database.executemany(_ADD, versions)
        self._database.executescript(_INDEXES)

    def add(self, version: Version) -> None:
        """Add a version that is there from now on, in place of the one before."""
        ended = _END.format("id"), version.since, version.id
        self._change(ended, (_ADD, *version))

    def end(self, column: str, value: int, now: int) -> bool:
        """End what is there and has a value in a column; return whether any is."""
        return self._change((_END.format(column), now, value))

    def revive(self, number: int, now: int) -> bool:
        """Add the last version of a record once more; return whether there was one."""
        return self._change((_REVIVE, now, number))

    def rewrite(self, change: Callable[[Record], object]) -> None:
        """Change current versions in place, without a trace."""

        def changed(body: str) -> str:
            record = decode(body)
            change(record)
            return encode(record).decode()

        self._database.create_function("changed", 1, changed)
        self._change(("UPDATE record SET body = changed(body) WHERE until IS NULL",))

    def most(self) -> int:
        """Return the largest id that there ever was; 0 without any."""
        ((most,),) = self._run("SELECT coalesce(max(id), 0) FROM record")
        return int(most)

    def nearest(self, number: int) -> int | None:
        """Return the first id from a number on, or else the last before it."""
        ids = "FROM record WHERE until IS NULL AND id"
        after, before = f"SELECT min(id) {ids} >= ?", f"SELECT max(id) {ids} < ?"
        row = self._run(f"SELECT coalesce(({after}), ({before}))", number, number)
        found: int | None = row.fetchone()[0]
        return found

    def column(self, column: str) -> list[Any]:
        """Return the values of a column of all current records, by id."""
        sql = f"SELECT {column} FROM record WHERE until IS NULL ORDER BY id"
        return [value for (value,) in self._run(sql)]

    def one(
        self, column: str, value: object, as_of: int | None = None
    ) -> tuple[int, bytes] | None:
        """Return creation time and body of the record with a value in a column."""
        where = f"{column} = ? AND {_there(as_of)}"
        row = self._run(f"SELECT created, body FROM record WHERE {where}", value)
        found: tuple[int, bytes] | None = row.fetchone()
        return found

    def search(self, search: Search) -> Page:
        """Return a page."""
        asked = (("modified >= ?", search.modified_from), ("owner = ?", search.client))
        terms = [term for term in (*asked, *search.where) if term[1] is not None]
        values = [value for _, value in terms]
        there = " AND ".join([_there(search.as_of), *(term for term, _ in terms)])
        found = f"FROM record WHERE {there}"
        order = "DESC" if search.descending else "ASC"
        tie = f"id * {search.shuffle} % {_PRIME}" if search.shuffle else "id"
        key = self._sort_key(search.sort)
        sql = f"SELECT body {found} ORDER BY {key} {order}, {tie} {order}"
        page = search.size, search.page * search.size
        records = self._run(f"{sql} LIMIT ? OFFSET ?", *values, *page)
        counted = (found, *values)
        if counted not in self._counts:
            counts = self._run(f"SELECT count(*) {found}", *values)
            (self._counts[counted],) = counts.fetchone()
        return Page([raw for (raw,) in records], self._counts[counted])

    def _sort_key(self, field: str) -> str:
        if field in _COLUMNS:
            return _COLUMNS[field]
        key = f"json_extract(body, '$.{field}')"
        index = f"by_body_{field} ON record ({key}, id) WHERE until IS NULL"
        self._run(f"CREATE INDEX IF NOT EXISTS {index}")
        return key

    def _change(self, *statements: tuple[Any, ...]) -> bool:
        """Run statements, all or none; return whether the last one changed anything."""
        self._counts.clear()
        with self._database:
            return [self._run(*each).rowcount > 0 for each in statements][-1]

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._database.execute(sql, values)


def _there(as_of: int | None) -> str:
    """Return the condition for the versions that are there, now or as of a time."""
    if as_of is None:
        return "until IS NULL"
    return f"since <= {as_of} AND coalesce(until, {as_of + 1}) > {as_of}"
