"""Rules for all schemas."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_clientsuccess import schemas
from tap_clientsuccess.catalog import SCHEMAS
from tap_clientsuccess.custom_fields import property_of
from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.records.schema import infer_schema, nullable_schema
from tap_clientsuccess.streams import STREAMS

if t.TYPE_CHECKING:
    from tap_clientsuccess.records import JSONSchema

NAMES = [
    path.stem
    for path in Path(schemas.__path__[0]).glob("*.json")
    if path.stem != "shared"
]


def unions(schema: JSONSchema) -> t.Iterator[t.Any]:
    declared = schema["type"]
    if isinstance(declared, list) and len({*declared} - {"null"}) != 1:
        yield declared
    for part in [*schema.get("properties", {}).values(), schema.get("items")]:
        if part:
            yield from unions(part)


@pytest.mark.parametrize("name", NAMES)
def test_no_type_but_one_or_null(name: str) -> None:
    assert not list(unions(SCHEMAS.fetch_schema(name)))


def test_all_but_the_primary_keys_may_be_null() -> None:
    for stream in STREAMS:
        schema = SCHEMAS.fetch_schema(stream.name)  # type: ignore[misc]
        assert nullable_schema(schema, stream.primary_keys) == schema


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(), json_values)))
def test_no_inferred_type_but_one_or_null(samples: list[t.Any]) -> None:
    assert not list(unions(infer_schema(samples, ["id"])))


@given(st.text() | st.none() | st.integers())
@example("STRING")
@example("SOMETHING_NEW")
@example("MULTI_SELECT")
def test_no_type_of_a_custom_field_but_one_or_null(kind: t.Any) -> None:
    _, schema = property_of({"fieldKey": "x", "fieldTypeName": kind})
    assert not list(unions(schema))


def test_a_custom_field_of_unknown_type_is_text() -> None:
    _, schema = property_of({"fieldKey": "x", "fieldTypeName": "SOMETHING_NEW"})
    assert schema["type"] == ["string", "null"]
    custom = {"type": "object", "properties": {"x": schema}}
    reader = RecordReader({"properties": {"custom": custom}}, warn=lambda *_: None)
    for value, text in (
        ('"a"', "a"),
        ("5.50", "5.50"),
        ("true", "true"),
        ('[1,{"a":2.0}]', '[1,{"a":2.0}]'),
        ("null", None),
    ):
        (record,) = reader.read(f'[{{"custom":{{"x":{value}}}}}]'.encode()).records
        assert json.loads(record.line) == {"custom": {"x": text}}


@pytest.mark.parametrize(
    ("sample", "is_time"),
    [
        ("2020-02-29T13:14:15Z", True),
        ("2020-02-29 13:14:15+0000", True),
        ("20200229T131415Z", True),
        ("2020-02-29T13:14:15", False),
        ("2020-02-29", False),
        ("1582934400.5", False),
        ("1582934400000", False),
    ],
)
def test_a_text_is_inferred_to_be_a_time_if_it_has_a_zone(
    sample: str, *, is_time: bool
) -> None:
    (member,) = infer_schema([{"a": sample}], [])["properties"].values()
    assert ("format" in member) == is_time
