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
    def run(*options: str, **documents: t.Any) -> CommandResult:
        args = list(options)
        for option in documents.keys() & {"catalog", "state"}:
            (tmp_path / option).write_text(json.dumps(documents.pop(option)))
            args += [f"--{option}", option]
        return cli(*args, **documents)

    return run


def clients(catalog: dict[str, t.Any]) -> Entry:
    return next(e for e in catalog["streams"] if e["tap_stream_id"] == "clients")


def only_warning(result: CommandResult) -> str:
    assert result.exit_code == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if " WARNING " in line]
    return line


def only_error(result: CommandResult, sandbox: Sandbox) -> str:
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert not sandbox.requests
    return line


def with_property(value: t.Any) -> Callable[[Entry], object]:
    return lambda entry: entry["schema"]["properties"].update(name=value)


def with_metadata(value: t.Any) -> Callable[[Entry], object]:
    return lambda entry: entry.update(metadata=value)


def with_breadcrumb(value: t.Any) -> Callable[[Entry], object]:
    return with_metadata([{"breadcrumb": value, "metadata": {}}])


def with_root(value: dict[str, t.Any]) -> Callable[[Entry], object]:
    return with_metadata([{"breadcrumb": [], "metadata": value}])


def with_field(name: str, value: dict[str, t.Any]) -> Callable[[Entry], object]:
    item = {"breadcrumb": ["properties", name], "metadata": value}
    return lambda entry: entry["metadata"].append(item)


LONG = "x" * 20_000
SCHEMA: dict[str, t.Any] = {"properties": {}}
ENTRY = {"tap_stream_id": "x", "schema": SCHEMA}
NAME = ".schema.properties.name"
ROOT = ".metadata[0].metadata"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_property({"type": "strng"}), f"{NAME}.type: Invalid enum value 'strng'"),
        (with_property({"type": ["null", 1]}), f"{NAME}.type[1]: Expected `str`, got"),
        (with_property({"items": {"type": ""}}), f"{NAME}.items.type: Invalid enum"),
        (with_property({"properties": 1}), f"{NAME}.properties: Expected `object`"),
        (with_property({"properties": {"a": []}}), f"{NAME}.properties.a: Expected"),
        (with_property(None), f"{NAME}: Expected `object`, got `null`"),
        (with_property({"format": []}), f"{NAME}.format: Expected `str`"),
        (with_property({"anyOf": 5}), f"{NAME}.anyOf: Expected `array`"),
        (with_property({"anyOf": [5]}), f"{NAME}.anyOf[0]: Expected `object`"),
        (with_property({"required": None}), f"{NAME}.required: Expected `array`"),
        (lambda e: e["schema"].update(properties=None), ".schema.properties: Expected"),
        (lambda e: e.update(schema=None), ".schema: Expected `object`, got `null`"),
        (lambda e: e.pop("schema"), ": Object missing required field `schema`"),
        (with_metadata(None), ".metadata: Expected `array`, got `null`"),
        (with_metadata([1]), ".metadata[0]: Expected `object`, got `int`"),
        (with_metadata([{"metadata": {}}]), ".metadata[0]: Object missing required f"),
        (with_metadata([{"breadcrumb": [], "metadata": 0}]), f"{ROOT}: Expected `ob"),
        (with_breadcrumb([["properties"]]), ".metadata[0].breadcrumb[0]: Expected"),
        (with_breadcrumb([None, "x"]), ".metadata[0].breadcrumb[0]: Expected `str`"),
        (with_root({"selected": "false"}), f"{ROOT}.selected: Expected `bool | null`"),
        (with_root({"selected-by-default": 1}), f"{ROOT}.selected-by-default: Expect"),
        (with_root({"replication-method": "LOG"}), f"{ROOT}.replication-method: Expe"),
        (with_root({"replication-key": []}), f"{ROOT}.replication-key: Expected `str"),
        (with_root({"table-key-properties": "id"}), f"{ROOT}.table-key-properties: E"),
        (with_property({"description": "\ud800"}), ": the entry has half a surrogate"),
        (lambda e: e.update(replication_method=5), ".replication_method: Expected"),
        (lambda e: e.update(replication_key=["x"]), ".replication_key: Expected `str"),
        (lambda e: e.update(replication_key="x"), ": the replication key x is not in"),
        (lambda e: e.update(key_properties=[["id"]]), ".key_properties[0]: Expected"),
        (lambda e: e.update(stream="customers"), ": stream must be the same as"),
        (lambda e: e.update(key_properties=["ID"]), ": the primary key ID is not in"),
        (lambda e: e.update(key_properties="id"), ".key_properties: Expected `array"),
        (lambda e: e["schema"]["properties"].pop("id"), ": the primary key id is not"),
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
    assert f"Invalid catalog: clients{words}" in error


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ({}, "streams must be a list"),
        ({"streams": None}, "streams must be a list"),
        ({"streams": {}}, "streams must be a list"),
        ({"streams": [1]}, "streams[0]: Expected `object`, got `int`"),
        ({"streams": [{"schema": SCHEMA}]}, "streams[0]: Object missing required"),
        ({"streams": [{"tap_stream_id": LONG}]}, "streams[0].tap_stream_id: Expected"),
        ({"streams": [ENTRY, ENTRY]}, "x: there are two entries of this stream"),
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
        ({"clients": 1}, "bookmarks.clients: Expected `object`, got `int`"),
        ({"clients": {"progress_markers": 1}}, "bookmarks.clients.progress_markers: E"),
        ({"clients": {"partitions": 1}}, "bookmarks.clients.partitions: Expected `"),
        ({"clients": {"partitions": [1]}}, "bookmarks.clients.partitions[0]: Expec"),
        ({"clients": {"replication_key_value": []}}, "bookmarks.clients.replication_"),
    ],
)
def test_an_invalid_state(
    run: Callable[..., CommandResult], sandbox: Sandbox, bookmarks: t.Any, words: str
) -> None:
    error = only_error(run(state={"bookmarks": bookmarks}), sandbox)
    assert f"Invalid state: {words}" in error


