"""The SQL of docs/deletes.md finds the records that were deleted."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import duckdb

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Sync

    from clientsuccess_sandbox import Sandbox

PAGE = Path(__file__).parent.parent / "docs" / "deletes.md"
DROP, COMPARE, DELETE = re.findall(
    r"^```sql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def upsert(
    warehouse: duckdb.DuckDBPyConnection, schema: str, ids: Iterable[int]
) -> None:
    warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    warehouse.execute(f"SET schema = '{schema}'")
    warehouse.execute("CREATE TABLE IF NOT EXISTS clients (id BIGINT PRIMARY KEY)")
    rows = [[number] for number in ids]
    warehouse.executemany("INSERT OR REPLACE INTO clients VALUES (?)", rows)


def test_deleted_records_are_found(sandbox: Sandbox, sync: Sync) -> None:
    with duckdb.connect() as warehouse:
        first = sync(streams=["clients"])
        upsert(warehouse, "clientsuccess", first.ids("clients"))
        upsert(warehouse, "clientsuccess_full", first.ids("clients"))

        sandbox.store.delete("clients", 5)
        sandbox.store.delete("clients", 9)
        sandbox.store.edit("clients", 12, name="Still here")
        night = sync(streams=["clients"], state=first.state)
        upsert(warehouse, "clientsuccess", night.ids("clients"))
        sandbox.store.insert("clients", name="Created between the two runs")
        warehouse.execute(DROP)
        upsert(
            warehouse,
            "clientsuccess_full",
            sync(streams=["clients"]).ids("clients"),
        )

        assert sorted(warehouse.sql(COMPARE).fetchall()) == [(5,), (9,)]
        warehouse.execute(DELETE)
        assert warehouse.sql(COMPARE).fetchall() == []
        ((left,),) = warehouse.sql(
            "SELECT count(*) FROM clientsuccess.clients"
        ).fetchall()
        assert left == 28
