"""Stream maps: for the streams that are read, and with all other features."""

from __future__ import annotations

import gzip
import json
import sys
import types
import typing as t
from importlib.machinery import ModuleSpec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import Output, select
from singer_sdk.exceptions import ConfigValidationError

from clientsuccess_sandbox import Body
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from conftest import CommandLine, Sync

    from clientsuccess_sandbox import Sandbox

FLAT = {"flattening_enabled": True, "flattening_max_depth": 2}


@pytest.mark.parametrize("pattern", ["*", "client*", "con*", "?lients"])
def test_a_pattern_is_for_the_streams_that_are_read(sync: Sync, pattern: str) -> None:
    """The details are not read by default, and have no key then."""
    output = sync(stream_maps={pattern: {"source": "__stream_name__"}})
    plain = sync()
    assert {k: len(v) for k, v in output.records.items()} == {
        k: len(v) for k, v in plain.records.items()
    }
    mapped = {k for k, v in output.schemas.items() if "source" in v["properties"]}
    assert "clients" in mapped or pattern == "con*"
    for stream in mapped:
        assert {r["source"] for r in output.records[stream]} <= {stream}


@pytest.mark.parametrize(
    "stream_map",
    [
        {"x": "name +"},
        {"id": None},
        {"__key_properties__": ["no"]},
        {"__alias__": "no name"},
        None,
    ],
)
def test_a_map_for_a_stream_that_is_not_read_is_ignored(
    sync: Sync, stream_map: t.Any
) -> None:
    output = sync(
        streams=["products"],
        stream_maps={"clients": stream_map, "copy": {"__source__": "contacts"}},
    )
    assert set(output.schemas) == {"products"}


CUSTOM = {"name": "notes", "path": "/clientNote/search", "primary_keys": ["id"]}


@pytest.mark.parametrize(
    ("stream_maps", "words"),
    [
        (
            {"cleints": None},
            "stream_maps.cleints: there is no stream cleints; did you mean clients?",
        ),
        ({"Clients": {}}, "no stream Clients; did you mean clients?"),
        ({"clint*": {}}, "no stream clint*; did you mean clients?"),
        ({"zzz": {}}, "stream_maps.zzz: there is no stream zzz"),
        # The SDK takes the last that fits, so addresses would leave without a hash.
        (
            {"contacts": {"email": "md5(email)"}, "c*": {}},
            "stream_maps.contacts: c* comes after it and replaces it: put c* first",
        ),
        (
            {"copy": {"__source__": "contact"}},
            "copy.__source__: there is no stream contact; did you mean contacts?",
        ),
        ({"nots": {}}, "did you mean notes?"),
        (
            {"clients": {"__alias__": "people"}, "people": {}},
            "people is the alias in stream_maps.clients",
        ),
        ({"__other__": {}}, "'__other__:{}' is not expected"),
    ],
)
def test_a_map_for_a_stream_that_does_not_exist(
    cli: CommandLine, sandbox: Sandbox, stream_maps: dict[str, t.Any], words: str
) -> None:
    result = cli(
        stream_maps=stream_maps, custom_streams=[CUSTOM], discover_custom_fields=True
    )
    assert result.exit_code == 2
    assert words in result.stderr.splitlines()[-1]
    assert not list(sandbox.requests)