@pytest.mark.parametrize("settings", [{}, {"start_date": "2024-01-01"}], ids=str)
@pytest.mark.parametrize(
    "value", ["soon", "", True, 123, "x" * 20_000], ids=lambda v: str(v)[:4]
)
def test_a_bookmark_that_is_no_time(
    run: Callable[..., CommandResult],
    sandbox: Sandbox,
    settings: dict[str, t.Any],
    value: t.Any,
) -> None:
    error = only_error(run(state=state(value), **settings), sandbox)
    assert "Invalid state: the bookmark of clients is not a time" in error


BOOKMARK = {
    "replication_key": "modifiedTime",
    "replication_key_value": "2999-01-01T00:00:00Z",
}


def state(value: t.Any, stream: str = "clients") -> dict[str, t.Any]:
    return {"bookmarks": {stream: BOOKMARK | {"replication_key_value": value}}}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"type": "STATE", "value": state},
        lambda state: {"value": state},
        lambda state: {"singer_state": state},
        lambda state: {"type": "STATE", "value": {"singer_state": state}},
    ],
)
def test_a_state_is_unwrapped(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    wrap: Callable[[t.Any], t.Any],
) -> None:
    select(catalog, ["clients"])
    state = wrap({"bookmarks": {"clients": BOOKMARK}})
    result = run(state=state, catalog=catalog, full_read_interval_days={"*": None})
    assert '"RECORD"' not in result.stdout
    assert "which is in the future" in only_warning(result)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            {"clients": {"modifiedTime": "2024-01-01"}},
            "clients: starts over, as its bookmark in the state is beside bookmarks",
        ),
        (
            {"bookmarks": {"clients": {"modifiedTime": "2024-01-01"}}},
            "starts over, as its bookmark in the state has no replication_key_value",
        ),
        (
            {"bookmarks": {"clients": {"replication_key_value": "2024-01-01"}}},
            "clients: starts over, as its bookmark in the state has no replication_key",
        ),
        (
            {"bookmarks": {"clients": BOOKMARK | {"replication_key": "createdTime"}}},
            "clients: starts over, as its bookmark in the state is of 'createdTime'",
        ),
        (
            {"bookmarks": {"clients": {"partitions": [{"context": {"a": 1}}] * 2}}},
            "clients: starts over, as its bookmarks in the state are of partitions",
        ),
        (
            {"bookmarks": {"Client": BOOKMARK}},
            "bookmark ignored, as there is no such stream; did you mean clients?",
        ),
        (
            {"bookmarks": {"zzz": BOOKMARK}},
            "zzz: bookmark ignored, as there is no such",
        ),
        ({"completed": {}}, "The state has no bookmarks: all streams start over"),
    ],
    ids=str,
)
def test_a_state_without_effect(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    sandbox: Sandbox,
    state: dict[str, t.Any],
    words: str,
) -> None:
    select(catalog, ["clients"])
    # With flattening the SDK would read once for each partition.
    flat = {"flattening_enabled": True, "flattening_max_depth": 1}
    result = run(state=state, catalog=catalog, **flat)
    assert words in only_warning(result)
    assert result.stdout.count('"RECORD"') == len(sandbox.store.records("clients"))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": {}},
        {"bookmarks": {"clients": {}, "employees": {}, "contacts": {"odd": 1}}},
        {"bookmarks": {"clients": {"starting_replication_value": None}}},
    ],
    ids=str,
)
def test_a_state_of_nothing_causes_no_warning(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    state: dict[str, t.Any],
) -> None:
    select(catalog, ["clients"])
    result = run(state=state, catalog=catalog, v1_streams="off")
    assert result.exit_code == 0
    assert " WARNING " not in result.stderr.replace("employees: skipped", "")


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ({"full_reed": {}}, ["full_reed (did you mean full_read?)"]),
        ({"full_read": {"begann": None}}, ["full_read", "`begann`"]),
        ({"full_read": {"failed": "1"}}, ["full_read.failed: Expected `int`"]),
        ({"full_read": {"began": "2024-01-01"}}, ["full_read.began"]),
        ({"full_read_in_progress": []}, ["full_read_in_progress: Expected `object`"]),
        ({"table_version": "1"}, ["table_version: Expected"]),
        ({"first_read_began": 5}, ["first_read_began: Expected"]),
        ({"resource_types": {}}, ["resource_types: Expected"]),
        ({"column_owners": {"a": "b"}}, ["column_owners[...]: Expected"]),
        (
            {"table_version": "1", "first_read_begun": ""},
            ["first_read_begun (did you mean", "table_version: Expected"],
        ),
    ],
    ids=str,
)
def test_notes_that_cannot_be_read_are_named_in_one_warning(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    notes: dict[str, t.Any],
    words: list[str],
) -> None:
    select(catalog, ["contacts"])
    result = run(state={"bookmarks": {"clients": notes}}, catalog=catalog)
    line = only_warning(result)
    for each in ["clients: notes in the state cannot be read", *words]:
        assert each in line


