"""The marts, against the same figures computed in Python; `make test-dbt`."""

from __future__ import annotations

import json
import os
import typing as t
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WAREHOUSE = os.environ.get("CLIENTSUCCESS_DUCKDB", str(ROOT / "output" / "demo.duckdb"))
TODAY = date.fromisoformat(os.environ["TODAY"])
Row = dict[str, t.Any]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(WAREHOUSE, read_only=True) as connection:
        yield connection


def rows(warehouse: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    found = warehouse.table(table)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def loaded(warehouse: duckdb.DuckDBPyConnection, stream: str) -> list[Row]:
    return rows(warehouse, f"clientsuccess.{stream}")


def mart(warehouse: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    found = rows(warehouse, f"customer_success.{name}")
    assert found, "the demo's data must reach every mart"
    return found


def value(row: Row, column: str, key: str) -> t.Any:
    return (json.loads(row.get(column) or "null") or {}).get(key)


def clients(warehouse: duckdb.DuckDBPyConnection) -> dict[int, Row]:
    return {row["id"]: row for row in loaded(warehouse, "clients")}


def client_of(warehouse: duckdb.DuckDBPyConnection, contract: Row) -> Row:
    number = contract["tenantclientid"] or value(contract, "client", "id")
    return clients(warehouse).get(number, {})


def in_force(warehouse: duckdb.DuckDBPyConnection) -> list[Row]:
    def is_in_force(row: Row) -> bool:
        start, end = row["termstartdate"], row["termenddate"]
        terminated = row["terminatedeffectivedate"] or row["terminateddate"]
        status = (value(row, "meta", "currentStatus") or "").upper()
        return (
            start is not None
            and start.date() <= TODAY
            and (end is None or end.date() >= TODAY)
            and (terminated is None or terminated.date() > TODAY)
            and status not in {"FORECASTED", "LOST", "CHURNED"}
        )

    return [row for row in loaded(warehouse, "contracts") if is_in_force(row)]


def test_health_by_month(warehouse: duckdb.DuckDBPyConnection) -> None:
    months: dict[tuple[t.Any, ...], list[Row]] = defaultdict(list)
    for pulse in loaded(warehouse, "pulses"):
        month = pulse["createdtimestamp"].date().replace(day=1)
        months[pulse["clientid"], pulse["productid"], month].append(pulse)
    expected, before = {}, {}
    for key in sorted(months, key=lambda key: (key[0], key[1] or 0, key[2])):
        newest = max(months[key], key=lambda p: (p["createdtimestamp"], p["id"]))
        score, last = newest["currentscore"], before.get(key[:2])
        change = None if None in (score, last) else score - last
        before[key[:2]] = score
        expected[key] = (score, change, newest["dispositiontype"], len(months[key]))
    got = {
        (row["client_id"], row["product_id"], row["month"]): (
            *(row["score"], row["score_change"], row["disposition"], row["pulses"]),
        )
        for row in mart(warehouse, "client_health_by_month")
    }
    assert got == expected
    assert any(pulses > 1 for *_, pulses in expected.values())


def test_renewals(warehouse: duckdb.DuckDBPyConnection) -> None:
    last = TODAY + timedelta(days=90)
    expected = {
        row["id"]: (
            client_of(warehouse, row).get("name"),
            row["currency"],
            round(row["arr"] or 0, 2),
            (row["termenddate"].date() - TODAY).days,
        )
        for row in in_force(warehouse)
        if row["termenddate"]
        and row["termenddate"].date() <= last
        and value(row, "renewedby", "id") is None
    }
    got = {
        row["contract_id"]: (
            *(row["client_name"], row["currency"], float(row["arr"]), row["days_left"]),
        )
        for row in mart(warehouse, "renewals_next_90_days")
    }
    assert got == expected


def test_arr(warehouse: duckdb.DuckDBPyConnection) -> None:
    groups: dict[tuple[t.Any, ...], list[Row]] = defaultdict(list)
    for row in in_force(warehouse):
        client = client_of(warehouse, row)
        csm = value(client, "managedbyemployee", "id")
        key = csm, value(client, "segment", "title"), row["currency"]
        groups[key].append(row)
    expected = {
        key: (
            len({c["id"] for row in group if (c := client_of(warehouse, row))}),
            len(group),
            pytest.approx(sum(row["arr"] or 0 for row in group), abs=0.01 * len(group)),
        )
        for key, group in groups.items()
    }
    got = {
        (row["csm_id"], row["segment"], row["currency"]): (
            *(row["clients"], row["contracts"], float(row["arr"])),
        )
        for row in mart(warehouse, "arr_by_csm_and_segment")
    }
    assert got == expected


def test_clients_without_touch(warehouse: duckdb.DuckDBPyConnection) -> None:
    never = datetime.min  # noqa: DTZ901 - DuckDB's times have no zone
    touches = {
        key: client["lasttouchdatetime"] or never
        for key, client in clients(warehouse).items()
        if client["status"] not in {"TERMINATED", "INACTIVE"}
    }
    for note in loaded(warehouse, "client_notes"):
        if note["clientid"] in touches:
            at = note["createdtime"] or note["createddatetime"]
            touches[note["clientid"]] = max(touches[note["clientid"]], at)
    expected = {
        key: None if at == never else (TODAY - at.date()).days
        for key, at in touches.items()
        if at == never or (TODAY - at.date()).days > 60
    }
    found = mart(warehouse, "clients_without_touch")
    assert {row["client_id"]: row["days_without_touch"] for row in found} == expected


def test_nps(warehouse: duckdb.DuckDBPyConnection) -> None:
    def at(text: str | None) -> datetime:
        return (
            datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)
        )

    answers: dict[int, list[int]] = defaultdict(list)
    for contact in loaded(warehouse, "contacts"):
        result = json.loads(contact["npsresult"] or "null") or {}
        given = [
            (at(result.get(f"last{kind}{time}")), kind, result[f"last{kind}Score"])
            # Of two at the same time, the survey that was sent again is the later.
            for kind, time in (("Campaign", "ResponseDate"), ("Resent", "Time"))
            if result.get(f"last{kind}Score") is not None
        ]
        if given:
            *_, score = max(given)
            answers[contact["tenantclientid"]].append(score)
    expected = {
        client: (
            len(scores),
            pytest.approx(
                100 * sum((n >= 9) - (n <= 6) for n in scores) / len(scores), abs=0.051
            ),
        )
        for client, scores in answers.items()
    }
    got = {
        row["client_id"]: (row["answers"], float(row["nps"]))
        for row in mart(warehouse, "nps_by_client")
    }
    assert got == expected
