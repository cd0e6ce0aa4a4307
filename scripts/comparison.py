"""Compares what the tap sent with what a target has: names and types may differ."""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from commands import Row

SHOWN = 4


def fold(name: str) -> str:
    """Return what is left of a name in all targets: some make it snake case."""
    plain = re.sub(r"[^a-z0-9]", "_", name.lower())
    return re.sub(r"(?<!_)_(?!_)", "", plain)


def by_key(records: Iterable[Row], names: Sequence[str]) -> dict[str, Row]:
    """Return records by their primary key as text; the last one of a key counts."""
    return {"/".join(str(each[name]) for name in names): each for each in records}


def folded_by_key(rows: Iterable[Row], names: Iterable[str]) -> dict[str, Row]:
    """Return rows by their primary key, with folded names."""
    folded = ({fold(name): value for name, value in row.items()} for row in rows)
    return by_key(folded, [fold(name) for name in names])


def differences(
    sent: Mapping[str, Sequence[Row]],
    found: Mapping[str, Sequence[Row]],
    keys: Mapping[str, Sequence[str]],
    *,
    appends: bool,
) -> Iterator[str]:
    """Tell what did not arrive, or differs.

    Args:
        sent: All records by stream, also earlier ones with the same key.
        found: The target's rows by stream.
        keys: The names of the primary key by stream.
        appends: Whether the target has a row for each record, not for each key.
    """
    lost: Counter[str] = Counter()
    for stream, records in sent.items():
        expected = by_key(records, keys[stream])
        rows = folded_by_key(found[stream], keys[stream])
        count = len(records if appends else expected)
        if len(found[stream]) != count:
            yield f"{stream}: {len(found[stream])} rows of {count}"
        for key in sorted(expected.keys() & rows.keys()):
            names = unequal(expected[key], rows[key])
            lost.update(f"{stream}.{name}" for name in names)
    if lost:
        shown = ", ".join(f"`{name}`" for name in list(lost)[:SHOWN])
        more = f" and {len(lost) - SHOWN} more columns" if len(lost) > SHOWN else ""
        differ = "values differ" if lost.total() > 1 else "value differs"
        yield f"{lost.total()} {differ}: {shown}{more}"


def unequal(record: Row, row: Row, within: str = "") -> Iterator[str]:
    """Yield the fields of which a row with folded names has another value."""
    for name, value in record.items():
        column = fold(f"{within}{name}")
        if column in row:
            yield from _unequal_values(value, row[column], f"{within}{name}")
        elif isinstance(value, dict):
            yield from unequal(value, row, f"{within}{name}__")
        elif value is not None:
            yield f"{within}{name}"


def _unequal_values(sent: t.Any, found: t.Any, name: str) -> Iterator[str]:
    """Yield the name of a value that differs, or of its members that do."""
    one, other = _canonical(sent), _canonical(found)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _unequal_values(one.get(key), other.get(key), f"{name}.{key}")
    elif one != other:
        yield name


def _canonical(value: t.Any) -> t.Any:  # noqa: PLR0911 - one for each type
    """Return a value such that equal ones compare equal, of whatever types."""
    match value:
        case dict():
            kept = {key: _canonical(item) for key, item in value.items()}
            return {key: item for key, item in kept.items() if item is not None}
        case list():
            return [_canonical(item) for item in value]
        case datetime():
            return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
        case date():
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        case bool():
            return Decimal(value)
        case int() | float():
            return Decimal(str(value))
        case str():
            return _canonical_text(value)
        case _:
            return value


def _canonical_text(text: str) -> t.Any:
    """Return what a text stands for, where it is the text of something else."""
    if text in {"", "True", "False", "true", "false"}:
        return Decimal(text.lower() == "true") if text else None
    for parse in (Decimal, datetime.fromisoformat, _parse_json):
        try:
            return _canonical(parse(text))
        except (ValueError, InvalidOperation, OverflowError):
            continue
    return text


def _parse_json(text: str) -> t.Any:
    if text[:1] not in {"{", "["}:
        raise ValueError
    return json.loads(text, parse_float=Decimal)
