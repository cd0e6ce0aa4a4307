"""All features together, drawn at random: each line fits its SCHEMA, nothing is lost.

What is expected comes from one plain read of the same account, and from the rules of
each feature by itself.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import fnmatch
import gzip
import io
import json
import re
import tempfile
import typing as t
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import V1, Output
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from singer_sdk.exceptions import ConfigValidationError

from clientsuccess_sandbox import Sandbox
from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, t.Any]
Json = dict[str, t.Any]

CUSTOM = {
    "name": "notes/own",
    "path": "/clientNote/search",
    "primary_keys": ["id"],
    "replication_key": "modifiedTime",
}
DETAILS = {"client_details", "contact_details"}
LOG = "sync_log"
KEYS = {"custom_fields": ["resourceType", "fieldId"]}
CREATED = {"client_notes": "createdTime", "pulses": "createdTimestamp"}
MIDDLE = "2025-01-01T00:00:00Z"

FORMATS = FormatChecker(formats=())
TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?"


@FORMATS.checks("date", raises=ValueError)
def is_date(value: t.Any) -> bool:
    return not isinstance(value, str) or (
        bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value))
        and bool(dt.date.fromisoformat(value))
    )


@FORMATS.checks("date-time", raises=ValueError)
def is_time(value: t.Any) -> bool:
    return not isinstance(value, str) or (
        bool(re.fullmatch(rf"\d{{4}}-\d\d-\d\dT{TIME}(Z|[+-]\d\d:\d\d)", value))
        and is_date(value[:10])
    )


@dataclass
class Account:
    """A sandbox, its catalog, and all its records as a plain read sends them."""

    config: Json
    catalog: Json
    records: dict[str, list[Record]]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Sandbox(seed=11, clients=9, max_size=10) as sandbox:
        config = {
            "api_key": sandbox.api_key,
            "base_url": sandbox.base_url,
            "custom_streams": [CUSTOM],
            "read_details": True,
            "page_size": 5,
        }
        catalog = TapClientSuccess(config=config).catalog_dict
        whole = run(config, catalog, {})
        assert LOG in whole.records
        assert set(whole.records) == {e["tap_stream_id"] for e in catalog["streams"]}
        for name in ("clients", "contacts", "contracts", "tasks", "pulses"):
            assert whole.ids(name) == sorted(sandbox.store.ids(name))
        yield Account(config, catalog, whole.records)


def run(config: Json, catalog: Json, state: Json, *, stop_after: int = 0) -> Output:
    """Run the tap; stop it as a signal would, at one of its checkpoints."""
    tap = TapClientSuccess(config=config, catalog=copy.deepcopy(catalog), state=state)
    left = stop_after

    def checkpoint() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Interrupted(15)

    tap.message_writer.checkpoint = checkpoint
    tap.context.thread_pool._raise_if_stopped = checkpoint  # noqa: SLF001
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        try:
            tap.run()
        except Interrupted:
            assert left == 0
    output = Output(stdout.getvalue())
    for stream, manifest in output.batches.items():
        for url in manifest:
            path = Path(urlsplit(url).path)
            with gzip.open(path, "rt", encoding="utf-8") as file:
                output.records[stream] += map(json.loads, file)
    return output


@dataclass
class Case:
    """What was drawn."""

    streams: list[str]
    deselected: list[tuple[str, tuple[str, ...]]]
    full_table: dict[str, str]
    stream_maps: Json
    settings: Json
    batch_size: int
    stop_after: int
    keys: dict[str, list[str]] = field(default_factory=dict)

    def catalog(self, account: Account) -> Json:
        """Return the account's catalog, with what was selected."""
        catalog = copy.deepcopy(account.catalog)
        for entry in catalog["streams"]:
            name = entry["tap_stream_id"]
            off = {path for stream, path in self.deselected if stream == name}
            for item in entry["metadata"]:
                path = tuple(item["breadcrumb"][1::2])
                if not path:
                    item["metadata"]["selected"] = name in {*self.streams, LOG}
                elif path in off:
                    item["metadata"]["selected"] = False
                    off.remove(path)
            for path in off:
                crumbs = [part for name in path for part in ("properties", name)]
                entry["metadata"].append(
                    {"breadcrumb": crumbs, "metadata": {"selected": False}}
                )
            set_full_table(entry, self.full_table.get(name))
        return catalog


