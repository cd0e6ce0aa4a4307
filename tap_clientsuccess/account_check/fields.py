"""What records have, as far as it may be told: names, types, forms; never a value."""

from __future__ import annotations

import re
import typing as t
from collections import Counter, defaultdict

from tap_clientsuccess.account_check.facts import NO_TIME, FieldFacts
from tap_clientsuccess.records.coerce import Coercer

if t.TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from tap_clientsuccess.records import JSONSchema
    from tap_clientsuccess.records.field import Field

_LIMIT_WORDS = re.compile(
    "x|rate|limit|ratelimit|retry|after|remaining|reset|policy|quota|used|window|second"
    "|minute|hour|day|month|daily|requests?|calls?|api|concurrent|burst|throttle|left"
)
_LIMIT_WORD = re.compile("limit|retry|quota|throttle")
_LARGEST_LIMIT = 10_000_000
_PLAIN_NAME = re.compile(r"[a-z]{2,}([A-Z][a-z]+){0,5}")
_PLAIN_TYPE = re.compile(r"[A-Za-z]{2,20}([ _-][A-Za-z]{2,20}){0,2}")
_FORM = re.compile(r"9{4}-9{2}-9{2}([T ]9{2}:9{2}(:9{2})?(\.9{1,9})?(Z|[+-]9+:?9*)?)?")
_ENOUGH_RECORDS = 20
_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    dict: "object",
    list: "array",
    type(None): "null",
}


def names_of(records: Iterable[t.Any], schema: JSONSchema) -> FieldFacts:
    """Return what records have: paths of the schema, types, and forms of times.

    The schema is the stream's, without the fields of this account.
    """
    objects = [record for record in records if isinstance(record, dict)]
    shown, others = _unknown(objects, schema["properties"])
    customs = (each["custom"] for each in objects if "custom" in each)
    found = FieldFacts(sampled=len(objects), unknown=shown, more_unknown=others)
    found.custom = len(set().union(*(c for c in customs if isinstance(c, dict))))
    misfits: list[str] = []
    coercer = Coercer(schema, lambda what, _: misfits.append(what))
    types: defaultdict[str, set[str]] = defaultdict(set)
    fits, times = set(), set()
    for record in objects:
        for field, value in _known(coercer.root, record):
            types[field.path].add(_JSON_TYPES.get(type(value), "number"))
            if field.format and not isinstance(value, (dict, list)):
                times.add(form(value))
            misfits.clear()
            coercer.value(field, value)
            if not misfits:
                fits.add(field.path)
    found.times = sorted(times)
    found.never_fit = {path: sorted(types[path]) for path in sorted({*types} - fits)}
    return found


def _unknown(
    records: Sequence[dict[str, t.Any]], known: Container[str]
) -> tuple[list[str], int]:
    """Return the unknown names that may be told, and how many others there are."""
    counts = Counter(name for record in records for name in record)
    unknown = [name for name in counts if name not in known]
    if len(records) < _ENOUGH_RECORDS:
        return [], len(unknown)
    everywhere = [name for name in unknown if counts[name] == len(records)]
    shown = sorted(filter(_PLAIN_NAME.fullmatch, everywhere))
    return shown, len(unknown) - len(shown)


def _known(field: Field, value: t.Any) -> Iterator[tuple[Field, t.Any]]:
    """Yield the values in a value that the schema knows, each with its field."""
    if isinstance(value, dict) and field.properties:
        # A copy: the coercer learns members meanwhile.
        for name, member in [*field.properties.items()]:
            yield from _known(member, value.get(name))
    elif isinstance(value, list) and field.items:
        for item in value:
            yield from _known(field.items, item)
    elif value is not None and not (
        isinstance(value, (dict, list)) and field.properties
    ):
        yield field, value


def form(value: t.Any) -> str:
    """Return the form of a time, digits as 9; what is no time has none."""
    if not isinstance(value, str):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return f"a number of {len(str(value))} digits" if is_number else NO_TIME
    shape = re.sub("[0-9]", "9", value)
    return shape if _FORM.fullmatch(shape) else NO_TIME


def custom_field_types(names: Iterable[t.Any]) -> tuple[dict[str, int], int]:
    """Return the plain names of types with their counts, and how many others."""
    counts = Counter(name if isinstance(name, str) else None for name in names)
    plain = {
        name: counts[name]
        for name in sorted(filter(None, counts), key=str.lower)
        if _PLAIN_TYPE.fullmatch(name)
    }
    return plain, counts.total() - sum(plain.values())


def limit_headers(
    headers: Iterable[tuple[str, str]],
) -> tuple[dict[str, int | None], int]:
    """Return the headers that tell a limit, with plain numbers, and how many others.

    Shown are usual words alone. Counts that change with each request are no limit.
    """
    found: dict[str, int | None] = {}
    others = set()
    for name, value in headers:
        if not _LIMIT_WORD.search(name.lower()):
            continue
        words = name.lower().split("-")
        if not all(map(_LIMIT_WORDS.fullmatch, words)):
            others.add(name.lower())
            continue
        is_fixed = not {"remaining", "reset", "used", "left"} & {*words}
        number = int(value) if value.isdecimal() and value.isascii() else None
        shown = number if is_fixed and (number or 0) < _LARGEST_LIMIT else None
        found["-".join(word.capitalize() for word in words)] = shown
    return dict(sorted(found.items())), len(others)
