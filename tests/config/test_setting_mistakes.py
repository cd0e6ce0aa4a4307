"""Mistakes in the settings: misspelled, unread, or wrong at discovery."""

from __future__ import annotations

import json
import typing as t

import pytest

from tap_clientsuccess.streams import STREAMS

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import CommandLine, CommandResult

    from clientsuccess_sandbox import Sandbox

COMMANDS: list[list[str]] = [[], ["--discover"], ["--test"]]


def only_error(result: CommandResult) -> str:
    """The only error of a command that failed before any request."""
    assert result.exit_code == 1
    assert result.stdout == ""
    return result.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("pagesize", "page_size"),
        ("bas_url", "base_url"),
        ("apikey", "api_key"),
        ("concurency", "concurrency"),
        ("look_back_seconds", "lookback_seconds"),
        ("Page_Size", "page_size"),
        ("flattening_max_dept", "flattening_max_depth"),
    ],
)
def test_a_misspelled_setting(
    cli: CommandLine, sandbox: Sandbox, command: list[str], name: str, near: str
) -> None:
    result = cli(*command, **{name: "s3cr3t"})
    assert f"{name} is not a setting; did you mean {near}?" in only_error(result)
    assert "s3cr3t" not in result.stderr
    assert not sandbox.requests


def test_an_unknown_setting_without_a_suggestion(cli: CommandLine) -> None:
    assert only_error(cli(zzz=1)).endswith("zzz is not a setting")


@pytest.mark.parametrize(
    "settings",
    [
        {"stream_maps": {}, "stream_map_config": {}, "faker_config": {"seed": 1}},
        {"flattening_enabled": True, "flattening_max_depth": 1},
        {"flattening_separator": "_", "flattening_max_key_length": 60},
        {"emit_activate_version_messages": True},
        {"_select": ["*.*"], "_metadata": {}},
    ],
)
def test_settings_of_the_sdk_and_of_meltano_pass(
    cli: CommandLine, settings: dict[str, t.Any]
) -> None:
    assert cli("--discover", **settings).exit_code == 0


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"page_size": 0}, "page_size is out of range"),
        ({"api_key": None, "page_size": 0}, "page_size is out of range"),
        ({"api_key": None, "start_date": "2024-01-01T00:00:00Z"}, "api_key is missing"),
        ({"custom_streams": [{"nam": "a", "path": "/b"}]}, "custom_streams.0"),
        ({"custom_streams": [{"name": "a", "path": "b"}]}, "start with a slash"),
    ],
    ids=str,
)
def test_invalid_settings_fail_every_command(
    cli: CommandLine, command: list[str], settings: dict[str, t.Any], words: str
) -> None:
    result = cli(*command, **settings)
    assert words in only_error(result)
    assert len(result.stderr.splitlines()) == (1 if command else 2)


@pytest.mark.parametrize(
    "settings", [{}, {"page_size": 200, "auth_method": "api_key", "username": None}]
)
def test_discovery_needs_no_settings(
    bare_cli: CommandLine, tmp_path: Path, settings: dict[str, t.Any]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(settings))
    result = bare_cli("--config", "config.json", "--discover")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["streams"]) == len(STREAMS)
    assert result.stderr == ""


class Variables:
    """Sets environment variables of the tap."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, **values: t.Any) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(f"TAP_CLIENTSUCCESS_{name}", str(value))


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    return Variables(monkeypatch)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@pytest.mark.parametrize(
    ("name", "near"),
    [("PAGESIZE", "PAGE_SIZE"), ("TIMEOUT", "REQUEST_TIMEOUT"), ("KEY", "API_KEY")],
)
def test_a_misspelled_variable(  # noqa: PLR0913
    *,
    bare_cli: CommandLine,
    variables: Variables,
    sandbox: Sandbox,
    command: list[str],
    name: str,
    near: str,
) -> None:
    variables(API_KEY="key", BASE_URL=sandbox.base_url, **{name: "s3cr3t"})
    result = bare_cli("--config=ENV", *command)
    assert f"did you mean TAP_CLIENTSUCCESS_{near}?" in only_error(result)
    assert "s3cr3t" not in result.stderr
    assert not sandbox.requests


def test_a_misspelled_variable_in_a_dotenv_file(
    bare_cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_APIKEY", "to be undone")
    monkeypatch.delenv("TAP_CLIENTSUCCESS_APIKEY")
    (tmp_path / ".env").write_text("TAP_CLIENTSUCCESS_APIKEY=s3cr3t\n")
    assert "TAP_CLIENTSUCCESS_APIKEY is not a s" in only_error(
        bare_cli("--config=ENV", "--test")
    )


def test_unknown_variables_are_ignored_with_a_warning(
    bare_cli: CommandLine, variables: Variables, sandbox: Sandbox
) -> None:
    variables(
        API_KEY=sandbox.api_key,
        BASE_URL=sandbox.base_url,
        LOGLEVEL="WARNING",
        LOG_CONFIG="log.yml",
        _SELECT_FILTER='["clients"]',
        STREAM_MAPS_CLIENTS_NAME="name",
        SERVICE_HOST="10.0.0.1",
    )
    result = bare_cli("--config=ENV", "--discover")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        line for line in result.stderr.splitlines() if "SERVICE_HOST" in line
    ]


def test_a_variable_that_is_not_read_causes_a_warning(
    cli: CommandLine, variables: Variables
) -> None:
    variables(BASE_URL="https://s3cr3t.example", PAGE_SIZE=5)
    result = cli("--discover")
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert "TAP_CLIENTSUCCESS_BASE_URL, TAP_CLIENTSUCCESS_PAGE_SIZE: not read" in line
    assert "--config=ENV" in line
    assert "s3cr3t" not in line


def test_no_warning_about_variables_set_by_meltano(
    cli: CommandLine, variables: Variables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-clientsuccess")
    variables(PAGE_SIZE=5, PAGESIZE=5, _SELECT='["*.*"]')
    assert cli("--discover").stderr == ""


def test_a_key_that_is_exported_but_not_read(
    bare_cli: CommandLine, variables: Variables
) -> None:
    variables(API_KEY="s3cr3t")
    result = bare_cli("--test")
    line = only_error(result)
    assert "api_key is missing" in line
    assert "read it with --config=ENV" in line
    assert "s3cr3t" not in result.stderr


def test_each_variable_causes_one_warning(
    bare_cli: CommandLine, variables: Variables, sandbox: Sandbox
) -> None:
    variables(API_KEY=sandbox.api_key, BASE_URL=sandbox.base_url)
    result = bare_cli("--config=ENV")
    assert result.exit_code == 0
    assert result.stderr.count("TAP_CLIENTSUCCESS_API_KEY") == 1
    assert "env var " not in result.stderr


def test_no_warning_without_settings_in_the_environment(cli: CommandLine) -> None:
    assert "env" not in cli("--discover").stderr.lower()