def set_full_table(entry: Json, way: str | None) -> None:
    """Ask for FULL_TABLE in one of the ways that there are."""
    if way == "entry":
        entry["replication_method"] = "FULL_TABLE"
    elif way:
        (root,) = [i["metadata"] for i in entry["metadata"] if not i["breadcrumb"]]
        root[way] = "FULL_TABLE"


FULL_TABLE_WAYS = ("entry", "forced-replication-method", "replication-method")

COMPUTED = {
    "day": ("datetime.date(2026, 3, 1)", "2026-03-01"),
    "made_at": (
        "datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)",
        "2026-03-01T00:00:00+00:00",
    ),
    "span": ("datetime.timedelta(hours=1)", "1:00:00"),
    "number": ("int(7)", 7),
    "flag": ("bool(1)", True),
    "digest": ("md5('x')", "9dd4e461268c8034f5c8564e155c67a6"),
}
DROPPED = ("name", "note", "email", "custom", "segment")
EVEN = "record.get('id', 0) % 2 == 0"


@st.composite
def a_stream_map(draw: st.DrawFn, keys: list[str] | None) -> Json | None:
    """Draw a stream map; one with the keys' names may leave out all other fields."""
    if draw(st.integers(0, 7)) == 0:
        return None
    names = draw(st.sets(st.sampled_from([*COMPUTED]), max_size=3))
    made: Json = {name: COMPUTED[name][0] for name in sorted(names)}
    if draw(st.booleans()):
        made["__filter__"] = EVEN
    if draw(st.integers(0, 3)) == 0:
        made["__alias__"] = "'v2_' + __stream_name__"
    if draw(st.integers(0, 3)) == 0:
        made["__key_properties__"] = draw(st.sampled_from([None, []]))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        made |= dict.fromkeys(draw(st.sets(st.sampled_from(DROPPED))))
    elif kind == 1 and keys:
        made |= {"__else__": None} | {key: key for key in keys}
    return made


@st.composite
def cases(draw: st.DrawFn, account: Account) -> Case:
    entries = {e["tap_stream_id"]: e for e in account.catalog["streams"]}
    schemas = {name: each["schema"] for name, each in entries.items() if name != LOG}
    streams = draw(st.sets(st.sampled_from([*schemas]), min_size=1, max_size=5))
    fields = [
        (stream, path)
        for stream in sorted(streams)
        for path in paths(schemas[stream])
        if path[0] not in automatic(entries[stream])
    ]
    batch_size = draw(st.sampled_from([0, 0, 3, 7, 1000]))
    stream_maps: Json = {}
    drawn = draw(
        st.lists(
            st.sampled_from(["*", "client*", "con*", *schemas]), max_size=3, unique=True
        )
    )
    # A later pattern would replace the map of a stream, which is an error.
    for key in sorted(drawn, key=lambda key: "*" not in key):
        keys = None if "*" in key else KEYS.get(key, ["id"])
        stream_maps[key] = draw(a_stream_map(keys))
    if draw(st.integers(0, 5)) == 0:
        stream_maps["__else__"] = None
    source = draw(st.sampled_from(sorted(schemas)))
    if not batch_size and draw(st.booleans()):
        stream_maps["copy"] = {"__source__": source, "day": COMPUTED["day"][0]}
    config: Json = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "read_details": st.just(value=False),
                "start_date": st.just(MIDDLE),
                "emit_activate_version_messages": st.just(value=True),
                "concurrency": st.sampled_from([1, 3]),
                "v1_streams": st.just("off"),
            },
        )
    )
    if draw(st.booleans()):
        config |= {
            "flattening_enabled": True,
            "flattening_max_depth": draw(st.integers(0, 3)),
            "flattening_separator": draw(st.sampled_from(["__", "_", ".", "-"])),
            "flattening_max_key_length": draw(st.sampled_from([20, 62])),
        }
    return Case(
        sorted(streams),
        draw(st.lists(st.sampled_from(fields), max_size=6, unique=True)),
        draw(
            st.dictionaries(
                st.sampled_from(sorted(streams)),
                st.sampled_from(FULL_TABLE_WAYS),
                max_size=2,
            )
        ),
        stream_maps,
        config,
        batch_size,
        draw(st.sampled_from([0, 2, 5, 11, 23])),
    )


