"""What `make targets` compares: rows are read exactly, and what is lost is seen."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import typing as t
from decimal import Decimal

import commands
import compare_targets as targets
import comparison
import duckdb
import known_targets
import pytest

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORD = {
    "id": 1,
    "precise": Decimal("1234567890123456789.0123456789"),
    "modifiedTime": "2025-01-01T00:00:00Z",
    "tags": ["a"],
    "client": {"id": 5, "name": "x"},
}


def problems(*rows: dict[str, t.Any], appends: bool = False) -> list[str]:
    sent = {"clients": [RECORD, RECORD] if appends else [RECORD]}
    found = {"clients": list(rows)}
    keys = {"clients": ["id"]}
    return list(comparison.differences(sent, found, keys, appends=appends))


def test_equal_values_of_other_types_and_names_are_equal() -> None:
    time = dt.datetime(2025, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    text = {"tags": '["a"]', "client": '{"id": 5, "name": "x"}'}
    assert not problems({**RECORD, "modified_time": time, **text})
    flat = {k: v for k, v in RECORD.items() if k != "client"}
    flat |= {"client__id": "5", "CLIENT__NAME": "x"}
    assert not problems(flat)
    assert not problems(flat, flat, appends=True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"precise": float(RECORD["precise"])}, "1 value differs: `clients.precise`"),  # type: ignore[arg-type]
        ({"tags": "['a']"}, "1 value differs: `clients.tags`"),
        ({"modifiedTime": None}, "1 value differs: `clients.modifiedTime`"),
        ({"client": {"id": 5}}, "1 value differs: `clients.client.name`"),
    ],
)
def test_lost_values_are_seen(change: dict[str, t.Any], problem: str) -> None:
    assert problems({**RECORD, **change}) == [problem]


def test_lost_rows_and_columns_are_seen() -> None:
    assert problems() == ["clients: 0 rows of 1"]
    assert problems(RECORD, appends=True) == ["clients: 1 rows of 2"]
    assert problems({k: v for k, v in RECORD.items() if k != "tags"}) == [
        "1 value differs: `clients.tags`"
    ]


def test_the_rows_of_a_target_are_replaced_in_both_tables() -> None:
    page = "| a | 1 |\n| x | old |\n\n| x | older |\n| x (y) | 2 |\n"
    assert targets.with_rows(page, "x", ["all", "a|b"], ["kept"]) == (
        "| a | 1 |\n| x | all | a\\|b |\n\n| x | kept |\n| x (y) | 2 |\n"
    )


def test_every_target_has_a_row_in_both_tables() -> None:
    text = targets.PAGE.read_text(encoding="utf-8")
    for target in known_targets.TARGETS.values():
        assert text.count(f"\n| {target.title} |") == 2


def test_rows_are_found_by_the_key_of_their_stream() -> None:
    sent = {"sync_log": [{"run_id": run, "stream": "x", "sent": 1} for run in "ab"]}
    found = {"sync_log": [*sent["sync_log"][:1], {**sent["sync_log"][1], "sent": 2}]}
    keys = {"sync_log": ["run_id", "stream"]}
    assert list(comparison.differences(sent, found, keys, appends=False)) == [
        "1 value differs: `sync_log.sent`"
    ]


def test_messages_are_read_with_all_digits(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_text(
        '{"type":"SCHEMA","stream":"s","schema":{},"key_properties":["id","of"]}\n'
        '{"type":"STATE","value":{"first":1}}\n'
        '{"type":"RECORD","stream":"s","record":{"id":1,"n":0.12345678901234567890}}\n'
        '{"type":"STATE","value":{"last":2}}\n'
    )
    messages = commands.Messages(path)
    assert messages.keys == {"s": ["id", "of"]}
    assert messages.state == {"last": 2}
    assert messages.records == {
        "s": [{"id": 1, "n": Decimal("0.12345678901234567890")}]
    }


TEXT = 'ä, "b"\nc'


def write_lines(place: Path) -> None:
    record = json.dumps({"id": 1, "Note": TEXT})
    (place / "data" / "clients.jsonl").write_text(f"{record}\n", encoding="utf-8")


def write_table(connect: Callable[[Path], t.Any], name: str) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        database = connect(place / name)
        database.execute('CREATE TABLE clients (id INTEGER, "Note" VARCHAR)')
        database.execute("INSERT INTO clients VALUES (1, ?)", [TEXT])
        database.commit()
        database.close()

    return write


def write_file(name: str, options: str) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        file = place / "data" / name
        duckdb.execute(
            f"COPY (SELECT 1 AS id, ? AS Note) TO '{file}' ({options})", [TEXT]
        )

    return write


@pytest.mark.parametrize(
    ("name", "write", "number", "kind"),
    [
        ("jsonl", write_lines, 1, "str"),
        ("duckdb", write_table(duckdb.connect, "db"), 1, "VARCHAR"),
        ("sqlite", write_table(sqlite3.connect, "db.db"), 1, "VARCHAR"),
        ("csv", write_file("clients-1.csv", "header"), "1", "VARCHAR"),
        ("parquet", write_file("clients-1.parquet", "format parquet"), 1, "VARCHAR"),
    ],
)
def test_what_a_target_has_is_read(
    tmp_path: Path,
    name: str,
    write: Callable[[Path], None],
    number: int | str,
    kind: str,
) -> None:
    target, place = known_targets.TARGETS[name], tmp_path / "place"
    target.prepare(place)
    write(place)
    assert target.rows(place, "clients") == [{"id": number, "Note": TEXT}]
    assert target.type_of(place, "clients", "Note") == kind
