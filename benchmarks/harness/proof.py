"""Proves that a contender read everything, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks.harness.measuring import FailedRunError
from benchmarks.serving import records as served

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.harness.outputs import Record

_ENCODED = {"clients": served.encoded, "client_details": served.detail}


def prove(found: Iterable[Record], stream: str, total: int, *, nulls: bool) -> None:
    """Compare what a contender wrote to what the server has.

    Args:
        found: The records that the contender wrote.
        stream: The stream that it read.
        total: How many records the server has.
        nulls: Whether the contender keeps fields that are null.

    Raises:
        FailedRunError: A record is missing, or differs.
    """
    missing = set(range(1, total + 1))
    for record in found:
        _compare(record, _expected(stream, record["id"], nulls=nulls))
        missing.discard(record["id"])
    if missing:
        raise FailedRunError(f"{len(missing)} of {total} records are missing")


def _expected(stream: str, number: int, *, nulls: bool) -> Record:
    record: Record = msgspec.json.decode(_ENCODED[stream](number))
    if nulls:
        return record
    return {name: value for name, value in record.items() if value is not None}


def _compare(record: Record, expected: Record) -> None:
    if record == expected:
        return
    names = record.keys() | expected.keys()
    differing = [
        name for name in names if record.get(name, ...) != expected.get(name, ...)
    ]
    raise FailedRunError(f"record {record['id']} differs in {sorted(differing)}")
