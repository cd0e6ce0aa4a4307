"""Killed at any moment and resumed from the last state: nothing is missing."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import LIMIT_SECONDS, wait_until
from conftest import select as select_streams

from clientsuccess_sandbox import Drip, Fault, Sandbox, Stall, Status
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TAP = [sys.executable, "-m", "tap_clientsuccess"]
STREAMS = ["clients", "contacts", "contracts", "client_notes", "products", "tasks"]
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
NEVER = 3600.0


class Tap:
    """A tap in its own process, and what it wrote in all its runs."""

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
        catalog = TapClientSuccess(config=self.settings).catalog_dict
        select_streams(catalog, STREAMS)
        (folder / "catalog.json").write_text(json.dumps(catalog))

    def command(self) -> list[str]:
        (self.folder / "config.json").write_text(json.dumps(self.settings))
        (self.folder / "state.json").write_text(json.dumps(self.state))
        files = [("config", "config"), ("catalog", "catalog"), ("state", "state")]
        options = [[f"--{name}", f"{file}.json"] for name, file in files]
        return [*TAP, *(part for option in options for part in option)]

    @contextlib.contextmanager
    def start(
        self, command: list[str] | None = None, stdout: t.Any = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start it, and always stop it."""
        with subprocess.Popen(
            command or self.command(),
            cwd=self.folder,
            stdout=stdout,
            stderr=subprocess.PIPE,
        ) as process:
            watchdog = threading.Timer(LIMIT_SECONDS, process.kill)
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()

    def run(self, *, kill: signal.Signals | None = None, requests: int = 0) -> int:
        """Run to the end, or until it is killed; collect what it wrote.

        Args:
            kill: The signal to kill it with.
            requests: How many of its requests to wait for before.
        """
        wanted = len(self.sandbox.requests) + requests
        output = self.folder / "output.jsonl"
        with output.open("wb") as file, self.start(stdout=file) as process:
            if kill:
                wait_until(
                    lambda: (
                        len(self.sandbox.requests) >= wanted
                        or process.poll() is not None
                    )
                )
                process.send_signal(kill)
            _, stderr = process.communicate()
        self.take(output.read_bytes(), torn=kill is signal.SIGKILL)
        assert b"Traceback" not in stderr
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


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
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
    dice = random.Random(kill)  # noqa: S311
    for _ in range(2):
        code = tap.run(kill=kill, requests=dice.randint(1, 60))
        assert code in {0, CODES.get(kill), -kill}
    assert tap.run() == 0
    assert not tap.missing()


def test_the_target_closes_the_pipe(tap: Tap) -> None:
    with tap.start() as process:
        assert process.stdout
        assert process.stderr
        some = process.stdout.read(50_000)
        process.stdout.close()
        only_error = process.stderr.read().decode()
    tap.take(some[: some.rfind(b"\n") + 1])
    assert process.returncode == 1
    assert only_error.splitlines()[-1].endswith("(broken pipe)")
    assert only_error.count("ERROR") == 1
    assert "Traceback" not in only_error
    assert tap.run() == 0
    assert not tap.missing()


def test_a_full_disk(tap: Tap) -> None:
    with Path("/dev/full").open("wb") as full, tap.start(stdout=full) as process:
        _, stderr = process.communicate()
    assert process.returncode == 1
    assert b"No space left on device" in stderr
    assert b"Traceback" not in stderr


def test_no_standard_output_at_all(tap: Tap) -> None:
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *tap.command()]
    with tap.start(shell) as process:
        _, stderr = process.communicate()
    assert process.returncode == 1
    assert b"Traceback" not in stderr


HELD_UP = [
    (signal.SIGINT, Stall("/search", NEVER)),
    (signal.SIGTERM, Stall("/search", NEVER, headers_first=True)),
    (signal.SIGINT, Drip("/search", 0.2)),
    (signal.SIGTERM, Status("/search", 429, retry_after=300)),
    (signal.SIGINT, Stall("/customfield", NEVER)),
    (signal.SIGTERM, Status("/customfield", 429, retry_after=300)),
]


@pytest.mark.parametrize(("kill", "fault"), HELD_UP, ids=str)
def test_a_signal_ends_the_tap_while_it_waits_for_the_server(
    tap: Tap, kill: signal.Signals, fault: Fault
) -> None:
    tap.settings |= {"discover_custom_fields": True, "request_timeout": NEVER}
    number = tap.sandbox.faults.add(fault)
    with tap.start() as process:
        wait_until(lambda: tap.sandbox.faults.hits(number) > 0)
        process.send_signal(kill)
        stdout, stderr = process.communicate()
    assert process.returncode == CODES[kill]
    assert b"Traceback" not in stderr
    if "/search" in fault.path:
        assert json.loads(stdout.splitlines()[-1])["type"] == "STATE"


