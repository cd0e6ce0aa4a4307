"""Syncs, each a process that begins with the last STATE of the one before."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, fields

from clientsuccess_sandbox.data import KINDS

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clientsuccess_sandbox import Sandbox

STREAMS = ["clients", "contacts", "contracts", "client_notes", "pulses"]
STREAMS += ["products", "tasks"]
KEY = "k3y-that-nobody-may-see"
MARKER = "customer-text-that-no-log-may-hold"

_TAP = [sys.executable, "-m", "tap_clientsuccess"]
_HANGS_AFTER = 60.0
_TORN_BY = {signal.SIGKILL, signal.SIGPIPE}


@dataclass
class Tally:
    """What was counted; all but the first three and `told` should be 0.

    Attributes:
        tries: Sandboxes that were read.
        syncs: Times that the tap was started.
        expected: Records that the sandboxes held at the end.
        lost: Of those, the ones that never came in their newest form, unannounced.
        told: Those that the tap said were missing.
        silent: Streams with lost records.
        torn: Lines that are not whole JSON.
        secrets: Runs that showed the key, or records in the log.
        tracebacks: Runs that showed a traceback.
        hangs: Runs that had to be killed after a minute.
        failed: Runs that ended with another exit code than they should.
    """

    tries: int = 0
    syncs: int = 0
    expected: int = 0
    lost: int = 0
    told: int = 0
    silent: int = 0
    torn: int = 0
    secrets: int = 0
    tracebacks: int = 0
    hangs: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        names = [field.name for field in fields(self)]
        return Tally(*(getattr(self, name) + getattr(other, name) for name in names))


class History:
    """Syncs of one sandbox, each with the state of the one before."""

    def __init__(self, sandbox: Sandbox, folder: Path, concurrency: int) -> None:
        self.sandbox = sandbox
        self.tally = Tally(tries=1)
        self._folder = folder
        self._log = ""
        self._records: dict[tuple[str, int], dict[str, t.Any]] = {}
        self._state: dict[str, t.Any] = {}
        settings: dict[str, t.Any] = {"api_key": KEY, "base_url": sandbox.base_url}
        settings |= {"concurrency": concurrency, "max_retries": 30}
        self._write("config", {**settings, "discover_custom_fields": False})

    def _write(self, name: str, value: t.Any) -> None:
        (self._folder / f"{name}.json").write_text(json.dumps(value))

    def sync(
        self, ending: signal.Signals | None = None, size: int = 0, after: float = 0.0
    ) -> None:
        """Run the tap, to its end or until it is ended.

        Args:
            ending: How it is ended early.
            size: Bytes of its output until then.
            after: Seconds after these bytes.
        """
        self._write("state", self._state)
        path = self._folder / "log"
        with (
            path.open("wb") as log,
            self._start(log) as process,
            self._watched(process),
        ):
            some = _some(process.stdout, size)
            time.sleep(after)
            stdout = some + _end(process, ending)
        self._log = path.read_text(errors="replace")
        self._take(stdout, torn=ending in _TORN_BY)
        self._look(process.returncode, stdout, ending)

    @contextlib.contextmanager
    def _watched(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        watchdog = threading.Timer(_HANGS_AFTER, process.kill)
        began = time.monotonic()
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            process.kill()
            self.tally.hangs += time.monotonic() - began > _HANGS_AFTER

    def _start(self, log: t.Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*_TAP, "--config=config.json", "--state=state.json"],
            cwd=self._folder,
            env={**os.environ, "TAP_CLIENTSUCCESS_LOGLEVEL": "DEBUG"},
            bufsize=0,
            stdout=subprocess.PIPE,
            stderr=log,
        )

    def _take(self, stdout: bytes, *, torn: bool) -> None:
        lines = stdout.splitlines(keepends=True)
        if torn and lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        for line in lines:
            try:
                self._take_message(json.loads(line))
            except ValueError:
                self.tally.torn += 1
            else:
                self.tally.torn += not line.endswith(b"\n")

    def _take_message(self, message: dict[str, t.Any]) -> None:
        if message["type"] == "STATE":
            self._state = message["value"]
        elif message["type"] == "RECORD" and message["stream"] in STREAMS:
            record = message["record"]
            self._records[message["stream"], record["id"]] = record

    def _look(self, code: int, stdout: bytes, ending: signal.Signals | None) -> None:
        shown = KEY in self._log or MARKER in self._log or KEY.encode() in stdout
        self.tally.syncs += 1
        self.tally.secrets += shown
        self.tally.tracebacks += "Traceback (most recent" in self._log
        self.tally.failed += code not in _codes(ending)

    def conclude(self) -> Tally:
        """Compare what came with what the sandbox holds."""
        for stream in STREAMS:
            held = self.sandbox.store.records(stream)
            lost = sum(not self._is_newest(stream, record) for record in held)
            self.tally.expected += len(held)
            if self._is_told(stream):
                self.tally.told += lost
            else:
                self.tally.lost += lost
                self.tally.silent += lost > 0
        return self.tally

    def _is_newest(self, stream: str, record: dict[str, t.Any]) -> bool:
        ours = self._records.get((stream, record["id"]))
        names = {"modifiedTime", KINDS[stream].text} & record.keys()
        return ours is not None and all(ours[name] == record[name] for name in names)

    def _is_told(self, stream: str) -> bool:
        lines = (line for line in self._log.splitlines() if "WARNING" in line)
        return any(f"{stream}: " in line and "missing" in line for line in lines)


def _some(stdout: t.IO[bytes] | None, size: int) -> bytes:
    """Read so many bytes, or up to the end."""
    some = b""
    while stdout and len(some) < size and (more := stdout.read(size - len(some))):
        some += more
    return some


def _end(process: subprocess.Popen[bytes], ending: signal.Signals | None) -> bytes:
    """End a run, or let it end; return the rest of its output."""
    if ending is signal.SIGPIPE and process.stdout:
        process.stdout.close()
        process.wait()
        return b""
    if ending:
        process.send_signal(ending)
    return process.communicate()[0]


def _codes(ending: signal.Signals | None) -> set[int]:
    """Return the exit codes that are right for an ending."""
    if ending is None:
        return {0}
    if ending is signal.SIGPIPE:
        return {0, 1}
    return {0, -ending, 128 + ending}