def paths(schema: Json, within: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, member in schema.get("properties", {}).items():
        yield (*within, name)
        yield from paths(member, (*within, name))


def automatic(entry: Json) -> set[str]:
    """Return the fields that are always sent."""
    return {
        item["breadcrumb"][1]
        for item in entry["metadata"]
        if item["metadata"].get("inclusion") == "automatic" and item["breadcrumb"]
    }


class Expected:
    """What a run must send, by the name under which it leaves."""

    def __init__(self, case: Case, account: Account) -> None:
        self.records: dict[str, list[Record]] = {}
        self.maps: dict[str, Json | None] = {}
        self.source: dict[str, str] = {}
        config = account.config | case.settings
        read = set(case.streams)
        read -= set() if config["read_details"] else DETAILS
        read -= V1 if config.get("v1_streams") == "off" else set()
        for stream in sorted(read):
            for name, stream_map in self.outputs(stream, case.stream_maps):
                self.source[name], self.maps[name] = stream, stream_map
                self.records[name] = [
                    record
                    for record in account.records[stream]
                    if is_wanted(stream, record, case)
                    and (
                        "__filter__" not in (stream_map or {})
                        or record.get("id", 0) % 2 == 0
                    )
                ]

    @staticmethod
    def outputs(stream: str, stream_maps: Json) -> Iterator[tuple[str, Json | None]]:
        first: list[tuple[str, Json | None]] = [(stream, None)]
        if "__else__" in stream_maps:
            first = []
        more: list[tuple[str, Json | None]] = []
        for key, stream_map in stream_maps.items():
            source = (stream_map or {}).get("__source__", key)
            if key == "__else__" or not fnmatch.fnmatch(stream, source):
                continue
            if stream_map is None:
                first = []
            elif "__source__" in stream_map:
                more.append((key, stream_map))
            else:
                prefix = "v2_" if "__alias__" in stream_map else ""
                first = [(prefix + stream, stream_map)]
        yield from first + more


def is_wanted(stream: str, record: Record, case: Case) -> bool:
    if "start_date" not in case.settings or stream in case.full_table:
        return True
    changed = record.get("modifiedTime") or record.get(CREATED.get(stream, ""))
    is_list = stream in {*V1, "custom_fields", "tasks"}
    return bool(is_list or changed is None or changed >= MIDDLE)


def check(case: Case, account: Account) -> None:
    expected = Expected(case, account)
    with tempfile.TemporaryDirectory() as folder:
        config = account.config | case.settings | {"stream_maps": case.stream_maps}
        if case.batch_size:
            config["batch_config"] = {
                "encoding": {"format": "jsonl", "compression": "gzip"},
                "storage": {"root": Path(folder).as_uri()},
                "batch_size": case.batch_size,
            }
        catalog = case.catalog(account)
        if not expected.source:
            with pytest.raises(ConfigValidationError):
                run(config, catalog, {})
            return
        runs = [run(config, catalog, {}, stop_after=case.stop_after)]
        for _ in range(case.stop_after and 1):
            state = runs[-1].states[-1] if runs[-1].states else {}
            runs.append(run(config, catalog, state))
    sent: dict[str, list[Record]] = defaultdict(list)
    for output in runs:
        check_messages(output, expected, case)
        for name, records in output.records.items():
            sent[name] += records
    logs = {name for name, _ in expected.outputs(LOG, case.stream_maps)}
    assert set(runs[-1].schemas) == {*expected.records, *logs}
    for name, records in expected.records.items():
        check_records(name, sent[name], records, expected, case)
    check_state(runs[-1], expected, case)


def check_messages(output: Output, expected: Expected, case: Case) -> None:
    """Check each message by itself."""
    keys: dict[str, list[str]] = {}
    validators = {}
    for message in output.messages:
        name = message.get("stream")
        match message["type"]:
            case "SCHEMA":
                schema = message["schema"]
                Draft7Validator.check_schema(schema)
                assert set(message.get("key_properties") or ()) <= set(
                    schema["properties"]
                )
                keys[name] = message.get("key_properties") or []
                validators[name] = Draft7Validator(schema, format_checker=FORMATS)
            case "RECORD" | "BATCH" | "ACTIVATE_VERSION":
                assert name in validators
    case.keys |= keys
    for name, records in output.records.items():
        properties = output.schemas[name]["properties"]
        is_flat = case.settings.get("flattening_max_depth")
        for record in records:
            validators[name].validate(record)
            assert all(record[key] is not None for key in keys[name])
            assert set(record) <= set(properties)
            assert not is_flat or set(record) == set(properties)


def check_records(
    name: str,
    sent: list[Record],
    expected: list[Record],
    about: Expected,
    case: Case,
) -> None:
    """Check which records came, and what is in them."""
    stream, stream_map = about.source[name], about.maps[name] or {}
    keys = KEYS.get(stream, ["id"])
    by_key = {tuple(r[key] for key in keys): r for r in expected}
    found = {tuple(r[key] for key in keys): r for r in sent}
    assert set(found) == set(by_key)
    if not case.stop_after:
        assert len(sent) == len(found)
    is_flat = case.settings.get("flattening_max_depth")
    off = [path for other, path in case.deselected if other == stream]
    top = {path[0] for path in off if len(path) == 1}
    nested = {path[0] for path in off}
    for key, record in found.items():
        for field_name, (_, value) in COMPUTED.items():
            assert field_name not in stream_map or record[field_name] == value
        gone = top | {k for k, v in stream_map.items() if v is None}
        gone -= {"__key_properties__"}
        if "__else__" in stream_map:
            assert set(record) == {k for k in stream_map if k[:2] != "__"}
            continue
        assert not gone & set(record)
        for path in () if is_flat else off:
            assert not holds_path(record, path)
        for field_name, value in by_key[key].items():
            if field_name in {*gone, *stream_map} or (
                isinstance(value, (dict, list)) and (is_flat or field_name in nested)
            ):
                continue
            if field_name in record or value is not None:
                sent_value = record[field_name]
                if is_flat and type(sent_value) is not type(value):
                    sent_value = json.loads(sent_value)
                assert sent_value == value


def holds_path(record: t.Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(record, dict) or name not in record:
            return False
        record = record[name]
    return True


def check_state(output: Output, expected: Expected, case: Case) -> None:
    """Check the last state, and what told the target to drop old versions."""
    activated = {
        m["stream"] for m in output.messages if m["type"] == "ACTIVATE_VERSION"
    }
    bookmarks = output.state["bookmarks"] if output.states else {}
    assert set(bookmarks) <= {*expected.source.values(), LOG}
    for name, stream in expected.source.items():
        is_list = stream in {*V1, "custom_fields", "tasks"}
        is_whole = is_list or stream in case.full_table
        told = bookmarks[stream].get("replication_key_value")
        assert is_whole == (told is None)
        if name in activated:
            assert case.settings.get("emit_activate_version_messages")
            assert not case.batch_size
            assert is_list or is_whole or "start_date" not in case.settings
            for _, stream_map in expected.outputs(stream, case.stream_maps):
                assert not {"__filter__", "__key_properties__"} & {*(stream_map or ())}


@pytest.mark.parametrize("examples", [12, pytest.param(1000, marks=pytest.mark.slow)])
def test_all_features_together(
    account: Account, caplog: pytest.LogCaptureFixture, examples: int
) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(cases(account))
    def holds(case: Case) -> None:
        caplog.clear()
        check(case, account)
        for words in ("starts over", "bookmark ignored"):  # The state is the tap's own.
            assert words not in caplog.text

    holds()
