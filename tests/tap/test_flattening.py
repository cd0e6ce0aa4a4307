"""Flattening: the columns of SCHEMA and records are the same, and fit every target."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from conftest import select
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from singer_sdk.exceptions import ConfigValidationError

from tap_clientsuccess.singer.flattening import (
    LONGEST_NAME,
    ColumnNames,
    FlatteningPlan,
)
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from conftest import Sync

    from clientsuccess_sandbox import Sandbox

TEXT = {"type": ["string", "null"]}


def plan_of(
    *names: str, longest: int = LONGEST_NAME, separator: str = "__", **top: t.Any
) -> FlatteningPlan:
    """Flatten a schema whose `custom` has these members."""
    custom = {"type": ["object", "null"], "properties": dict.fromkeys(names, TEXT)}
    schema = {"type": "object", "properties": {**top, "custom": custom}}
    return FlatteningPlan("clients", schema, 1, ColumnNames(separator, longest))


def columns_of(*names: str, **more: t.Any) -> list[str]:
    return list(plan_of(*names, **more).schema["properties"])


@pytest.mark.parametrize("depth", [1, 2, 9])
def test_records_have_the_columns_of_their_schema_and_no_others(
    sync: Sync, depth: int
) -> None:
    plain = sync(discover_custom_fields=True)
    output = sync(
        flattening_enabled=True,
        flattening_max_depth=depth,
        discover_custom_fields=True,
    )
    assert {name: len(found) for name, found in output.records.items()} == {
        name: len(found) for name, found in plain.records.items()
    }
    for stream, records in output.records.items():
        schema = output.schemas[stream]
        for record in records:
            assert list(record) == list(schema["properties"])
            Draft202012Validator(schema).validate(record)


def test_every_declared_value_arrives(sync: Sync) -> None:
    settings = {"streams": ["contracts"], "discover_custom_fields": True}
    plain = sync(**settings).records["contracts"]
    output = sync(**settings, flattening_enabled=True, flattening_max_depth=9)

    def leaves(value: t.Any, path: str = "") -> t.Iterator[tuple[str, t.Any]]:
        if isinstance(value, dict):
            for name, item in value.items():
                yield from leaves(item, f"{path}__{name}" if path else name)
        else:
            yield path, value

    flat = output.records["contracts"]
    for record, columns in zip(plain, flat, strict=True):
        found = {k: v for k, v in leaves(record) if v not in (None, [])}
        text = {k: json.loads(columns[k]) for k, v in found.items() if type(v) is list}
        sent = {k: v for k, v in columns.items() if v not in (None, "[]")}
        assert sent | text == found


@given(st.lists(st.text(min_size=1), unique=True), st.integers(20, 80))
def test_names_are_distinct_plain_and_short(names: list[str], longest: int) -> None:
    columns = columns_of(*names, longest=longest)
    assert len({column.lower() for column in columns}) == len(names)
    for column in columns:
        assert re.fullmatch(r"custom__[A-Za-z0-9_]+", column)
        assert len(column) <= longest


@given(
    st.lists(st.text("aA_\"é'", min_size=1), min_size=1, unique=True),
    st.integers(1, 5),
)
def test_a_new_field_renames_no_other(names: list[str], old: int) -> None:
    assert columns_of(*names)[:old] == columns_of(*names[:old])


def test_names_as_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "custom-fields.md").read_text()
    rows = dict(re.findall(r"^\| `(.+?)` \| `(custom__.+?)` \|", page, re.MULTILINE))
    assert len(rows) == 4
    assert columns_of(*rows, "x" * 54, "x" * 55) == [
        *rows.values(),
        f"custom__{54 * 'x'}",
        f"custom__{45 * 'x'}_ea565519",
    ]


def test_names_at_the_top_stay(sync: Sync) -> None:
    top = {"custom__A": TEXT, 'odd "one"': TEXT}
    columns = columns_of("a", **top)
    assert columns[:2] == list(top)
    assert re.fullmatch("custom__a_[0-9a-f]{8}", columns[2])


def test_the_longest_name_is_a_setting(sync: Sync) -> None:
    settings = {"streams": ["clients"], "flattening_enabled": True}
    longest = {"flattening_max_depth": 1, "flattening_max_key_length": 30}
    output = sync(**settings, **longest)
    columns = set(output.schemas["clients"]["properties"])
    assert max(map(len, columns)) == 30
    assert set(output.records["clients"][0]) == columns
    with pytest.raises(ConfigValidationError) as refused:
        sync(**settings, **longest | {"flattening_max_key_length": 5})
    assert refused.value.errors == ["flattening_max_key_length must be 20 or more"]


def test_odd_custom_fields_arrive(sync: Sync, sandbox: Sandbox) -> None:
    odd = {'"quoted" key': "a", "Industry__CS": "b", "x" * 100: "c", "größe": "d"}
    for key in odd:
        sandbox.store.add_custom_field(
            "CLIENT", {"fieldKey": key, "fieldTypeName": "STRING"}
        )
    sandbox.store.edit("clients", 3, custom=odd)
    output = sync(
        streams=["clients"],
        discover_custom_fields=True,
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    (record,) = [r for r in output.records["clients"] if r["id"] == 3]
    custom = {k: v for k, v in record.items() if k.startswith("custom__")}
    assert list(custom.values())[-4:] == list("abcd")
    assert "custom__industry__cs" in custom


@pytest.mark.parametrize(
    "stream_map", [None, {"kept": "name"}, {"other": "custom", "custom": None}]
)
def test_a_name_stays_whatever_is_selected(
    sync: Sync,
    sandbox: Sandbox,
    config: dict[str, t.Any],
    stream_map: dict[str, t.Any] | None,
) -> None:
    """A field must not take the column of another that is not selected."""
    values = {"tier__cs": "older", "TIER__cs": "younger", "Tier__cs": "youngest"}
    for key in values:
        field = {"fieldKey": key, "fieldTypeName": "STRING"}
        sandbox.store.add_custom_field("CLIENT", field)
    sandbox.store.edit("clients", 3, custom=values)
    config["discover_custom_fields"] = True
    settings: dict[str, t.Any] = {
        "flattening_enabled": True,
        "flattening_max_depth": 1,
        "stream_maps": {"clients": stream_map} if stream_map else {},
    }

    def columns(*left_out: str) -> dict[str, str]:
        catalog = TapClientSuccess(config=config).catalog_dict
        select(catalog, ["clients"])
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                if item["breadcrumb"][-1:] and item["breadcrumb"][-1] in left_out:
                    item["metadata"]["selected"] = False
        output = sync(catalog=catalog, **settings)
        (record,) = [r for r in output.records["clients"] if r["id"] == 3]
        assert set(record) == set(output.schemas["clients"]["properties"])
        return {v: k for k, v in record.items() if v in values.values()}

    everything = columns()
    assert len({name.lower() for name in everything.values()}) == 3
    assert everything["older"].endswith("custom__tier__cs"[-8:])
    for left_out in (["tier__cs"], ["TIER__cs", "tier__cs"], ["Tier__cs"]):
        gone = {values[key] for key in left_out}
        expected = {k: v for k, v in everything.items() if k not in gone}
        assert columns(*left_out) == expected


def test_a_name_stays_when_the_field_that_had_it_is_deleted(
    sync: Sync, config: dict[str, t.Any]
) -> None:
    """Rows that are not sent again keep the old field's values in that column."""
    catalog = TapClientSuccess(config=config).catalog_dict
    select(catalog, ["clients", "products"])
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == "clients"]
    custom = entry["schema"]["properties"]["custom"]
    flat: dict[str, t.Any] = {"flattening_enabled": True, "flattening_max_depth": 1}

    def named(*fields: str, state: dict[str, t.Any] | None = None) -> t.Any:
        custom["properties"] = dict.fromkeys(fields, TEXT)
        output = sync(catalog=catalog, state=state, **flat)
        columns = output.schemas["clients"]["properties"]
        return [c for c in columns if c.startswith("custom__")], output.state

    before, state = named("tier", "TIER", "other")
    assert before[0] == "custom__tier"
    assert "column_owners" not in state["bookmarks"]["products"]
    after, state = named("TIER", "Tier", state=json.loads(json.dumps(state)))
    assert after[0] == before[1]
    assert re.fullmatch("custom__Tier_[0-9a-f]{8}", after[1])
    again, _ = named("Tier", "TIER", "tier", state=state)
    assert again == [after[1], before[1], "custom__tier"]
    assert named("TIER")[0] == ["custom__TIER"]  # Everything is read anew.


