"""The dbt test of the log of syncs fails where it should; `make test-dbt`."""

from __future__ import annotations

import os
import subprocess
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[3]
DBT = ROOT / ".venv-dbt" / "bin" / "dbt"
NOW = datetime.now(UTC).replace(tzinfo=None)
COLUMNS = {
    "run_id": "VARCHAR",
    "stream": "VARCHAR",
    "started_at": "TIMESTAMP",
    "ended_at": "TIMESTAMP",
    "kind": "VARCHAR",
    "reason": "VARCHAR",
    "status": "VARCHAR",
    "why": "VARCHAR",
    "records": "BIGINT",
    "new_records": "BIGINT",
    "missing": "BIGINT",
    "requests": "BIGINT",
    "next_full_read_at": "TIMESTAMP",
}
FULL, INCREMENTAL = "full", "incremental"
HISTORIES: dict[str, list[tuple[float, str, str]]] = {
    # Each row: days ago, kind, status.
    "complete": [(2, FULL, "failed"), (1, INCREMENTAL, "complete")],
    "skipped": [(0.1, INCREMENTAL, "skipped")],
    "interrupted": [(0.1, INCREMENTAL, "interrupted")],
    "missing": [(1, FULL, "complete"), (0.1, INCREMENTAL, "missing")],
    "in_doubt": [(0.1, FULL, "in doubt")],
    "failed": [(0.1, INCREMENTAL, "failed")],
    "goes_on": [(13, "first", "complete"), (0.1, FULL, "in progress")],
    "never_ends": [(15, FULL, "complete"), (0.1, FULL, "in progress")],
    "never_ended": [(15, FULL, "in progress"), (0.1, FULL, "in progress")],
    # Its interval is a day, not a week.
    "clients": [(3, FULL, "complete"), (0.1, FULL, "in progress")],
    # Not bad, but stale.
    "contacts": [(4, FULL, "complete"), (0.1, INCREMENTAL, "skipped")],
    # Two rows with the same key, as in a target that appends: the full read's counts.
    "twice": [(0.1, FULL, "in progress"), (0.1, FULL, "complete")],
}
BAD = {"missing", "in_doubt", "failed", "never_ends", "never_ended", "clients"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "sync_log.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA clientsuccess")
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE clientsuccess.sync_log ({columns})")
        for stream, history in HISTORIES.items():
            for number, (days, kind, status) in enumerate(history):
                at = NOW - timedelta(days=days)
                row: dict[str, t.Any] = dict.fromkeys(COLUMNS)
                row |= {"run_id": str(days), "stream": stream, "started_at": at}
                row |= {"ended_at": at, "kind": kind, "status": status}
                row |= {"requests": number + 1}
                connection.execute(
                    "INSERT INTO clientsuccess.sync_log VALUES "
                    f"({', '.join('?' * len(row))})",
                    list(row.values()),
                )
    return path


def dbt(warehouse: Path, *arguments: str) -> tuple[int, str]:
    """Run dbt on the log; return its exit code and what it printed."""
    folder = warehouse.parent
    paths = ["--target-path", str(folder / "target"), "--log-path", str(folder)]
    done = subprocess.run(
        [str(DBT), *arguments, "--profiles-dir", ".", *paths],
        cwd=ROOT / "examples" / "dbt",
        env=os.environ | {"CLIENTSUCCESS_DUCKDB": str(warehouse), "NO_COLOR": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout


def test_streams_that_were_not_read_fail(warehouse: Path) -> None:
    code, output = dbt(
        warehouse, "build", "--store-failures", "--select", "stg_sync_log"
    )
    assert code == 1, output
    assert f"Got {len(BAD)} results" in output
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.sql(
            "SELECT stream FROM customer_success_dbt_test__audit.streams_were_read"
        ).fetchall()
    assert {stream for (stream,) in found} == BAD


def test_freshness_comes_from_the_log(warehouse: Path) -> None:
    names = ("clients", "contacts", "sync_log")
    sources = [f"source:clientsuccess.{name}" for name in names]
    code, output = dbt(warehouse, "source", "freshness", "--select", *sources)
    assert code == 1, output
    assert "PASS freshness of clientsuccess.clients" in output
    assert "ERROR STALE freshness of clientsuccess.contacts" in output
    assert "PASS freshness of clientsuccess.sync_log" in output