@contextlib.contextmanager
def pipe() -> Iterator[tuple[t.BinaryIO, t.BinaryIO]]:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", 0) as writer:
        yield reader, writer


def is_full(pipe_end: t.BinaryIO) -> bool:
    return not select.select([], [pipe_end], [], 0)[1]


@pytest.mark.parametrize("kill", CODES)
def test_a_signal_ends_the_tap_while_nobody_reads(
    tap: Tap, kill: signal.Signals
) -> None:
    with pipe() as (_, writer), tap.start(stdout=writer) as process:
        wait_until(lambda: is_full(writer))
        process.send_signal(kill)
        _, stderr = process.communicate()
    assert process.returncode == CODES[kill]
    assert b"Traceback" not in stderr
    assert b"Fatal Python error" not in stderr


PATIENT = f"""
from tap_clientsuccess.singer import signals
signals.LEAVE_WITHIN_SECONDS = {NEVER}
from tap_clientsuccess.__main__ import main
main()
"""


def test_a_second_signal_does_not_cut_off_a_line(tap: Tap) -> None:
    """A terminal and a runner may both send the signal."""
    command = [sys.executable, "-c", PATIENT, *tap.command()[len(TAP) :]]
    with pipe() as (reader, writer), tap.start(command, stdout=writer) as process:
        wait_until(lambda: is_full(writer))  # It holds half a line.
        writer.close()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        stdout = reader.read()
        process.communicate()
    tap.take(stdout)
    assert json.loads(stdout.splitlines()[-1])["type"] == "STATE"
    assert process.returncode in CODES.values()
    assert tap.run() == 0
    assert not tap.missing()


def test_a_runner_with_a_non_blocking_pipe(tap: Tap) -> None:
    """Its end of the pipe is non-blocking, and so the tap's is."""
    with pipe() as (reader, writer), tap.start(stdout=writer) as process:
        os.set_blocking(writer.fileno(), False)
        wait_until(lambda: is_full(writer))
        writer.close()
        tap.take(reader.read())
        process.communicate()
    assert process.returncode == 0
    assert not tap.missing()


def fill(pipe_end: t.BinaryIO) -> None:
    os.set_blocking(pipe_end.fileno(), False)
    while pipe_end.write(b"x" * 4096):
        pass
    os.set_blocking(pipe_end.fileno(), True)


def check_one_line(kill: signal.Signals, code: int, said: list[str]) -> None:
    assert code == CODES[kill]
    assert [line for line in said if "topped by signal" in line] == [
        f"tap-clientsuccess: stopped by signal {kill:d}\n"
    ]
    assert not [line for line in said if "Traceback" in line]


@pytest.mark.parametrize(
    ("kill", "option", "imports"),
    [
        (signal.SIGINT, "--about", 1),
        (signal.SIGTERM, "--about", 150),
        (signal.SIGINT, "--discover", 300),
        (signal.SIGTERM, "--discover", 500),
    ],
)
def test_a_signal_during_startup_is_one_line(
    tap: Tap, kill: signal.Signals, option: str, imports: int
) -> None:
    """At any time, from the first import on."""
    command = [sys.executable, "-X", "importtime", *TAP[1:], option]
    with pipe() as (_, full):
        fill(full)  # So it cannot finish by itself.
        with tap.start(command, stdout=full) as process:
            assert process.stderr
            lines = map(bytes.decode, process.stderr)
            assert any("tap_clientsuccess.singer.signals\n" in line for line in lines)
            for _ in range(imports):
                next(lines)
            process.send_signal(kill)
            said = [line for line in lines if not line.startswith("import time:")]
    check_one_line(kill, process.returncode, said)


@pytest.mark.parametrize(
    ("kill", "option"), [(signal.SIGINT, "--test"), (signal.SIGTERM, "--discover")]
)
def test_a_signal_ends_every_command_in_one_line(
    tap: Tap, kill: signal.Signals, option: str
) -> None:
    tap.settings["discover_custom_fields"] = True
    number = tap.sandbox.faults.add(Stall("*", NEVER))
    with tap.start([*tap.command(), option]) as process:
        wait_until(lambda: tap.sandbox.faults.hits(number) > 0)
        process.send_signal(kill)
        stdout, stderr = process.communicate()
    check_one_line(kill, process.returncode, stderr.decode().splitlines(keepends=True))
    assert not stdout


AT_ITS_END = """
import atexit, os, signal
atexit.register(os.kill, os.getpid(), signal.SIGTERM)
from tap_clientsuccess.__main__ import main
main()
"""


def test_a_signal_after_the_end_changes_nothing(tap: Tap) -> None:
    with tap.start([sys.executable, "-c", AT_ITS_END, "--about"]) as process:
        _, stderr = process.communicate()
    assert (process.returncode, stderr) == (0, b"")
