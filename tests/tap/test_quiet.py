"""The setting `quiet`: what a run still says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

import pytest
from conftest import LIMIT_SECONDS

from clientsuccess_sandbox import Sandbox, Status

if t.TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
version: 1
disable_existing_loggers: false
formatters: {json: {"()": singer_sdk.logging.StructuredFormatter}}
handlers: {out: {class: logging.StreamHandler, formatter: json}}
root: {level: INFO, handlers: [out]}
"""
"""As Meltano sets it up."""


def run(config: dict[str, t.Any], path: Path, *args: str, **env: str) -> list[str]:
    """Run the tap; return what it logs."""
    (path / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "tap_clientsuccess", "--config", "config.json"]
    ended = subprocess.run(
        [*command, *args],
        check=True,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_SECONDS,
        cwd=path,
        env={**os.environ, **env},
    )
    return ended.stderr.splitlines()


def test_two_lines_remain(config: dict[str, t.Any], tmp_path: Path) -> None:
    first, last = run(config | {"quiet": True}, tmp_path)
    assert "tap-clientsuccess v" in first
    assert "run complete: 12 streams, " in last
    assert len(run(config, tmp_path)) > 40


def test_warnings_remain(
    config: dict[str, t.Any], sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add(Status("/client/search", 500, times=1))
    _, warning, last = run(config | {"quiet": True}, tmp_path)
    assert "/client/search answered 500" in warning
    assert last.endswith("; warnings: 1")


def test_it_holds_under_meltano(config: dict[str, t.Any], tmp_path: Path) -> None:
    (tmp_path / "log.yml").write_text(CONFIG)
    lines = run(config | {"quiet": True}, tmp_path, SINGER_SDK_LOG_CONFIG="log.yml")
    first, last = map(json.loads, lines)
    assert first["message"].startswith("tap-clientsuccess v")
    assert last["message"].startswith("run complete: 12 streams, ")
    assert last["extra"]["run"]["streams"] == 12


def test_it_is_read_from_the_environment(
    config: dict[str, t.Any], tmp_path: Path
) -> None:
    variables = {
        f"TAP_CLIENTSUCCESS_{name.upper()}": str(value)
        for name, value in (config | {"quiet": True}).items()
    }
    assert len(run({}, tmp_path, "--config=ENV", **variables)) == 2


def test_it_holds_for_the_environment_where_a_file_has_it(
    config: dict[str, t.Any], tmp_path: Path
) -> None:
    key = config.pop("api_key")
    variables = {"TAP_CLIENTSUCCESS_API_KEY": key}
    log = run(config | {"quiet": True}, tmp_path, "--config=ENV", **variables)
    assert len(log) == 2


@pytest.mark.parametrize(("level", "lines"), [("WARNING", 0), ("INFO", 2)])
def test_a_log_level_may_ask_for_less(
    config: dict[str, t.Any], tmp_path: Path, level: str, lines: int
) -> None:
    log = run(config | {"quiet": True}, tmp_path, TAP_CLIENTSUCCESS_LOGLEVEL=level)
    assert len(log) == lines


def test_the_connection_test_still_answers(
    config: dict[str, t.Any], tmp_path: Path
) -> None:
    (line,) = run(config | {"quiet": True}, tmp_path, "--test")
    assert "the connection works" in line
