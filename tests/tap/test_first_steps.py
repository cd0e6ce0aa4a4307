"""What a new user meets in the first hour, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

import pytest
import requests.adapters
from conftest import LIMIT_SECONDS, select

from clientsuccess_sandbox import Html, Redirect, Reset, Status
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import CommandLine, CommandResult

    from clientsuccess_sandbox import Fault, Sandbox

NOBODY = "http://127.0.0.1:9/api"
FUTURE = "2999-01-01T00:00:00Z"


def lines(result: CommandResult, word: str) -> list[str]:
    return [line for line in result.stderr.splitlines() if word in line]


def test_a_discovery_where_nobody_listens(cli: CommandLine) -> None:
    result = cli("--discover", base_url=NOBODY, discover_custom_fields=True)
    assert (result.exit_code, result.stdout) == (1, "")
    *retries, last = result.stderr.splitlines()
    assert "the connection was refused: check base_url (gave up after 4 tries" in last
    assert len(retries) == 3


@pytest.mark.parametrize(
    ("fault", "exit_code", "words"),
    [
        (Status("*", 404), 2, "not found: check base_url"),
        (Status("*", 400), 2, "the API rejects this request: check base_url"),
        (Redirect("*", "https://login.example/"), 2, "redirects elsewhere"),
        (
            Html("*", "<html><p>Hello.</p>"),
            1,
            "answered with a web page: check base_url",
        ),
    ],
    ids=str,
)
def test_a_discovery_of_what_is_not_the_api(
    cli: CommandLine, sandbox: Sandbox, fault: Fault, exit_code: int, words: str
) -> None:
    sandbox.faults.add(fault)
    result = cli("--discover", discover_custom_fields=True)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert words in lines(result, "ERROR")[0]
    assert len(sandbox.requests) <= 4


def test_a_discovery_that_asks_nothing(cli: CommandLine) -> None:
    assert cli("--discover", base_url=NOBODY).exit_code == 0


def test_a_sync_where_nobody_listens_is_patient(cli: CommandLine) -> None:
    result = cli(base_url=NOBODY, max_retries=5)
    assert result.exit_code == 1
    assert "(gave up after 6 tries" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reset("/customfield"), "the connection was lost"),
        (Status("/customfield/all/CONTACT", 503), "or set discover_custom_fields to"),
        (Status("/customfield", 429), "or set discover_custom_fields to false"),
        (Html("/customfield"), "a maintenance page: the service is down (gave up"),
    ],
    ids=str,
)
def test_a_passing_fault_does_not_make_the_catalog_smaller(
    cli: CommandLine, sandbox: Sandbox, fault: Fault, words: str
) -> None:
    sandbox.faults.add(fault)
    result = cli("--discover", discover_custom_fields=True, max_retries=3)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in lines(result, "ERROR")[0]


def test_a_discovery_still_waits_for_a_server_that_is_down_for_a_while(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status("/customfield", 503, times=6))
    result = cli("--discover", discover_custom_fields=True)
    assert result.exit_code == 0
    assert not lines(result, "untyped")


def test_a_start_in_the_future_is_said_once(cli: CommandLine) -> None:
    result = cli(start_date=FUTURE)
    assert result.exit_code == 0
    (line,) = lines(result, "future")
    assert "start_date is in the future: changes before it are not read" in line


def test_the_connection_test_says_it_too(cli: CommandLine) -> None:
    result = cli("--test", start_date=FUTURE)
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.endswith("; start_date is in the future")


@pytest.mark.parametrize(
    ("settings", "exit_code", "level"),
    [
        ({}, 0, "INFO"),
        ({"api_key": "wrong"}, 1, "ERROR"),
        ({"api_key": None}, 1, "ERROR"),
        ({"page_size": "x"}, 1, "ERROR"),
        ({"base_url": NOBODY}, 1, "ERROR"),
    ],
    ids=str,
)
def test_each_result_of_the_connection_test_has_the_same_look(
    cli: CommandLine, settings: dict[str, t.Any], exit_code: int, level: str
) -> None:
    result = cli("--test", **settings)
    assert result.exit_code == exit_code
    (line,) = result.stderr.splitlines()
    _, shown, logger, _ = (part.strip() for part in line.split("|", 3))
    assert (shown, logger) == (level, "tap-clientsuccess")


def test_a_test_of_all_streams_is_not_interrupted(
    cli: CommandLine, tmp_path: Path, config: dict[str, t.Any]
) -> None:
    catalog = TapClientSuccess(config=config).catalog_dict
    chosen = select(catalog, ["clients", "tasks"])
    (tmp_path / "catalog.json").write_text(json.dumps(chosen))
    result = cli("--test=all", "--catalog", "catalog.json")
    assert result.exit_code == 0
    assert not lines(result, "interrupted")
    assert len(lines(result, ": sampled: ")) == 2


def test_a_test_of_all_streams_that_fails_says_so(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status("/client", 403))
    result = cli("--test=all")
    assert result.exit_code == 1
    assert lines(result, ": failed: ")


def test_one_record_is_no_plural(
    cli: CommandLine, sandbox: Sandbox, tmp_path: Path, config: dict[str, t.Any]
) -> None:
    path = "/product/search"
    stream = {"name": "one", "path": path, "schema": {"properties": {"id": {}}}}
    query = {"query_parameters": {"size": "1"}, "page_style": "none"}
    entry = stream | query | {"records_path": "$.data[0]"}
    catalog = TapClientSuccess(config=config | {"custom_streams": [entry]}).catalog_dict
    (tmp_path / "catalog.json").write_text(json.dumps(select(catalog, ["one"])))
    result = cli("--catalog", "catalog.json", custom_streams=[entry])
    assert lines(result, "one: complete: 1 record in"), result.stderr


def test_about_as_text_tells_defaults_and_descriptions(bare_cli: CommandLine) -> None:
    result = bare_cli("--about")
    assert result.exit_code == 0
    parts = result.stdout.split("  - Name: ")
    settings = {name: rest for name, _, rest in (p.partition("\n") for p in parts[1:])}
    assert settings.keys() == TapClientSuccess.config_jsonschema["properties"].keys()
    assert settings["page_size"].splitlines() == [
        "    Type: integer",
        "    Environment Variable: TAP_CLIENTSUCCESS_PAGE_SIZE",
        "    Default: 200",
        "    Minimum: 1",
        "    Maximum: 1000",
        "    Description: Records per page, 1 to 1000. The server may return fewer.",
    ]
    assert "    Values: auto, required, off\n" in settings["v1_streams"]
    assert "    Default: true\n" in settings["discover_custom_fields"]
    assert "Default" not in settings["user_agent"]
    assert all("Description: " in text for text in settings.values())


def test_a_socks_proxy_without_its_library(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> t.NoReturn:
        # As `requests` does without PySocks.
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS s3.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    url = "https://name.invalid/api"
    for command in ("--test", "--discover"):
        result = cli(command, base_url=url, discover_custom_fields=True)
        assert result.exit_code == (1 if command == "--test" else 2)
        (line,) = result.stderr.splitlines()
        assert "a SOCKS proxy needs PySocks: install it beside the tap" in line


def test_each_line_at_debug_names_a_stream_or_a_request(
    cli: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_LOGLEVEL", "DEBUG")
    sandbox.faults.add(Status("/client/search", 500, times=1))
    shown = lines(cli(auth_method="password", **login(sandbox)), " DEBUG ")
    requests = [line for line in shown if " answered " in line]
    assert len(requests) == len(sandbox.requests)
    log = " ".join(requests)
    assert f"GET {sandbox.base_url}/client/search answered 500" in log
    assert "/v1/auth answered 200 after " in log
    names = [stream.name for stream in STREAMS]  # type: ignore[misc]
    for line in set(shown) - set(requests):
        assert any(name in line for name in names), line


def login(sandbox: Sandbox) -> dict[str, t.Any]:
    names = {"username": sandbox.username, "password": sandbox.password}
    return {"api_key": None, **names}


def tap(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tap_clientsuccess", *args],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_SECONDS,
        env={**os.environ, **env},
    )


def test_a_logging_file_is_utf_8_under_any_locale(tmp_path: Path) -> None:
    text = """
version: 1
disable_existing_loggers: false
formatters: {plain: {format: "größe € %(message)s"}}
handlers: {out: {class: logging.StreamHandler, formatter: plain}}
root: {level: INFO, handlers: [out]}
"""
    (tmp_path / "log.yml").write_text(text, encoding="utf-8")
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = tap(
        "--test",
        SINGER_SDK_LOG_CONFIG="log.yml",
        PYTHONIOENCODING="utf-8",
        **narrow,
    )
    assert "größe € Invalid configuration: api_key is missing" in result.stderr


def test_files_are_closed_where_a_run_fails(
    tmp_path: Path, config: dict[str, t.Any], sandbox: Sandbox
) -> None:
    settings = config | {"base_url": NOBODY, "max_retries": 0}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "state.json").write_text("{}")
    (tmp_path / "catalog.json").write_text(
        json.dumps(TapClientSuccess(config=config).catalog_dict)
    )
    args = ["--config", "config.json", "--state", "state.json"]
    result = tap(*args, "--catalog", "catalog.json", PYTHONWARNINGS="once")
    assert result.returncode == 1
    assert "ResourceWarning" not in result.stderr
