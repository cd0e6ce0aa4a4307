"""BATCH: the STATE of its files, and errors first or last."""

from __future__ import annotations

import gzip
import json
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import Output, select

from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from conftest import CommandLine, Sync

    from clientsuccess_sandbox import Sandbox


@pytest.fixture
def batch_config(tmp_path: Path) -> dict[str, t.Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": (tmp_path / "files").as_uri()},
        "batch_size": 7,
    }


def read(manifest: list[str]) -> list[dict[str, t.Any]]:
    return [
        json.loads(line)
        for url in manifest
        for line in gzip.open(Path(urlsplit(url).path), "rt", encoding="utf-8")
    ]


def bookmark(state: dict[str, t.Any], stream: str) -> str:
    found = state["bookmarks"].get(stream, {}).get("replication_key_value", "")
    return t.cast("str", found)


@pytest.mark.parametrize("stream", ["clients", "pulses", "client_details"])
def test_each_state_has_what_its_files_have_and_no_more(
    sync: Sync, sandbox: Sandbox, batch_config: dict[str, t.Any], stream: str
) -> None:
    settings: dict[str, t.Any] = {"page_size": 2, "read_details": True}
    settings["batch_config"] = batch_config
    output = sync(streams=[stream], **settings)
    key = "createdTimestamp" if stream == "pulses" else "modifiedTime"
    stored = sandbox.store.records(stream.replace("client_details", "clients"))
    sent: set[int] = set()
    marks = []
    for message in output.messages:
        if message["type"] == "BATCH":
            sent |= {record["id"] for record in read(message["manifest"])}
        elif message["type"] == "STATE":
            mark = bookmark(message["value"], stream)
            assert {r["id"] for r in stored if (r.get(key) or "") < mark} <= sent
            marks.append(mark)
    assert marks == sorted(marks)
    assert len(set(marks)) > 2
    del settings["batch_config"]
    assert marks[-1] == sync(streams=[stream], **settings).bookmark(stream)


@pytest.mark.parametrize("stream", ["clients", "client_details", "custom_fields"])
def test_an_interruption_loses_nothing_and_resumes(
    config: dict[str, t.Any],
    capsys: pytest.CaptureFixture[str],
    sandbox: Sandbox,
    batch_config: dict[str, t.Any],
    stream: str,
) -> None:
    """Before each message and each request, as a signal would."""
    config |= {
        "page_size": 5,
        "read_details": True,
        "concurrency": 1,
        "batch_config": batch_config,
    }
    catalog = select(TapClientSuccess(config=config).catalog_dict, [stream])
    keys = "resourceType", "fieldId", "id"

    def run(stop_after: int, state: dict[str, t.Any]) -> Output:
        tap = TapClientSuccess(config=config, catalog=catalog, state=state)
        capsys.readouterr()
        left = stop_after

        def checkpoint() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Interrupted(15)

        tap.message_writer.checkpoint = checkpoint
        tap.context.thread_pool._raise_if_stopped = checkpoint  # noqa: SLF001
        try:
            tap.run()
        except Interrupted:
            assert left == 0
        return Output(capsys.readouterr().out)

    def sent(output: Output) -> set[tuple[t.Any, ...]]:
        records = read(output.batches[stream])
        return {tuple(record.get(key) for key in keys) for record in records}

    whole = run(0, {})
    expected = sent(whole)
    resumed = 0
    # A busy machine waits more often before the first bookmark.
    for moment in (3, 6, 8, 9, 11, 14, 18, 23, 31, 39, 47, 60):
        first = run(moment, {})
        state = first.states[-1] if first.states else {}
        again = run(0, json.loads(json.dumps(state)))
        assert sent(first) | sent(again) == expected, moment
        resumed += bool(bookmark(state, stream) if "bookmarks" in state else "")
    assert resumed or stream == "custom_fields"


def test_no_records_at_all(sync: Sync, batch_config: dict[str, t.Any]) -> None:
    output = sync(
        streams=["clients"],
        start_date="2026-06-01T00:00:00Z",
        batch_config=batch_config,
    )
    assert not output.batches
    assert output.bookmark("clients")


def test_a_last_file_that_is_full(sync: Sync, batch_config: dict[str, t.Any]) -> None:
    """The bookmark at the end comes after it."""
    whole = sync(streams=["clients"])
    output = sync(streams=["clients"], batch_config=batch_config | {"batch_size": 10})
    assert len(output.batches["clients"]) == 3
    assert output.bookmark("clients") == whole.bookmark("clients")


@pytest.mark.parametrize("selected", ["clients", "products"])
def test_several_streams_of_one_are_refused_before_any_request(
    cli: CommandLine,
    config: dict[str, t.Any],
    sandbox: Sandbox,
    batch_config: dict[str, t.Any],
    selected: str,
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, [selected])
    Path("catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    result = cli(
        "--catalog", "catalog.json",
        batch_config=batch_config,
        stream_maps={"copy": {"__source__": "cl*nts", "id": "id"}},
        discover_custom_fields=True,
    )  # fmt: skip
    assert (result.exit_code == 0) == (selected == "products")
    if selected == "clients":
        assert "several streams of clients" in result.stderr.splitlines()[-1]
        assert not list(sandbox.requests)


@pytest.mark.parametrize(
    "maps", [{"clients": None}, {"clients": "__NULL__"}, {"__else__": None}]
)
def test_one_stream_under_another_name(
    sync: Sync, batch_config: dict[str, t.Any], maps: dict[str, t.Any]
) -> None:
    output = sync(
        streams=["clients"],
        batch_config=batch_config,
        stream_maps={**maps, "copy": {"__source__": "clients"}},
    )
    assert set(output.batches) == set(output.schemas) == {"copy"}
    assert len(read(output.batches["copy"])) == 30


@pytest.mark.parametrize("root", ["file", "file/below", "memory://below"])
def test_a_root_that_cannot_be_written_to(
    cli: CommandLine,
    sandbox: Sandbox,
    batch_config: dict[str, t.Any],
    root: str,
) -> None:
    Path("file").touch()
    batch_config["storage"]["root"] = root
    result = cli(batch_config=batch_config, discover_custom_fields=True)
    assert result.exit_code == 2
    assert "storage.root cannot be written to: " in result.stderr.splitlines()[-1]
    assert not list(sandbox.requests)


def test_a_prefix_may_name_a_folder(
    sync: Sync, batch_config: dict[str, t.Any], tmp_path: Path
) -> None:
    batch_config["storage"]["prefix"] = "run/1-"
    output = sync(streams=["clients"], batch_config=batch_config)
    files = sorted(path.as_uri() for path in (tmp_path / "files" / "run").iterdir())
    assert files == sorted(output.batches["clients"])


@pytest.mark.parametrize("name", ["a/b", "../a", "a:b?*", "x" * 255, "ü ö"])
def test_a_stream_may_have_any_name(
    sync: Sync, batch_config: dict[str, t.Any], name: str
) -> None:
    custom = {"name": name, "path": "/product/search", "primary_keys": ["id"]}
    settings: dict[str, t.Any] = {"streams": [name], "custom_streams": [custom]}
    output = sync(batch_config=batch_config, **settings)
    assert read(output.batches[name]) == sync(**settings).records[name]


def test_a_disk_that_is_full_later(
    cli: CommandLine,
    batch_config: dict[str, t.Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: t.Any, **__: t.Any) -> t.Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gzip.GzipFile", full)
    result = cli(batch_config=batch_config)
    assert result.exit_code == 2
    *_, last = result.stderr.splitlines()
    assert last.endswith("root cannot be written to: No space left on device")