def test_a_custom_stream_is_known(
    run: Callable[..., CommandResult], catalog: dict[str, t.Any]
) -> None:
    stream = {"name": "mine", "path": "/product/search", "schema": {"properties": {}}}
    select(catalog, ["clients"])
    bookmarks: dict[str, t.Any] = {"mine": {}, "min": {}}
    result = run(
        state={"bookmarks": bookmarks}, catalog=catalog, custom_streams=[stream]
    )
    assert "min: bookmark ignored, as there is no such stream; did you mean mine?" in (
        only_warning(result)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(replication_method="FULL_TABLE"),
        with_root({"selected": True, "replication-method": "FULL_TABLE"}),
        with_root({"selected": True, "forced-replication-method": "FULL_TABLE"}),
        with_root({"selected": True, "replication-method": "full_table"}),
        lambda e: (
            e.update(replication_method="FULL_TABLE"),
            with_root({"selected": True, "replication-method": "INCREMENTAL"})(e),
        ),
    ],
)
def test_a_full_table_wins_wherever_it_is_asked_for(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    sandbox: Sandbox,
    change: Callable[[Entry], object],
) -> None:
    select(catalog, ["clients"])
    change(clients(catalog))
    state = {"bookmarks": {"clients": BOOKMARK}}
    result = run(catalog=catalog, state=state)
    assert result.stdout.count('"RECORD"') == len(sandbox.store.records("clients"))


def test_incremental_needs_a_replication_key(
    run: Callable[..., CommandResult], catalog: dict[str, t.Any]
) -> None:
    select(catalog, ["clients"])
    clients(catalog).update(replication_key=None, replication_method="INCREMENTAL")
    for item in clients(catalog)["metadata"]:
        item["metadata"].pop("replication-key", None)
    warning = only_warning(run(catalog=catalog))
    assert "clients: read in full, as INCREMENTAL needs a replication_key" in warning


def test_what_only_the_metadata_says_counts(
    run: Callable[..., CommandResult], catalog: dict[str, t.Any]
) -> None:
    select(catalog, ["clients"])
    for name in ("key_properties", "replication_key", "replication_method"):
        del clients(catalog)[name]
    result = run(catalog=catalog)
    (schema,) = [
        json.loads(line) for line in result.stdout.splitlines() if '"SCHEMA"' in line
    ]
    assert schema["key_properties"] == ["id"]
    assert schema["bookmark_properties"] == ["modifiedTime"]