def test_streams_that_are_known_but_not_read(
    cli: CommandLine, sandbox: Sandbox, config: dict[str, t.Any], tmp_path: Path
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["products"])
    (known,) = [e for e in catalog["streams"] if e["tap_stream_id"] == "products"]
    old = {**known, "tap_stream_id": "old_stream", "stream": "old_stream"}
    catalog["streams"].append(old)
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    result = cli(
        "--catalog", "catalog.json",
        stream_maps={
            "client_details": {"x": "y"}, "employees": {}, "notes": {}, "old_*": {},
        },
        custom_streams=[{**CUSTOM, "schema": {"properties": {"id": {}}}}],
        v1_streams="off",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert {request.path for request in sandbox.requests} == {"/api/product/search"}


def test_of_what_nothing_is_sent_nothing_is_read(sync: Sync, sandbox: Sandbox) -> None:
    """Else its bookmark would pass records that were never sent."""
    selected = ["clients", "contracts"]
    with pytest.raises(ConfigValidationError):
        sync(streams=selected, stream_maps={"__else__": None})
    stream_maps = {"clients": "__NULL__", "pulses": {}}
    assert set(sync(streams=selected, stream_maps=stream_maps).state["bookmarks"]) == {
        "contracts"
    }
    assert {request.path for request in sandbox.requests} == {"/api/contract/search"}


def test_a_copy_of_a_stream_that_is_left_out_is_read(sync: Sync) -> None:
    output = sync(
        streams=["products"],
        stream_maps={"products": None, "copy": {"__source__": "products"}},
    )
    assert set(output.schemas) == {"copy"}
    assert output.ids("copy")
    assert output.bookmark("products")


def test_the_configuration_stays(sync: Sync, config: dict[str, t.Any]) -> None:
    config["stream_maps"] = {"__else__": None, "products": {}}
    for _ in range(2):
        assert set(sync(streams=["products", "clients"]).schemas) == {"products"}


def test_two_streams_under_one_name(
    sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    sync(streams=["clients", "contacts"], stream_maps={"c*": {"__alias__": "people"}})
    assert caplog.messages.count(
        "clients and contacts are both sent as people: a target takes them for one "
        "stream"
    )


@pytest.mark.parametrize("alias", [None, 5, "1 + 1", "''", ["x"], "no name"])
def test_an_alias_that_is_no_name(cli: CommandLine, alias: t.Any) -> None:
    result = cli(stream_maps={"clients": {"__alias__": alias}})
    assert result.exit_code == 2
    *_, last = result.stderr.splitlines()
    assert "stream_maps.clients" in last
    assert "please report" not in result.stderr


COMPUTED = {
    "day": ("datetime.date(2026, 3, 1)", "2026-03-01"),
    "moment": ("datetime.datetime(2026, 3, 1, 12, 30)", "2026-03-01T12:30:00"),
    "utc": (
        "datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)",
        "2026-03-01T00:00:00+00:00",
    ),
    "hour": ("datetime.time(12, 30)", "12:30:00"),
    "span": ("datetime.timedelta(hours=1)", "1:00:00"),
    "raw": ("name.encode() and 'x'.encode()", "x"),
    "pair": ("(datetime.date(2026, 3, 1), 1)", ["2026-03-01", 1]),
    "listed": ("[datetime.time(1, 2)]", ["01:02:00"]),
    "nested": ("{'on': datetime.date(2026, 3, 1)}", {"on": "2026-03-01"}),
    "text": ("name[:0] + 'x'", "x"),
    "quoted": ("'\"x\"' + name[:0]", '"x"'),
}


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_computed_values_leave_as_the_sdk_sends_them(
    sync: Sync, tmp_path: Path, flat: bool, batched: bool
) -> None:
    settings: dict[str, t.Any] = FLAT if flat else {}
    if batched:
        settings = {**settings, "batch_config": batch_config(tmp_path)}
    maps = {name: expression for name, (expression, _) in COMPUTED.items()}
    output = sync(streams=["clients"], stream_maps={"clients": maps}, **settings)
    records = output.records["clients"] or read(output.batches["clients"])
    expected = {
        name: json.dumps(value, separators=(",", ":"))
        if flat and isinstance(value, (dict, list))
        else value
        for name, (_, value) in COMPUTED.items()
    }
    assert len(records) == 30
    for record in records:
        assert {name: record[name] for name in COMPUTED} == expected


@pytest.mark.parametrize("features", ["", "nested", "batched", "nested, batched"])
@pytest.mark.parametrize(
    ("stream_map", "words"),
    [
        ({"x": "id + name"}, "stream_maps.clients: 'id + name' fails: TypeError: "),
        ({"x": "nofield"}, "stream_maps.clients: 'nofield' fails: NameNotDefined: "),
        ({"x": "record['no']"}, "\"record['no']\" fails: KeyError"),
        ({"__filter__": "id / 0"}, "'id / 0' fails: ZeroDivisionError"),
        ({"__alias__": "a", "x": "id / 0"}, "stream_maps.a: 'id / 0' fails"),
    ],
)
def test_the_error_of_a_map_is_the_last_line(
    cli: CommandLine,
    config: dict[str, t.Any],
    stream_map: dict[str, t.Any],
    words: str,
    features: str,
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["clients"])
    if "nested" in features:
        (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == "clients"]
        path = ["properties", "segment", "properties", "title"]
        off = {"breadcrumb": path, "metadata": {"selected": False}}
        entry["metadata"] = [m for m in entry["metadata"] if m["breadcrumb"] != path]
        entry["metadata"].append(off)
    Path("catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    settings = (
        {"batch_config": batch_config(Path.cwd())} if "batched" in features else {}
    )
    result = cli(
        "--catalog", "catalog.json", stream_maps={"clients": stream_map}, **settings
    )
    assert result.exit_code == 2
    *before, last = result.stderr.splitlines()
    assert "Invalid configuration: stream_maps." in last
    assert words in last
    assert "clients: failed" in "".join(before)


def batch_config(folder: Path) -> dict[str, t.Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": folder.as_uri()},
    }


def read(manifest: list[str]) -> list[dict[str, t.Any]]:
    return [
        json.loads(line)
        for url in manifest
        for line in gzip.open(Path(urlsplit(url).path), "rt", encoding="utf-8")
    ]


class HalfMade:
    """As faker's proxy: asked for anything before it is set up, it asks itself."""

    def __init__(self, locale: str | None = None) -> None:
        self._factories = self._made(locale)

    def _made(self, locale: str | None) -> str:
        if locale == "deep":
            return self._made(locale)
        if locale == "absent":
            raise ImportError(f"no provider for {locale}")
        raise AttributeError(f"Invalid configuration for faker locale `{locale}`")

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._factories, name)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("xx_YY", "AttributeError: Invalid configuration for faker locale `xx_YY`"),
        ("absent", "ImportError: no provider for absent"),
        ("deep", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_a_locale_that_faker_does_not_have(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, locale: str, words: str
) -> None:
    faker = types.ModuleType("faker")
    faker.__dict__.update(Faker=HalfMade, __spec__=ModuleSpec("faker", None))
    monkeypatch.setitem(sys.modules, "faker", faker)
    result = cli(
        stream_maps={"products": {"x": "fake.name()"}}, faker_config={"locale": locale}
    )
    assert result.exit_code == 2
    (error,) = result.stderr.splitlines()[-1:]
    assert f"Invalid configuration: faker_config: {words}" in error


@pytest.mark.parametrize(
    ("sizes", "sent"),
    [
        pytest.param({}, 2, id="messages"),
        pytest.param({"batch_size": 2}, 2, id="a file before it"),
        pytest.param({"batch_size": 3}, 0, id="in the first file"),
    ],
)
@pytest.mark.usefixtures("five_clients")
def test_sync_log_counts_what_left_before_a_map_failed(
    sync: Sync,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    sizes: dict[str, int],
    sent: int,
) -> None:
    batches = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri()},
        **sizes,
    }
    with pytest.raises(ConfigValidationError):
        sync(
            streams=["clients", "sync_log"],
            stream_maps={"clients": {"share": "1 / (3 - id)"}},
            **({"batch_config": batches} if sizes else {}),
        )
    output = Output(capsys.readouterr().out)
    rows = output.records["sync_log"]
    for name in output.batches["sync_log"]:
        with gzip.open(urlsplit(name).path) as lines:
            rows += map(json.loads, lines)
    (row,) = rows
    assert (row["status"], row["records"], row["new_records"]) == ("failed", sent, sent)
    assert sizes or len(output.records["clients"]) == sent


@pytest.fixture
def five_clients(sandbox: Sandbox) -> None:
    records = [{"id": number, "name": "x"} for number in range(1, 6)]
    body = {"data": records, "totalElements": 5, "last": True}
    sandbox.faults.add(Body("/client/search", body))
