"""Whatever leaves is valid against its schema, formats too."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.records.schema import nullable_schema
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from tap_clientsuccess.records import JSONSchema

STRICT = FormatChecker(formats=["uuid", "email"])
DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(
    r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


@STRICT.checks("date", raises=ValueError)
def is_date(value: t.Any) -> bool:
    if not isinstance(value, str):
        return True
    return bool(DATE.fullmatch(value) and dt.date.fromisoformat(value))


@STRICT.checks("time")
def is_time(value: t.Any) -> bool:
    return not isinstance(value, str) or bool(TIME.fullmatch(value))


@STRICT.checks("date-time", raises=(ValueError, OverflowError))
def is_date_time(value: t.Any) -> bool:
    if not isinstance(value, str):
        return True
    return bool(
        is_date(value[:10])
        and value[10:11] == "T"
        and is_time(value[11:])
        and dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    )


def read(schema: JSONSchema, *records: str) -> tuple[list[t.Any], Counter[str]]:
    """Return the records that leave, and the warnings; all have been validated."""
    warnings: Counter[str] = Counter()
    schema = nullable_schema(schema, ["id"])
    reader = RecordReader(schema, warn=lambda what, n: warnings.update({what: n}))
    page = reader.read(f'{{"data":[{",".join(records)}]}}'.encode())
    sent = [json.loads(record.line) for record in page.records]
    for record in sent:
        Draft7Validator(schema, format_checker=STRICT).validate(record)
    return sent, warnings


def value_of(member: JSONSchema, value: str) -> tuple[t.Any, str]:
    """Return what is sent of a value, and the warning; on both ways through."""
    schema = {"properties": {"id": {}, "a": member}}
    nested = {"properties": {"o": {"type": "object", "properties": {"a": member}}}}
    record = f'{{"id":1,"a":{value}}}'
    (sent, other), warnings = read(schema, record, '{"id":2,"a":null}')
    (inside,), _ = read(nested, f'{{"o":{{"a":{value}}}}}')
    (one_by_one,), _ = read(schema, record.replace('"id":1', '"id":1,"odd":2'))
    assert other["a"] is None
    assert sent["a"] == inside["o"]["a"] == one_by_one["a"]
    return sent["a"], "".join(warnings)


def rows() -> list[list[str]]:
    page = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    table = page.partition("### Times and dates")[2].partition("\n- **")[0]
    lines = [line for line in table.split("\n") if line.startswith("|")]
    return [re.split(r" \| ", line.strip("| "))[1:] for line in lines[2:]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_the_table_of_forms(row: list[str]) -> None:
    example = row[0].strip("`")
    values = [f'"{example}"', example] if example.isdigit() else [f'"{example}"']
    for value in values:
        for name, cell in zip(("date-time", "date"), row[1:], strict=True):
            member = {"type": "string", "format": name}
            sent, warning = value_of(member, value)
            expected = re.match("`(.*)`|null", cell)
            assert expected
            assert sent == expected[1]
            assert ("a part of it" in warning) == ("part of it" in cell)
            assert ("null is sent" in warning) == ("with a warning" in cell)
            assert example not in warning


@pytest.mark.parametrize(
    "value",
    [
        *("0", "5", "-5", "99999999", "20200230", "14082020", "20200229.5", "1e3"),
        *("20200229131415", "1582934400000000", "1" * 200, "1e400", "-1e999999999"),
        *('"2020-02-30"', '"2020-13-01"', '"2020-02-29T24:00:00Z"', '"29.02.2020"'),
        *('"2020-02-29T13:14:60Z"', '"2020-02-29T13:14:15+24:00"', '"2020-2-9"'),
        *('"2020-W09-6"', '"Sat, 29 Feb 2020 13:14:15 GMT"', '"0000-01-01"'),
        *('"2020-02-29x13:14:15Z"', '"2020-02-29T131415:00Z"', '"٢٠٢٠-٠٢-٢٩"'),
        *("true", "[]", "{}", '["2020-02-29", 5]', '"NaN"', "NaN", '"-"', '"1e9"'),
        *('"9999-12-31T23:59:59-01:00"', '"0001-01-01T00:00:00+14:00"'),
    ],
)
@pytest.mark.parametrize("name", ["date-time", "date"])
def test_anything_else_is_null(name: str, value: str) -> None:
    sent, warning = value_of({"type": "string", "format": name}, value)
    if value == '"1e9"':
        return  # A number, in whatever notation.
    assert sent is None
    assert "null is sent; its form is " in warning
    assert parse_time(json.loads(value) if value[0] != "N" else value) is None


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("-1582934400", "1919-11-04T00:00:00.000Z"),
        ("1582934400.5", "2020-02-29T00:00:00.500Z"),
        ("1.5829344001234E+12", "2020-02-29T00:00:00.123400Z"),
        ('"1582934400.000001"', "2020-02-29T00:00:00.000001Z"),
        ("20200229.0", "2020-02-29T00:00:00.000Z"),
        ('"2020-02-29T13:14:15,123456789+0530"', "2020-02-29T13:14:15.123456789+05:30"),
        ('" 2020-02-29t13:14:15.5 -07"', "2020-02-29T13:14:15.5-07:00"),
        ('"2020-02-29T13:14:15.5"', "2020-02-29T13:14:15.5Z"),
        (r'"2020-02-29\u005413:14:15Z"', "2020-02-29T13:14:15Z"),
        ('"2020-02-29T13:14:15-00:00"', "2020-02-29T13:14:15-00:00"),
    ],
)
def test_other_examples_of_the_forms(value: str, sent: str) -> None:
    found = value_of({"type": ["string", "null"], "format": "date-time"}, value)
    assert found == (sent, "")
    moment = dt.datetime.fromisoformat(sent)
    assert parse_time(json.loads(value)) == moment


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ('"02/29/2020"', "99/99/9999"),
        ('"Jane Doe, jane@x.io"', "aaaa aaa, aaaa?a.aa"),
        ('"été №5"', "aaa ?9"),
        ('"' + "x" * 5000 + '"', "a" * 40 + "..."),
        (r'"a\nb\u001b[1m\""', "a?a??9a?"),
        ("[1]", "a list"),
        ("-5", "-9"),
        ("1e99999", "9a+99999"),
    ],
)
def test_a_form_tells_no_value(value: str, form: str) -> None:
    _, warning = value_of({"type": "string", "format": "date"}, value)
    assert warning.endswith(f"null is sent; its form is {form}")


def test_a_field_shows_few_forms() -> None:
    schema = {"properties": {"a": {"type": "string", "format": "date"}}}
    records = [f'{{"a":"{"x" * length}"}}' for length in range(1, 200)]
    _, warnings = read(schema, *records, records[0])
    assert len(warnings) == 6
    assert max(warnings.values()) == 199 - 5
    assert min(warnings.values()) == 1


@pytest.mark.parametrize(
    ("member", "value", "sent"),
    [
        ({"type": "string", "enum": ["a", "b"]}, '"b"', "b"),
        ({"type": "string", "enum": ["a", "b"]}, '"c"', None),
        ({"type": "integer", "maximum": 5}, "6", None),
        ({"type": "integer", "maximum": 5}, '"5"', 5),
        ({"type": "number", "multipleOf": 0.5}, "1.50", 1.5),
        ({"type": "string", "maxLength": 3}, "12345", None),
        ({"type": "string", "pattern": "^[ab]$"}, '"x"', None),
        ({"type": "string", "format": "uuid"}, '"x"', None),
        ({"type": "integer", "format": "int64"}, "5", 5),
        ({"type": "string", "format": "time"}, '"13:14"', "13:14:00Z"),
        ({"type": "string", "format": "time"}, '"13:14:15.5+0100"', "13:14:15.5+01:00"),
        ({"type": "string", "format": "time"}, '"noon"', None),
        ({"format": "date"}, '"noon"', None),
        ({"format": "date"}, "[5]", [5]),
        ({"anyOf": [{"type": "string", "format": "date"}]}, '"20200229"', "2020-02-29"),
        (
            {"anyOf": [{"type": "string", "format": "date"}, {"type": "integer"}]},
            '"noon"',
            None,
        ),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "5", 5),
        ({"const": 5}, "6", None),
        ({"properties": {"x": {"type": "integer"}}}, '{"x":"5"}', {"x": 5}),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            '{"x":"5","y":"z"}',
            {"x": 5, "y": None},
        ),
        (
            {
                "type": "object",
                "properties": {"x": {}},
                "additionalProperties": {"type": "string", "format": "date-time"},
            },
            '{"x":1.50,"y":"2020-02-29 00:00:00Z"}',
            {"x": 1.5, "y": "2020-02-29T00:00:00Z"},
        ),
        (
            {"type": "object", "properties": {"x": {}}, "additionalProperties": False},
            '{"x":1,"y":2}',
            {"x": 1},
        ),
        ({"type": "object", "additionalProperties": False}, "5", None),
        ({"type": "array", "items": {"type": "integer"}}, '[1,"x"]', [1, None]),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 1}, "[1,2]", None),
    ],
)
def test_rules_of_a_schema(member: JSONSchema, value: str, sent: t.Any) -> None:
    found, warning = value_of(member, value)
    assert found == sent
    lost = [sent, *sent.values()] if isinstance(sent, dict) else [sent]
    assert bool(warning) == (None in lost or sent in ([1, None], {"x": 1}))


FORMS = [row[0].strip("`") for row in rows()]
texts = st.sampled_from([*FORMS, "12:30", "a@b", "", "5", "yes"]) | st.text(max_size=5)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from([int(form) for form in FORMS if form.isdigit()])
    | texts
    | st.datetimes(timezones=st.sampled_from([dt.UTC, None])).map(str)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", 'q"', "\n"]), inner, max_size=3)
    ),
    max_leaves=6,
)
types = st.sampled_from(["string", "integer", "number", "boolean", "null"])
simple: st.SearchStrategy[JSONSchema] = st.fixed_dictionaries(
    {"type": types | st.lists(types, min_size=1, max_size=3, unique=True)},
    optional={
        "format": st.sampled_from(["date", "date-time", "time", "uuid", "email", "x"])
    },
) | st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(["date", "date-time"]),
        "enum": st.just([1, "5", "yes"]),
        "maxLength": st.just(3),
        "minimum": st.just(2),
        "anyOf": st.just([{"type": "integer"}, {"type": "string", "format": "date"}]),
    },
)
schemas = st.recursive(
    simple,
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("array")}, optional={"items": inner})
        | st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(
                    st.sampled_from(["a", "b", 'q"', "\n"]), inner, max_size=3
                ),
                "additionalProperties": inner | st.booleans(),
                "required": st.just(["a"]),
            },
        )
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["a", "b", 'q"']), schemas, min_size=1),
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", 'q"', "more"]), values), max_size=3
    ),
    schemas | st.booleans(),
)
def test_whatever_leaves_is_valid(
    members: JSONSchema, records: list[t.Any], undeclared: t.Any
) -> None:
    schema = {"properties": members, "required": ["a"]}
    read(schema | {"additionalProperties": undeclared}, *map(json.dumps, records))
