"""Invalid catalogs and states are one line that names stream and field."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import select

from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import CommandLine, CommandResult, Output

    from clientsuccess_sandbox import Sandbox

Entry = dict[str, t.Any]


@pytest.fixture
def catalog(config: dict[str, t.Any]) -> dict[str, t.Any]:
    return TapClientSuccess(config=config).catalog_dict


@pytest.fixture
def run(cli: CommandLine, tmp_path: Path) -> Callable[..., CommandResult]:
    def run(**documents: t.Any) -> CommandResult:
        args = []
        for option, document in documents.items():
            (tmp_path / option).write_text(json.dumps(document))
            args += [f"--{option}", option]
        return cli(*args)

    return run


def clients(catalog: dict[str, t.Any]) -> Entry:
    return next(e for e in catalog["streams"] if e["tap_stream_id"] == "clients")


def only_warning(result: CommandResult) -> str:
    assert result.exit_code == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if " WARNING " in line]
    return line


def only_error(result: CommandResult, sandbox: Sandbox) -> str:
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert not sandbox.requests
    return line


def with_property(value: t.Any) -> Callable[[Entry], object]:
    return lambda entry: entry["schema"]["properties"].update(name=value)


def with_metadata(value: t.Any) -> Callable[[Entry], object]:
    return lambda entry: entry.update(metadata=value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_property({"type": "strng"}), "the type of schema.name must be one of"),
        (with_property({"type": ["null", 1]}), "the type of schema.name must be one"),
        (with_property({"items": {"type": ""}}), "the type of schema.name.items must"),
        (with_property({"properties": 1}), "schema.name.properties must be an object"),
        (with_property({"properties": {"a": []}}), "schema.name.a must be an object"),
        (with_property(None), "schema.name must be an object"),
        (with_property({"format": []}), "the format of schema.name must be a string"),
        (with_property({"anyOf": 5}), "anyOf of schema.name must be a list of objects"),
        (with_property({"anyOf": [5]}), "anyOf of schema.name must be a list of"),
        (lambda e: e["schema"].update(properties=None), "schema must be an object"),
        (lambda e: e.update(schema=None), "schema must be an object with properties"),
        (lambda e: e.pop("schema"), "schema must be an object with properties"),
        (with_metadata(None), "metadata must be a list"),
        (with_metadata([1]), "metadata.0 must be an object with breadcrumb"),
        (with_metadata([{"metadata": {}}]), "metadata.0 must be an object with"),
        (with_metadata([{"breadcrumb": [], "metadata": 0}]), "metadata.0 must be"),
        (lambda e: e.update(stream="customers"), "stream must be the same as"),
        (lambda e: e.update(key_properties=["ID"]), "the primary key ID is not in"),
        (lambda e: e.update(key_properties="id"), "key_properties must be a list"),
        (lambda e: e["schema"]["properties"].pop("id"), "the primary key id is not"),
    ],
)
def test_an_invalid_stream_of_a_catalog(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    sandbox: Sandbox,
    change: Callable[[Entry], object],
    words: str,
) -> None:
    sandbox.requests.clear()
    change(clients(catalog))
    error = only_error(run(catalog=catalog), sandbox)
    assert f"Invalid catalog: clients: {words}" in error


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ({}, "streams must be a list"),
        ({"streams": None}, "streams must be a list"),
        ({"streams": {}}, "streams must be a list"),
        ({"streams": [1]}, "streams.0 has no tap_stream_id"),
        ({"streams": [{"schema": {}}]}, "streams.0 has no tap_stream_id"),
    ],
)
def test_an_invalid_catalog(
    run: Callable[..., CommandResult], sandbox: Sandbox, catalog: t.Any, words: str
) -> None:
    assert f"Invalid catalog: {words}" in only_error(run(catalog=catalog), sandbox)


@pytest.mark.parametrize(
    ("bookmarks", "words"),
    [
        (1, "bookmarks must be an object"),
        ({"clients": 1}, "the bookmark of clients must be an object"),
        ({"clients": {"progress_markers": 1}}, "progress_markers of clients must be"),
        ({"clients": {"partitions": 1}}, "partitions of clients must be a list"),
        ({"clients": {"partitions": [1]}}, "partitions of clients must be a list"),
    ],
)
def test_an_invalid_state(
    run: Callable[..., CommandResult], sandbox: Sandbox, bookmarks: t.Any, words: str
) -> None:
    error = only_error(run(state={"bookmarks": bookmarks}), sandbox)
    assert f"Invalid state: {words}" in error


def test_a_catalog_that_selects_nothing(
    run: Callable[..., CommandResult], catalog: dict[str, t.Any]
) -> None:
    select(catalog, [])
    assert "selects no stream: nothing to read" in only_warning(run(catalog=catalog))


def test_a_catalog_with_an_unknown_stream(
    run: Callable[..., CommandResult], catalog: dict[str, t.Any]
) -> None:
    clients(catalog).update(tap_stream_id="customers", stream="customers")
    warning = only_warning(run(catalog=catalog))
    assert "customers: skipped, because there is no such stream" in warning


@pytest.mark.parametrize("by", ["state", "start_date"])
def test_a_start_in_the_future(
    sync: Callable[..., Output], caplog: pytest.LogCaptureFixture, by: str
) -> None:
    time = "2999-01-01T00:00:00Z"
    bookmark = {"replication_key": "modifiedTime", "replication_key_value": time}
    state = {"bookmarks": {"clients": bookmark}} if by == "state" else {}
    settings = {"start_date": time} if by == "start_date" else {}
    output = sync(streams=["clients"], state=state, **settings)
    assert not output.records
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert [w for w in warnings if "which is in the future" in w]


@pytest.mark.parametrize(
    ("stream_map", "words"),
    [
        ({"x": "nope + 1"}, "'nope + 1' fails: NameNotDefined: 'nope' is not defined"),
        ({"x": "name + 1"}, "'name + 1' fails: TypeError: can only concatenate"),
        ({"x": "int(name)"}, "'int(name)' fails: ValueError"),
        ({"x": "name["}, "'name[' fails: SyntaxError"),
        ({"__filter__": "name > 1"}, "'name > 1' fails: TypeError"),
        ({"__filter__": "name =="}, "SyntaxError"),
        ({"x": "2**100000"}, "an expression makes a number of too many digits"),
        ({"x": r"'\ud800'"}, "an expression makes half a surrogate pair"),
        ({"__key_properties__": ["nokey"]}, "Property 'nokey' was not detected"),
    ],
)
def test_a_stream_map_that_fails(
    cli: CommandLine, sandbox: Sandbox, stream_map: dict[str, t.Any], words: str
) -> None:
    name = (sandbox.store.get("clients", 1) or {})["name"]
    result = cli(stream_maps={"clients": stream_map})
    assert result.exit_code == 1
    (error,) = [line for line in result.stderr.splitlines() if " ERROR " in line]
    assert "Invalid configuration: stream_maps.clients: " in error
    assert words in error
    assert name not in result.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"stream_maps": {"clients": {"__else__": "x"}}}, "__else__ must be null"),
        (
            {"batch_config": {"encoding": {"format": "jsonl", "compression": "none"}}},
            "batch_config.encoding must have the format jsonl with the compression",
        ),
        (
            {"batch_config": {"encoding": {"format": "jsonl"}}},
            "batch_config.encoding must have the format jsonl with the compression",
        ),
        (
            {"batch_config": {"encoding": {"format": "jsonl", "compression": "gzip"}}},
            "batch_config.storage.root is missing",
        ),
        (
            {"batch_config": {"encoding": {"format": "parquet"}}},
            "parquet needs flattening_enabled",
        ),
        (
            {"batch_config": {"encoding": {"format": "parquet"}}},
            "install tap-clientsuccess[parquet]",
        ),
        (
            {"batch_config": {"storage": {"root": "nope://x"}}},
            "batch_config.storage.root cannot be used: ",
        ),
    ],
)
def test_invalid_settings_of_the_sdk(
    cli: CommandLine, sandbox: Sandbox, settings: dict[str, t.Any], words: str
) -> None:
    assert words in only_error(cli(**settings), sandbox)
