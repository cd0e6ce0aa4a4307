"""Compares what a contender wrote to what the server had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import data
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
        expected = _expected(record, times[number], scenario)
        if not contender.keeps_nulls:
            expected = {name: v for name, v in expected.items() if v is not None}
        if record != expected:
            names = sorted(record.keys() | expected.keys())
            differ = (n for n in names if record.get(n, ...) != expected.get(n, ...))
            raise FailedRunError(f"record {number} differs in {', '.join(differ)}")
        missing.discard(number)
    if missing:
        raise FailedRunError(f"{len(missing)} of {len(times)} records are missing")


def _expected(record: Record, modified: int, scenario: Scenario) -> Record:
    """Return what a record should be; make alike what may be written in two ways."""
    number = record["id"]
    text = data.client(number, modified, odd=scenario.odd)
    if scenario.stream == "client_details":
        text = data.detail(number, text)
    expected: Record = json.loads(text)
    if scenario.odd:
        # Only this tap makes it the string that the schema declares.
        for each in (record, expected):
            each["clientType"]["key"] = str(each["clientType"]["key"])
    if scenario.deselected:
        del expected[scenario.deselected]
    if "stream_maps" in scenario.config:
        expected["company"] = expected["name"]
    if "flattening_enabled" in scenario.config:
        expected = dict(_flattened(expected))
        # An object without declared properties becomes text.
        for name, value in expected.items():
            if isinstance(value, dict) and isinstance(record.get(name), str):
                record[name] = json.loads(record[name])
        # The SDK sends null objects as well, and only the columns that have values.
        for name in record.keys() ^ expected.keys():
            record.setdefault(name)
            expected.setdefault(name)
    return expected


def _flattened(record: Record) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and name != "custom":
            for key, inner in value.items():
                yield f"{name}__{key}", inner
        else:
            yield name, value