def test_a_key_must_be_a_column(sync: Sync) -> None:
    keys = {"clients": {"__key_properties__": ["segment"]}}
    flat = {"flattening_enabled": True, "flattening_max_depth": 1}
    sync(streams=["clients"], stream_maps=keys)
    with pytest.raises(ConfigValidationError) as refused:
        sync(streams=["clients"], stream_maps=keys, **flat)
    assert refused.value.errors == [
        "flattening divides segment into its fields, but it is a key of clients"
    ]


def test_undeclared_members_are_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plan = plan_of("a")
    for _ in range(2):
        assert plan.flatten({"custom": {"a": "1", "b@c.d": 2}}) == {"custom__a": "1"}
    assert plan.flatten({"custom": None}) == {"custom__a": None}
    assert len(caplog.records) == 1
    assert "b@c.d" not in caplog.text


def test_an_integer_that_no_column_holds_is_null_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plan = plan_of(number={"type": ["integer", "null"]})
    for sent in (2**63 - 1, -(2**63), 0, None):
        assert plan.flatten({"number": sent})["number"] == sent
    assert not caplog.records
    for _ in range(2):
        assert plan.flatten({"number": 2**63})["number"] is None
    assert caplog.messages == [
        "clients: a value of 'number' has more than 64 bits; null is sent"
    ]


def test_what_is_of_no_one_type_is_text() -> None:
    any_type = {"type": ["string", "integer", "array", "object", "null"]}
    plan = plan_of("a", union=any_type, typeless={}, items={"type": "array"})
    record = {"union": 5, "typeless": {"x": 1.50}, "items": ["ü"]}
    for name in record:
        assert plan.schema["properties"][name] == TEXT
    assert plan.flatten(record) == {
        "union": "5",
        "typeless": '{"x":1.5}',
        "items": '["ü"]',
        "custom__a": None,
    }


def test_required_members_may_be_absent() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "integer"}}}
    schema: dict[str, t.Any] = {"properties": {"id": {"type": "integer"}, "a": inner}}
    schema["required"] = ["id", "a"]
    plan = FlatteningPlan("x", schema, 1, ColumnNames())
    assert plan.schema["required"] == ["id"]
    assert plan.schema["properties"]["a__b"] == {"type": ["integer", "null"]}


def test_the_catalog_is_the_same_with_flattening(config: dict[str, t.Any]) -> None:
    plain = config | {"discover_custom_fields": True}
    flat = plain | {"flattening_enabled": True, "flattening_max_depth": 2}
    assert (
        TapClientSuccess(config=flat).catalog_dict
        == TapClientSuccess(config=plain).catalog_dict
    )
