"""The command, as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from clientsuccess_sandbox import Status, cli
from clientsuccess_sandbox.cli import make_parser, settings_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = "clientsuccess_sandbox.cli"
PATIENCE = 10


@contextmanager
def running(tmp_path: Path, *options: str) -> Iterator[tuple[str, Any]]:
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", MODULE, "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            end = time.monotonic() + PATIENCE
            while not ready.exists() and process.poll() is None:
                assert time.monotonic() < end
                time.sleep(0.01)
            yield ready.read_text().strip(), process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_until_a_signal(tmp_path: Path, number: int) -> None:
    with running(tmp_path, "--clients", "5", "--verbose") as (url, process):
        answer = requests.get(
            f"{url}/client/search", headers={"X-API-Key": "sandbox-key"}, timeout=5
        )
        assert answer.json()["totalElements"] == 5
        process.send_signal(number)
        out, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert f"TAP_CLIENTSUCCESS_BASE_URL={url}" in out
    assert "TAP_CLIENTSUCCESS_API_KEY=sandbox-key" in out
    assert log.splitlines() == ["GET /api/client/search: 200"]


def test_what_the_tap_needs_beside_the_key_is_shown(tmp_path: Path) -> None:
    options = ("--key-header", "X-Token", "--health-path", "/ping")
    with running(tmp_path, *options, "--custom-search", "invoice=3") as (_, process):
        process.terminate()
        out, _ = process.communicate(timeout=PATIENCE)
    assert "TAP_CLIENTSUCCESS_API_KEY_HEADER=X-Token" in out
    assert "TAP_CLIENTSUCCESS_HEALTH_PATH=/ping" in out
    assert "/invoice/search" in out


def test_a_key_of_ones_own_is_not_shown(tmp_path: Path) -> None:
    with running(tmp_path, "--key", "hush", "--verbose") as (url, process):
        answer = requests.get(f"{url}/health", headers={"X-API-Key": "hush"}, timeout=5)
        assert answer.status_code == 200
        process.terminate()
        out, log = process.communicate(timeout=PATIENCE)
    assert "hush" not in out + log


def test_options_become_settings() -> None:
    options = make_parser().parse_args(
        [
            *("--clients", "7", "--client-notes", "9", "--max-size", "30"),
            *("--no-gzip", "--no-inclusive", "--unstable-ties", "--latency", "0.5"),
            *("--fault", "status=503,times=2", "--edits-per-request", "3"),
            *("--ignore", "/pulse/search:modifiedAfter,sortBy"),
            *("--no-modification-times", "client_notes"),
            *("--modification-times", "pulses", "--missing-custom-fields", "GOAL=402"),
        ]
    )
    settings = settings_from(options)
    assert settings["ignore"] == {"/pulse/search": ["modifiedAfter", "sortBy"]}
    assert settings["modification_times"] == {"client_notes": False, "pulses": True}
    assert settings["missing_custom_fields"]["GOAL"] == 402
    assert (settings["clients"], settings["client_notes"]) == (7, 9)
    assert (settings["gzip"], settings["inclusive"]) == (False, False)
    assert settings["initial_faults"] == (Status("*", 503, times=2),)
    assert settings["edits_per_request"] == 3


@pytest.mark.parametrize(
    "options",
    [
        ["--fault", "nonsense=1"],
        ["--ignore", "/pulse/search"],
        ["--missing-custom-fields", "GOAL"],
        ["--clients", "-1"],
        ["--now", "yesterday"],
        ["--modification-times", "clients"],
    ],
)
def test_bad_options_are_named(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([*options, "--port", "0"])
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"cannot run on 127.0.0.1:{port}: "):
            cli.main(["--port", str(port)])
