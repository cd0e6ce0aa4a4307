"""Features of the SDK: selection, stream maps, flattening, BATCH, the catalog."""

from __future__ import annotations

import gzip
import json
import tomllib
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator
from singer_sdk.exceptions import ConfigValidationError

from clientsuccess_sandbox import Mutate, Sandbox, Status
from tap_clientsuccess.config.settings import DISTRIBUTION, package_version
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from conftest import CommandLine, Sync

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
PROJECT = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]


@pytest.fixture
def catalog(config: dict[str, t.Any]) -> dict[str, t.Any]:
    return TapClientSuccess(config=config).catalog_dict


def deselect(
    catalog: dict[str, t.Any], stream: str, *path: str, inclusion: str | None = None
) -> None:
    breadcrumb = [part for name in path for part in ("properties", name)]
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == stream]
    for item in entry["metadata"]:
        if list(item["breadcrumb"]) == breadcrumb:
            item["metadata"]["selected"] = False
            if inclusion:
                item["metadata"]["inclusion"] = inclusion


def select_only(catalog: dict[str, t.Any], stream: str) -> dict[str, t.Any]:
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] != stream:
            deselect(catalog, entry["tap_stream_id"])
    return catalog


def test_discovery_needs_no_settings(bare_cli: CommandLine) -> None:
    result = bare_cli("--discover")
    assert result.exit_code == 0
    streams = json.loads(result.stdout)["streams"]
    for stream in streams:
        Draft202012Validator.check_schema(stream["schema"])
        assert stream["key_properties"]


