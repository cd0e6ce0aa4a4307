"""Streams defined in the settings."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from conftest import select
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from clientsuccess_sandbox import Body, Sandbox
from tap_clientsuccess.records.coerce import Coercer
from tap_clientsuccess.records.schema import infer_schema
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import CommandLine, Sync

SEARCH = {"name": "people", "path": "/contact/search", "primary_keys": ["id"]}
LIST = {"name": "goals", "path": "/goal/all", "page_style": "none"}


def test_a_search(sync: Sync, sandbox: Sandbox) -> None:
    sandbox.max_size = 20
    output = sync(streams=["people"], custom_streams=[SEARCH], page_size=50)
    assert output.ids("people") == sandbox.store.ids("contacts")
    schema = output.schemas["people"]["properties"]
    assert schema["id"] == {"type": "integer"}
    assert schema["modifiedTime"]["format"] == "date-time"
    assert schema["npsResult"]["additionalProperties"] is True
    assert "modifiedAfter" not in sandbox.requests[-1].query
    assert "sortBy" not in sandbox.requests[-1].query


def test_an_incremental_search(sync: Sync, sandbox: Sandbox) -> None:
    definition = SEARCH | {"replication_key": "modifiedTime"}
    state = sync(streams=["people"], custom_streams=[definition]).state
    sandbox.store.edit("contacts", 5, notes="edited")
    output = sync(
        streams=["people"],
        custom_streams=[definition],
        state=state,
        lookback_seconds=0,
    )
    assert 5 in output.ids("people")
    assert len(output.records["people"]) == 2
    assert sandbox.requests[-1].query["sortBy"] == "modifiedTime"


def test_a_list_at_a_path_with_parameters(sync: Sync, sandbox: Sandbox) -> None:
    sandbox.faults.add(Body("/goal/all", {"a": {"b": [{"x": 1}, {"x": "two"}]}}))
    definition = LIST | {
        "records_path": "$.a.b[*]",
        "query_parameters": {"open": "yes", "n": 5},
    }
    output = sync(streams=["goals"], custom_streams=[definition])
    assert output.records["goals"] == [{"x": "1"}, {"x": "two"}]
    assert sandbox.requests[-1].query == {"open": "yes", "n": "5"}


def test_a_post_with_a_body(sync: Sync, sandbox: Sandbox) -> None:
    definition = {
        "name": "some_tasks",
        "path": "/task/all",
        "method": "POST",
        "page_style": "none",
        "records_path": "$.content",
        "primary_keys": ["id"],
        "body": {
            "filterBy": {"affiliationTask": "ALL_TASKS"},
            "pagination": {"taskPage": 1, "taskSize": 5},
            "sortBy": [{"key": "dueDate", "value": "asc"}],
        },
    }
    output = sync(streams=["some_tasks"], custom_streams=[definition])
    assert len(output.records["some_tasks"]) == 5


def test_a_schema_that_is_given_is_not_inferred(sync: Sync, sandbox: Sandbox) -> None:
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "email": {"type": ["string", "null"]},
        },
    }
    definition = SEARCH | {"schema": schema}
    output = sync(streams=["people"], custom_streams=[definition])
    assert set(output.schemas["people"]["properties"]) == {"id", "email"}
    assert len(sandbox.requests) == 1


def test_the_catalogs_schema_is_not_inferred_again(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any]
) -> None:
    tap = TapClientSuccess(config=config | {"custom_streams": [SEARCH]})
    catalog = tap.catalog_dict
    sandbox.requests.clear()
    for entry in catalog["streams"]:
        chosen = entry["tap_stream_id"] == "people"
        entry["metadata"][-1]["metadata"]["selected"] = chosen
    output = sync(catalog=catalog, custom_streams=[SEARCH])
    assert len(output.records["people"]) == 90
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("kept", [["clients", "products"], ["products"]])
def test_what_is_not_in_the_catalog_costs_no_request(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any], kept: list[str]
) -> None:
    """Neither samples nor custom fields; a path that is missing stops nothing."""
    catalog = TapClientSuccess(config=config).catalog_dict
    entries = [e for e in catalog["streams"] if e["tap_stream_id"] in kept]
    output = sync(
        catalog={"streams": entries},
        custom_streams=[SEARCH, LIST],
        discover_custom_fields=True,
    )
    assert list(output.records) == kept
    asked = {request.path for request in sandbox.requests}
    custom_fields = {"/api/customfield/all/CLIENT"} if "clients" in kept else set()
    assert asked == {f"/api/{name[:-1]}/search" for name in kept} | custom_fields


@pytest.mark.parametrize("is_selected", [True, False])
@pytest.mark.parametrize("method", [None, "INCREMENTAL", "FULL_TABLE"])
def test_a_catalog_without_the_replication_key(
    cli: CommandLine, tmp_path: Path, method: str | None, is_selected: bool
) -> None:
    entry = {
        "tap_stream_id": "people",
        "schema": {"properties": {"id": {"type": "integer"}}},
        "key_properties": ["id"],
        "replication_method": method,
        "metadata": [{"breadcrumb": [], "metadata": {"selected": is_selected}}],
    }
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [entry]}))
    definition = SEARCH | {"replication_key": "modifiedTime"}
    result = cli("--catalog", "catalog.json", custom_streams=[definition])
    is_wrong = is_selected and method is None
    words = "people: the replication key modifiedTime is not in the schema"
    assert result.exit_code == (0 if is_selected and not is_wrong else 2)
    assert (words in result.stderr) == is_wrong
    is_in_full = "people: read in full, as INCREMENTAL needs" in result.stderr
    assert is_in_full == (method == "INCREMENTAL")


def test_an_empty_list_has_a_schema_with_its_keys(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Body("/goal/all", []))
    definition = LIST | {"primary_keys": ["id"], "replication_key": "at"}
    output = sync(streams=["goals"], custom_streams=[definition])
    assert set(output.schemas["goals"]["properties"]) == {"id", "at"}
    assert "no records to infer a schema from" in caplog.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": None}, "custom_streams.0.name must be of type string"),
        ({"name": ""}, "custom_streams.0.name is empty"),
        ({"name": "clients"}, "custom_streams.0.name: there is a stream clients"),
        ({"path": "goal"}, "custom_streams.0.path must start with a slash"),
        ({"method": "DELETE"}, "custom_streams.0.method must be one of GET, POST"),
        ({"records_path": "$.["}, "custom_streams.0.records_path is not a JSONPath"),
        ({"page_style": "cursor"}, "custom_streams.0.page_style must be one of"),
        ({"primary_keys": "id"}, "custom_streams.0.primary_keys must be of type array"),
        ({"schema": {"type": "object"}}, "custom_streams.0.schema has no properties"),
        ({"schema": {"properties": {"a": {"type": "int"}}}}, "schema is not a JSON sc"),
        ({"schema": {"properties": {"a": True}}}, "schema is not a JSON schema"),
        ({"path": "/goal/{api_key}"}, "custom_streams.0.path must not contain a brace"),
        ({"pat": 1}, "custom_streams.0.pat is not a setting; did you mean path?"),
    ],
)
def test_a_bad_definition_names_the_entry_and_the_key(
    cli: CommandLine, change: dict[str, t.Any], words: str
) -> None:
    result = cli(custom_streams=[LIST | change])
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("body", "count"),
    [({"data": []}, 0), ({"data": [{"id": 1}]}, 1), ({"error": "later"}, None)],
)
def test_a_missing_records_path_is_an_error(
    sync: Sync, sandbox: Sandbox, body: dict[str, t.Any], count: int | None
) -> None:
    schema = {"properties": {"id": {"type": "integer"}}}
    definition = LIST | {"records_path": "$.data[*]", "schema": schema}
    sandbox.faults.add(Body("/goal/all", body, times=1))
    sandbox.faults.add(Body("/goal/all", {"data": [{"id": 1}, {"id": 2}]}))
    output = sync(streams=["goals"], custom_streams=[definition])
    retried = 2
    assert len(output.records["goals"]) == (retried if count is None else count)


def test_a_definition_without_a_path(cli: CommandLine) -> None:
    result = cli(custom_streams=[SEARCH, {"name": "x"}])
    assert "custom_streams.1.path is missing" in result.stderr


KEYS = [
    ({"primary_keys": ["ID"]}, "the primary key ID"),
    ({"replication_key": "modifiedtime"}, "the replication key modifiedtime"),
]


@pytest.mark.parametrize("args", [[], ["--discover"]])
@pytest.mark.parametrize(("keys", "words"), KEYS)
def test_a_key_that_no_sample_has(
    cli: CommandLine, args: list[str], keys: dict[str, t.Any], words: str
) -> None:
    result = cli(*args, custom_streams=[SEARCH | keys | {"page_style": "none"}])
    assert result.exit_code == 2
    assert f"custom_streams: no record of people has {words}" in result.stderr


@pytest.mark.parametrize("keys", [["id", "id"], [""]])
def test_primary_keys_that_are_no_keys(cli: CommandLine, keys: list[str]) -> None:
    result = cli(custom_streams=[SEARCH | {"primary_keys": keys}])
    assert "custom_streams.0.primary_keys must be different names" in result.stderr


@pytest.mark.parametrize(("keys", "words"), KEYS)
def test_a_schema_without_a_key(
    cli: CommandLine, keys: dict[str, t.Any], words: str
) -> None:
    schema = {"properties": {"id": {"type": "integer"}}}
    result = cli(custom_streams=[SEARCH | {"schema": schema} | keys])
    assert result.exit_code == 2
    assert f"custom_streams.0.schema lacks {words}" in result.stderr


def test_two_of_the_same_name(cli: CommandLine) -> None:
    result = cli(custom_streams=[LIST, LIST])
    assert "custom_streams.1.name: there is a stream goals already" in result.stderr


def test_a_missing_endpoint(cli: CommandLine) -> None:
    result = cli("--discover", custom_streams=[LIST])
    assert result.exit_code == 2
    assert "the path of goals does not exist" in result.stderr
    assert "/api/goal/all answered 404" in result.stderr
    assert "Traceback" not in result.stderr


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.datetimes(timezones=st.just(None)).map(lambda d: d.isoformat() + "Z")
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), values)))
def test_samples_conform_to_what_is_inferred_from_them(
    samples: list[dict[str, t.Any]],
) -> None:
    schema = infer_schema(samples, [])
    validator = Draft202012Validator(schema)
    lost: list[str] = []
    coercer = Coercer(schema, lambda what, _: lost.append(what))
    for sample in samples:
        record = coercer.coerce(sample)
        assert not list(validator.iter_errors(floats(record)))
    assert not lost


def floats(value: t.Any) -> t.Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    return [floats(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("replication_key", [None, "modifiedTime"])
def test_a_primary_key_that_no_record_has_is_an_error(
    cli: CommandLine, replication_key: str | None
) -> None:
    """Otherwise all records would be dropped, and the bookmark would pass them."""
    schema: dict[str, t.Any] = {"properties": {"ID": {}, "modifiedTime": {}}}
    stream = SEARCH | {"primary_keys": ["ID"], "schema": schema}
    if replication_key:
        stream |= {"replication_key": replication_key}
    result = cli(custom_streams=[stream])
    assert result.exit_code == 2
    assert "records lack their primary key ID" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    *_, state = [line["value"] for line in lines if line["type"] == "STATE"]
    bookmark = state["bookmarks"][stream["name"]]
    assert bookmark.get("replication_key_value") is None


@pytest.mark.parametrize("flat", [False, True])
def test_what_a_schema_forbids_to_be_null_may_be_absent(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any], *, flat: bool
) -> None:
    inner = {"type": "object", "properties": {"b": {"type": "integer"}}}
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "must": {"type": "string"},
            "one": {"enum": ["a", "b"]},
            "object": {**inner, "required": ["b"]},
            "list": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["id", "must", "object"],
    }
    records = [{"id": 1}, {"id": 2, "object": {}, "one": "c", "list": ["x"]}]
    sandbox.faults.add(Body("/odd", records))
    given = {"name": "odd", "path": "/odd", "page_style": "none", "schema": schema}
    custom = {"custom_streams": [{**given, "primary_keys": ["id"]}]}
    settings = {"flattening_enabled": flat, "flattening_max_depth": 2 if flat else 0}
    output = sync(streams=["odd"], **custom, **settings)
    sent = output.schemas["odd"]
    discovered = TapClientSuccess(config=config | custom).streams["odd"].schema
    assert flat or discovered == sent
    assert sent["properties"]["id"] == {"type": "integer"}
    assert sent["required"] == ["id"]
    assert len(output.records["odd"]) == 2
    for record in output.records["odd"]:
        assert set(record) == set(sent["properties"])
        Draft202012Validator(sent).validate(record)


def test_what_a_catalog_forbids_to_be_null_may_be_absent(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any]
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["products"])
    for entry in catalog["streams"]:
        for member in entry["schema"]["properties"].values():
            if isinstance(member.get("type"), list):
                member["type"] = member["type"][0]
        entry["schema"]["required"] = list(entry["schema"]["properties"])
    page = {"data": [{"id": 1}], "totalElements": 1, "last": True}
    sandbox.faults.add(Body("/product/search", page))
    output = sync(catalog=catalog)
    (record,) = output.records["products"]
    Draft202012Validator(output.schemas["products"]).validate(record)
    assert output.schemas["products"]["required"] == ["id"]
