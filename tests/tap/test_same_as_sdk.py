"""The messages are those that the SDK alone would write."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal
from importlib import import_module

import pytest
from conftest import select
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.streams import Stream

from tap_clientsuccess.singer.stream import RecordStream
from tap_clientsuccess.singer.writer import BufferedWriter
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from pathlib import Path

    from clientsuccess_sandbox import Sandbox

Messages = list[dict[str, t.Any]]
Run = t.Callable[..., Messages]
_NOTED = ("full_read", "full_read_in_progress", "table_version", "first_read_began")
_TIMES = {"started_at", "ended_at", "next_full_read_at"}


@pytest.fixture
def run(config: dict[str, t.Any], capsys: pytest.CaptureFixture[str]) -> Run:
    def messages(catalog: dict[str, t.Any], **settings: t.Any) -> Messages:
        tap = TapClientSuccess(config=config | settings, catalog=catalog)
        capsys.readouterr()
        tap.run()
        lines = capsys.readouterr().out.splitlines()
        return [without_time(json.loads(line, parse_float=Decimal)) for line in lines]

    return messages


def without_time(message: dict[str, t.Any]) -> dict[str, t.Any]:
    if message["type"] == "RECORD":
        assert message.pop("time_extracted")
        if message["stream"] == "sync_log":
            del message["record"]["run_id"]
            for name in {"version", *_TIMES} & message["record"].keys():
                message["record"][name] = "a time"
    if "version" in message:
        message["version"] = "the second in which the tap began"
    if message["type"] == "STATE":
        for bookmark in message["value"]["bookmarks"].values():
            for name in _NOTED:
                bookmark.pop(name, None)
    return message


@pytest.fixture(params=[False, True], ids=["declared types", "odd types"])
def types(request: pytest.FixtureRequest, sandbox: Sandbox) -> None:
    sandbox.odd_types = request.param


@pytest.fixture
def sdk_implementation(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[], None]:
    """Make and encode every message by the SDK's own code."""

    def take() -> None:
        monkeypatch.setattr(RecordStream, "_changes_nothing", False)
        monkeypatch.setattr(
            RecordStream,
            "_generate_record_messages",
            Stream._generate_record_messages,  # noqa: SLF001
        )
        monkeypatch.setattr(
            RecordStream, "TYPE_CONFORMANCE_LEVEL", TypeConformanceLevel.NONE
        )
        monkeypatch.setattr(
            RecordStream,
            "_stream_version",
            property(lambda self: self.version, lambda *_: None),
            raising=False,
        )
        monkeypatch.setattr(
            BufferedWriter,
            "serialize_message",
            lambda _, message: serialize_json(message.to_dict()).encode(),
        )

    return take


@pytest.mark.parametrize(
    ("settings", "deselected"),
    [
        ({}, None),
        ({}, ["email"]),
        ({}, ["segment", "title"]),
        ({"flattening_enabled": True, "flattening_max_depth": 1}, None),
        ({"stream_maps": {"clients": {"note": None, "shout": "name.upper()"}}}, None),
        ({"emit_activate_version_messages": True}, None),
    ],
    ids=["plain", "deselected", "nested", "flattened", "mapped", "versions"],
)
@pytest.mark.usefixtures("types")
def test_the_same_messages(
    run: Run,
    sdk_implementation: t.Callable[[], None],
    config: dict[str, t.Any],
    settings: dict[str, t.Any],
    deselected: list[str] | None,
) -> None:
    catalog = TapClientSuccess(config=config).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = True
        if deselected:
            path = [part for name in deselected for part in ("properties", name)]
            entry["metadata"].append(
                {"breadcrumb": path, "metadata": {"selected": False}}
            )
    ours = run(catalog, **settings)
    sdk_implementation()
    assert run(catalog, **settings) == ours
    assert len(ours) > 500


def test_the_same_records_as_a_plain_sdk_tap(
    run: Run,
    config: dict[str, t.Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    every = TapClientSuccess(config=config | {"read_details": True}).catalog_dict
    catalog = select(every, ["clients"])
    for entry in catalog["streams"]:
        path = tmp_path / f"{entry['tap_stream_id']}.json"
        path.write_text(json.dumps(entry["schema"]))
    monkeypatch.setenv("SCHEMAS", str(tmp_path))
    plain_sdk_tap = import_module("benchmarks.programs.plain_sdk_tap")
    ours = records(run(catalog))
    plain_config = {name: config[name] for name in ("api_key", "base_url")}
    plain_sdk_tap.PlainTap(config=plain_config, catalog=catalog).sync_all()
    lines = capsys.readouterr().out.splitlines()
    plain = records([json.loads(line, parse_float=Decimal) for line in lines])
    for record in plain:
        # Only this tap turns a bare name into the object that the schema declares.
        if isinstance(record.get("segment"), str):
            record["segment"] = {"title": record["segment"]}
    assert plain == ours
    assert len(ours) == 30


def records(messages: Messages) -> list[dict[str, t.Any]]:
    """Return the records by id, without the nulls that stand for absent fields."""
    found = {
        message["record"]["id"]: {
            name: value
            for name, value in message["record"].items()
            if value is not None
        }
        for message in messages
        if message["type"] == "RECORD"
    }
    return [found[number] for number in sorted(found)]
