"""The setting `v1_streams`: what happens if API v1 refuses."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import V1

from clientsuccess_sandbox import Redirect, Status

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import CommandLine, CommandResult

    from clientsuccess_sandbox import Sandbox


@pytest.fixture
def closed(sandbox: Sandbox) -> Sandbox:
    """A sandbox whose key is refused by v1."""
    sandbox.key_opens_v1 = False
    return sandbox


def lines(result: CommandResult, word: str) -> list[str]:
    return [line for line in result.stderr.splitlines() if word in line]


def streams_with_records(result: CommandResult) -> set[str]:
    messages = map(json.loads, result.stdout.splitlines())
    return {item["stream"] for item in messages if item["type"] == "RECORD"}


def test_by_default_the_run_goes_on(cli: CommandLine, closed: Sandbox) -> None:
    result = cli()
    assert result.exit_code == 0
    assert streams_with_records(result) > {"clients", "products", "tasks"}
    assert len(lines(result, "WARNING")) == 1
    (warning, *more) = lines(result, "Skipped")
    assert f"{min(V1)}: API v1 answered 401, although v2 accepts" in warning
    assert "set v1_streams to off" in warning
    assert len(more) == len(V1) - 1


@pytest.mark.parametrize(
    "fault",
    [Status("/v1", 403), Status("/v1", 404), Redirect("/v1", "https://a.example")],
)
def test_other_refusals_of_v1(cli: CommandLine, sandbox: Sandbox, fault: t.Any) -> None:
    sandbox.faults.add(fault)
    result = cli()
    assert result.exit_code == 0
    assert not streams_with_records(result) & V1


def test_required_reads_the_rest_and_fails(cli: CommandLine, closed: Sandbox) -> None:
    result = cli(v1_streams="required")
    assert result.exit_code == 2
    assert streams_with_records(result) > {"clients", "products", "tasks"}
    assert "API v1 answered 401" in result.stderr.splitlines()[-1]
    assert "the API key is wrong" not in result.stderr


def test_off_removes_the_streams_from_the_catalog(
    cli: CommandLine, closed: Sandbox
) -> None:
    result = cli("--discover", v1_streams="off")
    assert result.exit_code == 0
    names = {item["tap_stream_id"] for item in json.loads(result.stdout)["streams"]}
    assert not names & V1
    assert "clients" in names


def test_off_skips_what_an_old_catalog_has(
    cli: CommandLine, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "catalog.json").write_text(cli("--discover").stdout)
    result = cli("--catalog", "catalog.json", v1_streams="off")
    assert result.exit_code == 0
    assert len(lines(result, "skipped, because v1_streams is off")) == len(V1)
    assert not any(request.path.startswith("/v1/") for request in sandbox.requests)


@pytest.mark.parametrize("v1_streams", ["auto", "required"])
def test_a_wrong_key_fails_even_where_only_v1_is_read(
    cli: CommandLine, sandbox: Sandbox, tmp_path: Path, v1_streams: str
) -> None:
    catalog = json.loads(cli("--discover").stdout)
    catalog["streams"] = [
        item for item in catalog["streams"] if item["tap_stream_id"] in V1
    ]
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    result = cli("--catalog", "catalog.json", api_key="wrong", v1_streams=v1_streams)
    assert result.exit_code == 2
    assert "the API key is wrong" in result.stderr.splitlines()[-1]
    assert not lines(result, "Skipped")


@pytest.mark.parametrize(
    ("v1_streams", "opens", "exit_code", "words"),
    [
        ("auto", True, 0, "API v1 works as well"),
        ("auto", False, 0, "API v1 answered 401"),
        ("required", True, 0, "API v1 works as well"),
        ("required", False, 1, "API v1 answered 401"),
        ("off", False, 0, "the key is accepted"),
    ],
)
def test_the_connection_test_reports_v1(  # noqa: PLR0913
    cli: CommandLine,
    sandbox: Sandbox,
    *,
    v1_streams: str,
    opens: bool,
    exit_code: int,
    words: str,
) -> None:
    sandbox.key_opens_v1 = opens
    result = cli("--test", v1_streams=v1_streams)
    assert result.exit_code == exit_code
    (line,) = result.stderr.splitlines()
    assert words in line
    assert len(sandbox.requests) == (1 if v1_streams == "off" else 2)


def test_a_connection_test_that_fails_does_not_ask_v1(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    assert cli("--test", api_key="wrong").exit_code == 1
    assert len(sandbox.requests) == 1
