"""The comparison behind `make targets` sees what a target loses."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
comparison = importlib.import_module("comparison")

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


def test_a_row_is_split_into_two_tables() -> None:
    cells = ["target-x", "1.0", "all arrives", "all arrives", "cannot"]
    cells += ["number", "str", "date", "list", "kept", "none"]
    arrives, stored = targets.tables([cells]).split(f"\n{targets.BETWEEN}\n\n")
    assert arrives.endswith("| target-x | 1.0 | all arrives | all arrives | cannot |\n")
    assert stored.endswith("| target-x | number | str | date | list | kept | none |\n")
