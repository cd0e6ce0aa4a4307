"""Compares what a contender wrote to what the server had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks import data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.contenders import Contender
    from benchmarks.scenarios import Scenario

Record = dict[str, Any]


class FailedRunError(Exception):
    """A contender failed, or wrote other records than it should."""


def verify(found: Iterable[Record], scenario: Scenario, contender: Contender) -> None:
    """Compare every field of every record.

    Args:
        found: The records that the contender wrote.
        scenario: What it had to read.
        contender: The contender.

    Raises:
        FailedRunError: A record is missing, or differs.
    """
    ids = data.ids(scenario)
    times = dict(zip(ids, data.times(scenario), strict=True))
    first = len(ids) - scenario.changes if scenario.changes is not None else 0
    missing = set(ids[first:])
    for record in found:
        number = record["id"]
        expected = _expected(number, times[number], scenario)
        if not contender.keeps_nulls:
            expected = {name: v for name, v in expected.items() if v is not None}
        _make_alike(record, expected, scenario)
        if record != expected:
            names = sorted(record.keys() | expected.keys())
            differ = (n for n in names if record.get(n, ...) != expected.get(n, ...))
            raise FailedRunError(f"record {number} differs in {', '.join(differ)}")
        missing.discard(number)
    if missing:
        raise FailedRunError(f"{len(missing)} of {len(times)} records are missing")


def _make_alike(record: Record, expected: Record, scenario: Scenario) -> None:
    """Make equal what contenders may write in different ways."""
    if scenario.odd:
        # Only this tap makes it the string that the schema declares.
        record["clientType"]["key"] = str(record["clientType"]["key"])
    if "flattening_enabled" in scenario.config:
        # An object without declared properties becomes text.
        record["custom"] = json.loads(record["custom"])
        # The SDK sends null objects as well, and only the columns that have values.
        for name in record.keys() ^ expected.keys():
            record.setdefault(name)
            expected.setdefault(name)


def _expected(number: int, modified: int, scenario: Scenario) -> Record:
    text = data.client(number, modified, odd=scenario.odd)
    if scenario.stream == "client_details":
        text = data.detail(number, text)
    record: Record = json.loads(text)
    if scenario.odd:
        record["clientType"]["key"] = str(record["clientType"]["key"])
    if scenario.deselected:
        del record[scenario.deselected]
    if "stream_maps" in scenario.config:
        record["company"] = record["name"]
    if "flattening_enabled" in scenario.config:
        record = dict(_flattened(record))
    return record


def _flattened(record: Record) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and name != "custom":
            for key, inner in value.items():
                yield f"{name}__{key}", inner
        else:
            yield name, value
