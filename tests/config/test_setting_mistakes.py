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
    assert result.exit_code in {1, 2}  # 1 with --test
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
    streams = {entry["stream"] for entry in json.loads(result.stdout)["streams"]}
    details = {"client_details", "contact_details"}  # Only with `read_details`.
    assert streams == {stream.name for stream in STREAMS} - details  # type: ignore[misc]
    (line,) = result.stderr.splitlines()
    assert "No settings are given, so the API was not asked: the catalog lacks" in line


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
        URL="https://s3cr3t.example",
    )
    result = bare_cli("--config=ENV", "--discover")
    assert result.exit_code == 0
    host, url = result.stderr.splitlines()
    assert "_SERVICE_HOST is not a setting: ignored; --about lists all" in host
    assert "_URL is not a setting: ignored; the nearest is TAP_CLIENTSUCCESS_B" in url
    assert "s3cr3t" not in url


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


def test_all_mistakes_are_listed_at_once(cli: CommandLine, sandbox: Sandbox) -> None:
    result = cli(
        "--test",
        api_key=None,
        base_url="http://s3cr3t.example",
        start_date="s3cr3t",
        page_size="200",
        pagesize=1,
        flattening_enabled=True,
        stream_maps={"clients": {"__else__": "s3cr3t"}},
        custom_streams=[{"name": "clients", "path": "s3cr3t"}],
        health_path=" /s3cr3t",
    )
    error = only_error(result)
    for words in (
        "api_key is missing",
        "base_url must use https",
        "start_date is not a time",
        "page_size must be of type integer or null: remove the quotes",
        "pagesize is not a setting; did you mean page_size?",
        "flattening_max_depth is missing",
        "__else__ must be null",
        "custom_streams.0.name: there is a stream clients already",
        "custom_streams.0.path must start with a slash",
        "health_path starts or ends with whitespace",
    ):
        assert error.count(words) == 1, words
    assert "s3cr3t" not in result.stderr
    assert not sandbox.requests


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key": 5}, "api_key must be of type string"),
        ({"auth_method": "key", "api_key": None}, "auth_method must be one of"),
        ({"custom_streams": "[]"}, "custom_streams must be of type array or null: rem"),
        ({"read_details": "true"}, "read_details must be of type boolean or null: re"),
        (
            {"custom_streams": [{}]},
            "custom_streams.0.name and custom_streams.0.path are",
        ),
    ],
    ids=str,
)
def test_what_has_the_wrong_type_is_said_once(
    cli: CommandLine, settings: dict[str, t.Any], words: str
) -> None:
    error = only_error(cli("--test", **settings))
    assert f"Invalid configuration: {words}" in error
    assert ";" not in error


@pytest.mark.parametrize("value", ["many", "null", '"5"', "[", "1.5"])
def test_no_quotes_are_to_be_removed(cli: CommandLine, value: str) -> None:
    error = only_error(cli("--test", page_size=value))
    assert error.endswith("page_size must be of type integer or null")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('"s3cr3t"', "has quotes around it"),
        ("'s3cr3t'", "has quotes around it"),
        ("Bearer s3cr3t", "starts with Bearer"),
        ("bearer\ts3cr3t", "starts with Bearer"),
        ("Bearer", "starts with Bearer"),
        ("'Bearer s3cr3t'", "has quotes around it: remove them; api_key starts with"),
        ("s3c r3t", "contains whitespace"),
        ("s3cr3t ", "starts or ends with whitespace"),
        ("\ns3cr3t", "starts or ends with whitespace"),
        ("s3c\tr3t", "contains a control character"),
        ("s3cr3t\x00", "contains a control character"),
        ("<s3cr3t of mine>", "is a placeholder in angle brackets"),
        ("...", "contains three dots"),
        ("s3cr3t...", "contains three dots"),
    ],
)
def test_a_key_that_cannot_be_right(
    cli: CommandLine, sandbox: Sandbox, key: str, words: str
) -> None:
    result = cli("--test", api_key=key)
    assert f"api_key {words}" in only_error(result)
    assert "s3cr3t" not in result.stderr
    assert "r3t" not in result.stderr
    assert not sandbox.requests


@pytest.mark.parametrize("key", ["bearer-of-news", "a.b..c", "Bearers", "a<b>c"])
def test_a_key_that_may_be_right(cli: CommandLine, key: str) -> None:
    assert "answered 401" in only_error(cli("--test", api_key=key))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "put it into the file of --config, or set TAP_CLIENTSUCCESS_API_KEY and"),
        (["--config=ENV"], ": set TAP_CLIENTSUCCESS_API_KEY"),
    ],
)
def test_a_missing_key_is_named_with_its_variable(
    bare_cli: CommandLine, args: list[str], words: str
) -> None:
    error = only_error(bare_cli(*args, "--test"))
    assert words in error
    assert "--config=ENV" in error or args


def test_a_key_in_a_dotenv_file_that_is_not_read(
    bare_cli: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TAP_CLIENTSUCCESS_API_KEY=s3cr3t\n")
    result = bare_cli("--test")
    place = tmp_path / ".env"
    assert f"it is in {place}: read it with --config=ENV" in only_error(result)
    assert "s3cr3t" not in result.stderr


@pytest.mark.parametrize(
    "text", [b"TAP_CLIENTSUCCESS_API_KEY=\n", b"\xff\xfe\xff", b""]
)
def test_a_dotenv_file_without_the_key(
    bare_cli: CommandLine, tmp_path: Path, text: bytes
) -> None:
    (tmp_path / ".env").write_bytes(text)
    assert "put it into the file" in only_error(bare_cli("--test"))


def test_meltano_reads_the_variables_itself(
    bare_cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-clientsuccess")
    error = only_error(bare_cli("--test"))
    assert error.endswith(": set TAP_CLIENTSUCCESS_API_KEY")


@pytest.mark.parametrize("word", ["env", "Env"])
def test_the_environment_in_lower_case(
    bare_cli: CommandLine, variables: Variables, sandbox: Sandbox, word: str
) -> None:
    variables(API_KEY=sandbox.api_key, BASE_URL=sandbox.base_url)
    assert bare_cli(f"--config={word}", "--test").exit_code == 0


def test_where_a_variable_was_read(
    bare_cli: CommandLine,
    variables: Variables,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_API_KEY", "to be undone")
    monkeypatch.delenv("TAP_CLIENTSUCCESS_API_KEY")
    (tmp_path / ".env").write_text(f"TAP_CLIENTSUCCESS_API_KEY={sandbox.api_key}\n")
    variables(BASE_URL=sandbox.base_url)
    log = bare_cli("--config=ENV").stderr
    assert f"TAP_CLIENTSUCCESS_API_KEY: read from {tmp_path / '.env'}" in log
    assert "TAP_CLIENTSUCCESS_BASE_URL: read from the environment" in log


def test_an_empty_variable_counts_as_not_set(
    bare_cli: CommandLine, variables: Variables, sandbox: Sandbox
) -> None:
    variables(
        API_KEY="",
        PAGE_SIZE="",
        AUTH_METHOD="password",
        USERNAME=sandbox.username,
        PASSWORD=sandbox.password,
        BASE_URL=sandbox.base_url,
    )
    assert bare_cli("--config=ENV", "--test").exit_code == 0