@pytest.mark.parametrize("key", ["id", "modifiedTime"])
@pytest.mark.parametrize(
    "value",
    [
        {"selected": False},
        {"inclusion": "available", "selected": False},
        {"inclusion": "unsupported"},
        {"selected-by-default": False},
    ],
    ids=str,
)
def test_a_key_stays_selected(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    key: str,
    value: dict[str, t.Any],
) -> None:
    select(catalog, ["clients"])
    with_field(key, value)(clients(catalog))
    result = run(catalog=catalog)
    assert f"clients: {key} stays selected, as it is a key" in only_warning(result)
    for line in result.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "SCHEMA":
            assert key in message["schema"]["properties"]
        elif message["type"] == "RECORD":
            assert message["record"][key]


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["schema"]["properties"].update({LONG: {"type": "string"}}),
        lambda e: e["schema"]["properties"].update({LONG: {"type": "odd"}}),
        lambda e: e["schema"]["properties"].update({"a b" * 7_000: {"type": "odd"}}),
        lambda e: e.update(tap_stream_id=LONG, stream=LONG),
        lambda e: e.update(tap_stream_id="x" * 255, stream="x" * 255),
        lambda e: e.update(key_properties=[LONG]),
        lambda e: e.update(replication_method=LONG),
        with_root({LONG: LONG, "replication-key": LONG}),
    ],
)
def test_nothing_long_is_printed(
    run: Callable[..., CommandResult],
    catalog: dict[str, t.Any],
    change: Callable[[Entry], object],
) -> None:
    select(catalog, ["clients"])
    change(clients(catalog))
    result = run(catalog=catalog, state={"bookmarks": {LONG: {}}})
    assert len(max(result.stderr.splitlines(), key=len)) < 2_500


@pytest.mark.parametrize(
    "args",
    [
        [f"--{LONG}"],
        [f"--test={LONG}"],
        ["--catalog", LONG],
        ["--about", "--format", LONG],
        ["--config", LONG],
    ],
    ids=lambda args: args[0][:9],
)
def test_no_long_option_is_printed(bare_cli: CommandLine, args: list[str]) -> None:
    result = bare_cli(*args)
    assert result.exit_code
    assert len(result.stderr.splitlines()[-1]) < 500


@pytest.mark.parametrize(
    "settings",
    [
        {"custom_streams": [{"name": LONG, "path": "/x"}]},
        {"custom_streams": [{"name": "x", "path": f"/{LONG}"}]},
        {LONG: 1},
        {"stream_maps": {"clients": {"x": LONG}}},
        {"batch_config": {"storage": {"root": f"{LONG}://"}}},
    ],
    ids=lambda settings: str(settings)[:30],
)
def test_no_long_setting_is_printed(
    cli: CommandLine, settings: dict[str, t.Any]
) -> None:
    result = cli(max_retries=0, **settings)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()[-1]) < 1_000


@pytest.mark.parametrize(
    "bookmarks", ['{"clients": {"x": ["\\ud800"]}}', '{"clients\\udc00": {}}'], ids=len
)
def test_half_a_surrogate_pair_in_a_state(
    cli: CommandLine, sandbox: Sandbox, tmp_path: Path, bookmarks: str
) -> None:
    text = f'{{"bookmarks": {bookmarks}}}'
    (tmp_path / "state").write_text(text, encoding="utf-8")
    error = only_error(cli("--state", "state"), sandbox)
    assert "Invalid state: the bookmark of clients" in error
    assert "has half a surrogate pair" in error


def test_half_a_surrogate_pair_in_a_setting(cli: CommandLine, sandbox: Sandbox) -> None:
    result = cli(custom_streams=[{"name": "\ud800", "path": "/x"}])
    assert "custom_streams has half a surrogate pair" in only_error(result, sandbox)


def test_a_catalog_that_selects_nothing(
    run: Callable[..., CommandResult], catalog: dict[str, t.Any]
) -> None:
    for streams in ([], ["sync_log"]):
        select(catalog, streams)
        result = run(catalog=catalog)
        assert result.exit_code == 2
        assert "no stream is selected" in result.stderr.splitlines()[-1]


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
    settings: dict[str, t.Any] = {"full_read_interval_days": {"*": None}}
    if by == "start_date":
        settings["start_date"] = time
    output = sync(streams=["clients"], state=state, **settings)
    assert not output.records
    messages = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    words = {"state": "which is in the future", "start_date": "start_date is in the f"}
    assert len([m for m in messages if words[by] in m]) == 1


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
    assert result.exit_code == 2
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
            "needs pyarrow: install it beside the tap",
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
