"""The queries of docs/sync-log.md, on what runs of the tap wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from clientsuccess_sandbox import Sandbox, Status, WrongTotal

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Sync

Row = dict[str, t.Any]
ROOT = Path(__file__).parent.parent


def queries(page: str) -> list[str]:
    """Return the queries of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


FRESHNESS, INCOMPLETE, FULL_READS = queries("docs/sync-log.md")
(LATEST,) = queries("README.md")
STREAMS = ["clients", "contacts", "pulses", "sync_log"]


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(warehouse: duckdb.DuckDBPyConnection, rows: list[Row], folder: Path) -> None:
    """Load rows as a target that appends would."""
    file = folder / "rows.json"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    times = ["started_at", "ended_at", "next_full_read_at"]
    columns = dict.fromkeys(rows[0], "VARCHAR") | dict.fromkeys(times, "TIMESTAMP")
    columns["requests"] = "BIGINT"
    table = f"read_json('{file}', columns={columns})"
    warehouse.execute("CREATE SCHEMA IF NOT EXISTS clientsuccess")
    warehouse.execute(
        f"CREATE TABLE IF NOT EXISTS clientsuccess.sync_log AS FROM {table} LIMIT 0"
    )
    warehouse.execute(f"INSERT INTO clientsuccess.sync_log FROM {table}")


def test_the_queries(
    sandbox: Sandbox,
    sync: Sync,
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
) -> None:
    first = sync(streams=STREAMS)
    load(warehouse, first.records["sync_log"], tmp_path)
    assert warehouse.sql(INCOMPLETE).fetchall() == []
    assert {row[1:4] for row in warehouse.sql(LATEST).fetchall()} == {
        (stream, "first", "complete") for stream in STREAMS if stream != "sync_log"
    }
    # The server tells the time in seconds: the two runs must be further apart.
    warehouse.execute(
        "UPDATE clientsuccess.sync_log SET started_at = started_at - INTERVAL 1 DAY"
    )

    sandbox.faults.add(WrongTotal("/client/search", elements=3))
    a_minute_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    night = sync(
        streams=STREAMS,
        state=first.state,
        full_read_interval_days={"clients": 0, "contacts": 0},
    )
    load(warehouse, night.records["sync_log"], tmp_path)

    ((stream, status, why, _),) = warehouse.sql(INCOMPLETE).fetchall()
    assert (stream, status) == ("clients", "missing")
    assert why
    fresh = dict(warehouse.sql(FRESHNESS).fetchall())
    assert fresh.keys() == set(STREAMS) - {"sync_log"}
    assert fresh["contacts"] > a_minute_ago
    read = {name: due for name, _, due in warehouse.sql(FULL_READS).fetchall()}
    assert read.keys() == fresh.keys()
    assert read["pulses"] > a_minute_ago


def test_the_row_of_a_stream_that_failed_leaves(
    sandbox: Sandbox, tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    sandbox.faults.add(Status("/pulse/search", 503))
    settings = {
        "api_key": sandbox.api_key,
        "base_url": sandbox.base_url,
        "max_retries": 0,
    }
    (tmp_path / "config.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "tap_clientsuccess", "--config", "config.json"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [m["record"] for m in messages if m["type"] == "RECORD" and is_row(m)]
    load(warehouse, rows, tmp_path)
    ((stream, status, why, _),) = warehouse.sql(INCOMPLETE).fetchall()
    assert (done.returncode, stream, status) == (1, "pulses", "failed")
    assert "answered 503" in why
    assert rows[-1]["server_total"] is None


def is_row(message: dict[str, t.Any]) -> bool:
    return bool(message["stream"] == "sync_log")
