"""Whole runs of the tap in processes, with kills, faults and edits.

Each begins with the last STATE of the one before. `make reliability` runs them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import typing as t
from random import Random

import pytest

from clientsuccess_sandbox import (
    CutOff,
    Edits,
    Html,
    RepeatPage,
    Reset,
    Sandbox,
    Status,
    WrongTotal,
)
from clientsuccess_sandbox.data import KINDS

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

STREAMS = ["client_notes", "clients", "contacts", "contracts", "pulses", "products"]
STREAMS += ["tasks"]
KEY = "k3y-that-nobody-may-see"
MARKER = "customer-text-that-no-log-may-hold"
ENDINGS = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGPIPE)
"""How a run ends early; SIGPIPE: the target closes the pipe."""

HANGS_AFTER_SECONDS = 120
SEEDS = pytest.mark.parametrize("seed", range(10))


class Runs:
    """Runs of the tap against one sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path, concurrency: int) -> None:
        self.sandbox = sandbox
        self._folder = folder
        self._records: dict[tuple[str, int], dict[str, t.Any]] = {}
        self._state: dict[str, t.Any] = {}
        self._told: set[str] = set()
        config = {
            "api_key": KEY,
            "base_url": sandbox.base_url,
            "concurrency": concurrency,
            "max_retries": 30,
            "discover_custom_fields": False,
        }
        (folder / "config.json").write_text(json.dumps(config))

    def sync(self, ending: signal.Signals | None = None, size: int = 0) -> None:
        """Run the tap, to its end or until it has written so many bytes."""
        (self._folder / "state.json").write_text(json.dumps(self._state))
        log = self._folder / "log"
        command = [sys.executable, "-m", "tap_clientsuccess"]
        command += ["--config=config.json", "--state=state.json"]
        with (
            log.open("wb") as stderr,
            subprocess.Popen(
                command,
                cwd=self._folder,
                env={**os.environ, "TAP_CLIENTSUCCESS_LOGLEVEL": "DEBUG"},
                bufsize=0,
                stdout=subprocess.PIPE,
                stderr=stderr,
            ) as process,
        ):
            assert process.stdout
            output = b""
            while len(output) < size and (more := process.stdout.read(size)):
                output += more
            if ending is signal.SIGPIPE:
                process.stdout.close()
            else:
                if ending:
                    process.send_signal(ending)
                output += process.communicate(timeout=HANGS_AFTER_SECONDS)[0]
            code = process.wait(HANGS_AFTER_SECONDS)
        text = log.read_text(errors="replace")
        assert KEY not in text
        assert KEY.encode() not in output
        assert MARKER not in text
        assert "Traceback (most recent" not in text
        assert code in _exit_codes(ending), text[-500:]
        self._told = {
            stream
            for stream in STREAMS
            for line in text.splitlines()
            if "WARNING" in line and f"{stream}: " in line and "missing" in line
        }
        is_torn = ending in (signal.SIGKILL, signal.SIGPIPE)
        for message in _messages(output, is_torn=is_torn):
            if message["type"] == "STATE":
                self._state = message["value"]
            elif message["type"] == "RECORD" and message["stream"] in STREAMS:
                record = message["record"]
                self._records[message["stream"], record["id"]] = record

    def end_early(self, random: Random) -> None:
        self.sync(random.choice(ENDINGS), random.randrange(1, 600_000))

    def finish(self) -> None:
        """Stop the edits, read the rest, and compare."""
        self.sandbox.faults.clear()
        self.sync()
        self.compare()

    def compare(self) -> None:
        lost = [
            (stream, record["id"])
            for stream in STREAMS
            for record in self.sandbox.store.records(stream)
            if stream not in self._told and not self._has(stream, record)
        ]
        assert lost == []

    def _has(self, stream: str, record: dict[str, t.Any]) -> bool:
        ours = self._records.get((stream, record["id"]))
        names = {"modifiedTime", KINDS[stream].text} & record.keys()
        return ours is not None and all(ours[name] == record[name] for name in names)


def _messages(output: bytes, *, is_torn: bool) -> Iterator[dict[str, t.Any]]:
    for line in output.splitlines(keepends=True):
        if is_torn and not line.endswith(b"\n"):
            return
        yield json.loads(line)


def _exit_codes(ending: signal.Signals | None) -> set[int]:
    if ending is None:
        return {0}
    if ending is signal.SIGPIPE:
        return {0, 1}
    return {0, -ending, 128 + ending}


@pytest.fixture
def random(seed: int) -> Random:
    return Random(seed)  # noqa: S311


@pytest.fixture
def runs(random: Random, tmp_path: Path) -> Iterator[Runs]:
    with Sandbox(
        clients=40,
        seed=random.randrange(10**6),
        api_key=KEY,
        max_size=random.randint(7, 30),
        modification_times={"pulses": True},
    ) as sandbox:
        for stream in STREAMS:
            changes = {KINDS[stream].text: MARKER}
            sandbox.store.edit(stream, random.randint(1, 10), **changes)
        yield Runs(sandbox, tmp_path, random.choice([1, 4, 8]))


def add_faults(runs: Runs, share: float) -> None:
    body = {"userMessage": f"{KEY} {MARKER}"}
    each = share / 5
    for fault in (
        Status("*", 503, body=body, probability=each),
        Status("*", 429, body=body, retry_after=0, probability=each),
        Reset("*", probability=each),
        CutOff("*", probability=each),
        Html("*", probability=each),
    ):
        runs.sandbox.faults.add(fault)


@SEEDS
def test_edits(runs: Runs, random: Random) -> None:
    runs.sandbox.faults.add(Edits("*", every=random.randint(1, 3)))
    runs.sync()
    runs.sync()
    runs.finish()


@SEEDS
def test_faults(runs: Runs, random: Random) -> None:
    add_faults(runs, random.uniform(0.05, 0.3))
    runs.sync()
    runs.compare()


@SEEDS
def test_kills(runs: Runs, random: Random) -> None:
    for _ in range(3):
        runs.end_early(random)
    runs.finish()


@SEEDS
def test_edits_faults_and_kills(runs: Runs, random: Random) -> None:
    runs.sandbox.faults.add(Edits("*", every=random.randint(1, 3)))
    add_faults(runs, 0.1)
    for _ in range(3):
        runs.end_early(random)
    runs.finish()


@SEEDS
@pytest.mark.parametrize(
    "behaviour",
    [
        {"unstable_ties": True},
        {"ignore": {"/search": {"sortBy", "sortDirection"}}},
        {"ignore": {"/search": {"modifiedAfter"}}},
        {"echo_size": True},
    ],
    ids=["ties in any order", "no sort", "no filter", "size of its own"],
)
def test_odd_servers(runs: Runs, random: Random, behaviour: dict[str, t.Any]) -> None:
    for name, value in behaviour.items():
        setattr(runs.sandbox, name, value)
    test_edits(runs, random)


@SEEDS
def test_servers_that_mislead(runs: Runs, random: Random) -> None:
    searches = ["/client/", "/contact/", "/contract/", "/clientNote/", "/pulse/"]
    fault = random.choice(
        [
            RepeatPage(random.choice(searches), number=random.randint(0, 3)),
            WrongTotal(
                "*",
                elements=random.randint(-40, 40),
                pages=random.randint(-4, 4),
                probability=random.choice([0.3, 1.0]),
            ),
        ]
    )
    runs.sandbox.faults.add(fault)
    runs.sync()
    runs.compare()
