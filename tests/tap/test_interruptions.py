"""Killed at any moment, and run again with the last state: nothing is missing."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import select

from clientsuccess_sandbox import Drip, Rule, Sandbox, Stall, Status
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TAP = [sys.executable, "-m", "tap_clientsuccess"]
HANGS_AFTER = 20.0
STREAMS = ["clients", "contacts", "contracts", "client_notes", "products", "tasks"]
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


class Tap:
    """A tap as a process of its own, and what it wrote over all its runs."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.settings: dict[str, t.Any] = {
            "api_key": sandbox.api_key,
            "base_url": sandbox.base_url,
            "discover_custom_fields": False,
        }
        self.state: dict[str, t.Any] = {}
        self.seen: dict[str, set[int]] = {stream: set() for stream in STREAMS}
        self.stderr = b""
        catalog = select(TapClientSuccess(config=self.settings).catalog_dict, STREAMS)
        (folder / "catalog.json").write_text(json.dumps(catalog))

    def command(self) -> list[str]:
        (self.folder / "config.json").write_text(json.dumps(self.settings))
        (self.folder / "state.json").write_text(json.dumps(self.state))
        files = [("config", "config"), ("catalog", "catalog"), ("state", "state")]
        options = [[f"--{name}", f"{file}.json"] for name, file in files]
        return [*TAP, *(part for option in options for part in option)]

    @contextlib.contextmanager
    def start(
        self, stdout: t.Any = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start it, and leave no process behind, whatever comes."""
        with subprocess.Popen(
            self.command(), cwd=self.folder, stdout=stdout, stderr=subprocess.PIPE
        ) as process:
            watchdog = threading.Timer(HANGS_AFTER, process.kill)
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()

    def run(self, *, kill: signal.Signals | None = None, after: float = 0.0) -> int:
        """Run to the end, or until it is killed; take in what it wrote."""
        with self.start() as process:
            killer = threading.Timer(after, process.send_signal, [kill])
            if kill:
                killer.start()
            stdout, self.stderr = process.communicate()
            killer.cancel()
        self.take(stdout, torn=kill is signal.SIGKILL)
        assert b"Traceback" not in self.stderr
        return process.returncode

    def take(self, stdout: bytes, *, torn: bool = False) -> None:
        lines = stdout.splitlines(keepends=True)
        if torn and lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        for line in lines:
            assert line.endswith(b"\n")
            self.take_message(json.loads(line))

    def take_message(self, message: dict[str, t.Any]) -> None:
        match message["type"]:
            case "RECORD":
                self.seen[message["stream"]].add(message["record"]["id"])
            case "BATCH":
                for url in message["manifest"]:
                    self.seen[message["stream"]] |= batched(url)
            case "STATE":
                self.state = message["value"]

    def missing(self) -> dict[str, set[int]]:
        store = self.sandbox.store
        lost = {name: set(store.ids(name)) - ids for name, ids in self.seen.items()}
        return {name: ids for name, ids in lost.items() if ids}


def batched(url: str) -> set[int]:
    with gzip.open(Path(urlsplit(url).path), "rt", encoding="utf-8") as file:
        return {json.loads(line)["id"] for line in file}


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[Tap]:
    with Sandbox(seed=5, clients=40, max_size=10, latency=0.01) as sandbox:
        yield Tap(sandbox, tmp_path)


def moments(seed: int, count: int = 3) -> list[float]:
    """Choose moments from when the tap has started to about its end."""
    dice = random.Random(seed)  # noqa: S311
    return [dice.uniform(0.3, 1.1) for _ in range(count)]


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("batch", [False, True], ids=["records", "batches"])
def test_killed_at_random_moments(
    tap: Tap, kill: signal.Signals, batch: bool, tmp_path: Path
) -> None:
    if batch:
        tap.settings["batch_config"] = {
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": tmp_path.as_uri(), "prefix": "batch-"},
            "batch_size": 13,
        }
    for moment in moments(kill):
        code = tap.run(kill=kill, after=moment)
        assert code in {0, CODES.get(kill), -kill}
    assert tap.run() == 0
    assert not tap.missing()


def test_whoever_reads_goes_away_at_random_moments(tap: Tap) -> None:
    dice = random.Random(1)  # noqa: S311
    for _ in range(3):
        with tap.start() as process:
            assert process.stdout
            assert process.stderr
            some = process.stdout.read(dice.randrange(1, 200_000))
            process.stdout.close()
            complaint = process.stderr.read().decode()
        tap.take(some[: some.rfind(b"\n") + 1])
        assert process.returncode == 1
        assert complaint.splitlines()[-1].endswith("(broken pipe)")
        assert complaint.count("ERROR") == 1
        assert "Traceback" not in complaint
    assert tap.run() == 0
    assert not tap.missing()


def test_a_full_disk(tap: Tap) -> None:
    with Path("/dev/full").open("wb") as full, tap.start(stdout=full) as process:
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == 1
    assert b"No space left on device" in stderr
    assert b"Traceback" not in stderr


def test_no_standard_output_at_all(tap: Tap) -> None:
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *tap.command()]
    ended = subprocess.run(
        shell, cwd=tap.folder, stderr=subprocess.PIPE, timeout=5, check=False
    )
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr


HELD_UP = [
    Stall("/search", 30),
    Stall("/search", 30, headers_first=True),
    Drip("/search", 0.2),
    Status("/search", 429, retry_after=300),
    Stall("/customfield", 30),
    Status("/customfield", 429, retry_after=300),
]


@pytest.mark.parametrize("kill", CODES)
@pytest.mark.parametrize("rule", HELD_UP, ids=str)
def test_a_signal_ends_the_tap_while_it_waits_for_the_server(
    tap: Tap, kill: signal.Signals, rule: Rule
) -> None:
    tap.settings["discover_custom_fields"] = True
    number = tap.sandbox.faults.add(rule)
    with tap.start() as process:
        while not tap.sandbox.faults.hits(number):
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(kill)
        stdout, stderr = process.communicate(timeout=5)
    assert process.returncode == CODES[kill]
    assert b"Traceback" not in stderr
    if "/search" in rule.path:
        assert json.loads(stdout.splitlines()[-1])["type"] == "STATE"


@pytest.mark.parametrize("kill", CODES)
def test_a_signal_ends_the_tap_while_nobody_reads(
    tap: Tap, kill: signal.Signals
) -> None:
    tap.sandbox.latency = 0.0
    with tap.start() as process:
        time.sleep(1.2)  # By then the pipe is full.
        process.send_signal(kill)
        process.wait(timeout=5)
        stderr = process.communicate()[1]
    assert process.returncode == CODES[kill]
    assert b"Traceback" not in stderr
    assert b"Fatal Python error" not in stderr


def test_a_second_signal_tears_no_line(tap: Tap) -> None:
    """As when a terminal and a runner both pass on that it is to end."""
    tap.sandbox.latency = 0.0
    with tap.start() as process:
        time.sleep(1.0)  # The pipe is full: a line stands half in it.
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        stdout, _ = process.communicate(timeout=5)
    tap.take(stdout)


@pytest.mark.parametrize("after", [0.2, 0.3])
def test_a_signal_while_it_starts_shows_no_traceback(tap: Tap, after: float) -> None:
    code = tap.run(kill=signal.SIGINT, after=after)
    assert code in {0, 130, -signal.SIGINT}


def test_a_runner_that_reads_without_waiting(tap: Tap) -> None:
    """Its end of the pipe does not block, and so does not the tap's."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with open(read, "rb") as reader, tap.start(stdout=write) as process:  # noqa: PTH123
        os.close(write)
        time.sleep(1.0)
        tap.take(reader.read())
        process.communicate(timeout=5)
    assert process.returncode == 0
    assert not tap.missing()