def test_only_selected_streams_are_requested(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(streams=["products"])
    assert set(output.schemas) == {"products"}
    assert {request.path for request in sandbox.requests} == {"/api/product/search"}


def test_deselected_fields_are_dropped(sync: Sync, catalog: dict[str, t.Any]) -> None:
    deselect(catalog, "contacts", "email")
    deselect(catalog, "contacts", "tenantClient", "name")
    output = sync(catalog=select_only(catalog, "contacts"))
    assert "email" not in output.schemas["contacts"]["properties"]
    assert all("email" not in record for record in output.records["contacts"])
    nested = [r.get("tenantClient") for r in output.records["contacts"]]
    assert all("name" not in client for client in nested if client)
    assert any("id" in client for client in nested if client)


def test_keys_cannot_be_deselected(sync: Sync, catalog: dict[str, t.Any]) -> None:
    deselect(catalog, "contacts", "id")
    deselect(catalog, "contacts", "modifiedTime")
    output = sync(catalog=select_only(catalog, "contacts"))
    for record in output.records["contacts"]:
        assert {"id", "modifiedTime"} <= record.keys()
    assert output.bookmark("contacts")


def test_deselecting_the_creation_time_leaves_the_bookmark_right(
    sync: Sync, catalog: dict[str, t.Any]
) -> None:
    with Sandbox(
        seed=7, clients=30, modification_times={"client_notes": False}
    ) as other:
        deselect(catalog, "client_notes", "createdTime")
        output = sync(
            catalog=select_only(catalog, "client_notes"), base_url=other.base_url
        )
        assert output.bookmark("client_notes") == max(
            record["createdTime"] for record in other.store.records("client_notes")
        )


def test_stream_maps(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(
        streams=["clients", "contacts"],
        stream_maps={
            "clients": {
                "__alias__": "accounts",
                "shout": "name.upper()",
                "note": None,
                "__filter__": "id <= 10",
            },
            "contacts": None,
        },
    )
    assert output.ids("accounts") == list(range(1, 11))
    assert all(r["shout"] == r["name"].upper() for r in output.records["accounts"])
    assert all("note" not in r for r in output.records["accounts"])
    assert set(output.schemas) == {"accounts"}
    assert output.bookmark("clients")


def test_flattening(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(streams=["clients"], flattening_enabled=True, flattening_max_depth=2)
    columns = output.schemas["clients"]["properties"]
    assert columns["managedByEmployee__email"]["type"] == ["string", "null"]
    emails = {
        record["id"]: record["managedByEmployee"]["email"]
        for record in sandbox.store.records("clients")
        if record.get("managedByEmployee")
    }
    assert emails
    for record in output.records["clients"]:
        assert record.get("managedByEmployee__email") == emails.get(record["id"])


@pytest.fixture
def batch_config(tmp_path: Path) -> dict[str, t.Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri(), "prefix": "batch-"},
        "batch_size": 25,
    }


def batched(manifest: list[str]) -> list[dict[str, t.Any]]:
    return [
        json.loads(line)
        for url in manifest
        for line in gzip.open(Path(urlsplit(url).path), "rt", encoding="utf-8")
    ]


def test_batch_files_hold_what_record_messages_would(
    sync: Sync, catalog: dict[str, t.Any], batch_config: dict[str, t.Any]
) -> None:
    deselect(catalog, "contacts", "email")
    settings: dict[str, t.Any] = {
        "catalog": select_only(catalog, "contacts"),
        "stream_maps": {"contacts": {"__alias__": "people", "phone": None}},
        "flattening_enabled": True,
        "flattening_max_depth": 1,
    }
    expected = sync(**settings)
    output = sync(batch_config=batch_config, **settings)
    assert not output.records
    assert batched(output.batches["people"]) == expected.records["people"]
    assert output.bookmark("contacts") == expected.bookmark("contacts")
    last = [message["type"] for message in output.messages[-3:]]
    assert last == ["BATCH", "STATE", "STATE"]


def test_batch_files_that_cannot_be_written(
    cli: CommandLine, batch_config: dict[str, t.Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    batch_config["storage"]["root"] = (tmp_path / "file").as_uri()
    result = cli(batch_config=batch_config)
    assert result.exit_code == 2
    assert "storage.root cannot be written to: FileExistsError" in result.stderr
    assert "Traceback" not in result.stderr


def test_batch_with_one_stream_made_several_is_refused(
    sync: Sync, batch_config: dict[str, t.Any]
) -> None:
    with pytest.raises(ConfigValidationError):
        sync(
            streams=["clients"],
            batch_config=batch_config,
            stream_maps={"copy": {"__source__": "clients", "id": "id"}, "clients": {}},
        )


def test_unknown_fields_are_named_once_and_kept_inside_objects(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(
        Mutate(
            "/client/search",
            values={
                "surprise": "secret text",
                "segment": {"id": 1, "title": "A", "colour": "red"},
            },
        )
    )
    output = sync(streams=["clients"])
    assert all("surprise" not in record for record in output.records["clients"])
    assert output.records["clients"][0]["segment"]["colour"] == "red"
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 2
    assert "'surprise'" in warnings[0]
    assert "30 times" in warnings[1]
    assert "secret text" not in caplog.text


@pytest.mark.parametrize("status", [200, 401])
def test_a_version_is_activated_when_all_was_read(
    sync: Sync, sandbox: Sandbox, status: int
) -> None:
    if status != 200:
        sandbox.faults.add(Status("/client-statuses", status))
    output = sync(streams=["client_statuses"], emit_activate_version_messages=True)
    kinds = [message["type"] for message in output.messages]
    assert ("ACTIVATE_VERSION" in kinds) == (status == 200)
    if status == 200:
        assert "RECORD" not in kinds[kinds.index("ACTIVATE_VERSION") :]


def test_about_tells_all_settings(cli: CommandLine) -> None:
    result = cli("--about", "--format=json")
    about = json.loads(result.stdout)
    assert result.exit_code == 0
    assert set(about["settings"]["properties"]) >= {
        "api_key", "base_url", "start_date", "stream_maps", "batch_config",
    }  # fmt: skip
    assert about["settings"]["properties"]["api_key"]["secret"] is True
    assert about["name"] == "tap-clientsuccess"
    assert about["version"] == PROJECT["version"]
    assert about["supported_python_versions"]
    assert "sandbox-key" not in result.stdout


def test_the_version_is_that_of_the_distribution(cli: CommandLine) -> None:
    """Whose name is not the command's: on PyPI that is somebody else's."""
    assert f"tap-clientsuccess v{PROJECT['version']}," in cli("--version").stdout
    assert PROJECT["name"] == DISTRIBUTION != TapClientSuccess.name
    assert package_version() == PROJECT["version"]


def test_settings_from_the_environment(
    cli: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_PAGE_SIZE", "7")
    result = cli("--config=ENV")
    assert result.exit_code == 0
    first = next(r for r in sandbox.requests if r.path.endswith("search"))
    assert first.query["size"] == "7"


@pytest.mark.parametrize("whole_message", [False, True])
def test_state_and_catalog_from_files(
    cli: CommandLine,
    sandbox: Sandbox,
    catalog: dict[str, t.Any],
    tmp_path: Path,
    whole_message: bool,
) -> None:
    bookmark = {
        "replication_key": "modifiedTime",
        "replication_key_value": "2025-01-01T00:05:00Z",
    }
    message = {"type": "STATE", "value": {"bookmarks": {"products": bookmark}}}
    state = message if whole_message else message["value"]
    (tmp_path / "state.json").write_text(json.dumps(state))
    (tmp_path / "catalog.json").write_text(json.dumps(select_only(catalog, "products")))
    result = cli("--catalog", "catalog.json", "--state", "state.json")
    assert result.exit_code == 0
    first = next(iter(sandbox.requests))
    assert first.query["modifiedAfter"] == "2025-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--state", "absent.json"], "absent.json"),
        (["--catalog", "absent.json"], "absent.json"),
        (["--state", "broken.json"], "broken.json"),
        (["--catalog", "broken.json"], "broken.json"),
        (["--state", "list.json"], "list.json"),
        (["--catalog", "list.json"], "list.json"),
        (["--state", "bookmark.json"], "bookmark of clients"),
        (["--state", "number.json"], "bookmark of clients"),
        (["--state", "edge.json"], "bookmark of clients"),
        (["--state", "shape.json"], "bookmarks.clients: Expected `object`"),
        (["--state", "none.json"], "bookmarks must be an object"),
        (["--state", "deep.json"], "deep.json"),
    ],
)
def test_invalid_input(
    cli: CommandLine, tmp_path: Path, args: list[str], words: str
) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "shape.json").write_text('{"bookmarks": {"clients": []}}')
    (tmp_path / "none.json").write_text('{"bookmarks": null}')
    for name, value in {
        "bookmark": "soon",
        "number": 123,
        "edge": "9999-12-31T23:59:59-14:00",
    }.items():
        bookmark = {"replication_key": "modifiedTime", "replication_key_value": value}
        state = {"bookmarks": {"clients": bookmark}}
        (tmp_path / f"{name}.json").write_text(json.dumps(state))
    result = cli(*args)
    assert result.exit_code in {1, 2}
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert "please report" not in result.stderr
