"""The campaigns of scripts/reliability.py: a tap as a process, and what happens to it.

Each try has a sandbox and a seed of its own. Its syncs follow one another, each with
the last whole STATE of the one before, as a runner would do it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, fields

from tap_clientsuccess.sandbox import (
    CutOff,
    Edits,
    Html,
    Mutate,
    RepeatPage,
    Reset,
    Rule,
    Sandbox,
    Status,
    WrongTotal,
)
from tap_clientsuccess.sandbox.data import KINDS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STREAMS = ["clients", "contacts", "contracts", "client_notes", "pulses"]
STREAMS += ["products", "tasks"]
KEY = "k3y-that-nobody-may-see"
MARKER = "customer-text-that-no-log-may-hold"
ENDINGS = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGPIPE)
"""How a run is ended early; SIGPIPE stands for a reader that goes away."""

_TAP = [sys.executable, "-m", "tap_clientsuccess"]
_HANGS_AFTER = 60.0
_MOST_BYTES = 600_000
_TORN_BY = {signal.SIGKILL, signal.SIGPIPE}
_ODD = {"unheardOf": MARKER, "npsScore": MARKER}
_SEARCHES = ("/client/", "/contact/", "/contract/", "/clientNote/", "/pulse/")


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


def faults(share: float) -> list[Rule]:
    """Make rules that strike each request with some probability."""
    echo = {"userMessage": f"{KEY} {MARKER}"}
    each = share / 5
    return [
        Status("*", 503, body=echo, probability=each),
        Status("*", 429, body=echo, retry_after=0, probability=each),
        Reset("*", probability=each),
        CutOff("*", probability=each),
        Html("*", probability=each),
    ]


def _edits(history: History, dice: random.Random) -> None:
    history.sandbox.faults.add(Edits("*", every=dice.randint(1, 3)))


def _quiet(history: History) -> None:
    """Let the server be still, and read the rest."""
    history.sandbox.faults.clear()
    history.sandbox.faults.add(Mutate("/client/search", values=_ODD))
    history.sync()


def _end_early(history: History, dice: random.Random) -> None:
    ending = dice.choice(ENDINGS)
    size, after = dice.randrange(1, _MOST_BYTES), dice.uniform(0.0, 0.2)
    history.sync(ending, size, after)


def _live_edits(history: History, dice: random.Random) -> None:
    _edits(history, dice)
    history.sync()
    history.sync()
    _quiet(history)


def _random_faults(history: History, dice: random.Random) -> None:
    for rule in faults(dice.uniform(0.05, 0.3)):
        history.sandbox.faults.add(rule)
    history.sync()


def _kills(history: History, dice: random.Random) -> None:
    for _ in range(3):
        _end_early(history, dice)
    _quiet(history)


def _all_together(history: History, dice: random.Random) -> None:
    _edits(history, dice)
    for rule in faults(0.1):
        history.sandbox.faults.add(rule)
    for _ in range(3):
        _end_early(history, dice)
    _quiet(history)


def _misbehaving(history: History, dice: random.Random) -> None:
    _HABITS[dice.choice(list(_HABITS))](history, dice)


def _with_habit(**habit: t.Any) -> Callable[[History, random.Random], None]:
    def run(history: History, dice: random.Random) -> None:
        for name, value in habit.items():
            setattr(history.sandbox, name, value)
        _live_edits(history, dice)

    return run


def _repeated_page(history: History, dice: random.Random) -> None:
    path = dice.choice(_SEARCHES)
    history.sandbox.faults.add(RepeatPage(path, number=dice.randint(0, 3)))
    history.sync()


def _wrong_totals(history: History, dice: random.Random) -> None:
    elements, pages = dice.randint(-40, 40), dice.randint(-4, 4)
    often = dice.choice([0.3, 1.0])
    rule = WrongTotal("*", elements=elements, pages=pages, probability=often)
    history.sandbox.faults.add(rule)
    history.sync()


_HABITS: dict[str, Callable[[History, random.Random], None]] = {
    "sort": _with_habit(ignore={"/search": {"sortBy", "sortDirection"}}),
    "filter": _with_habit(ignore={"/search": {"modifiedAfter"}}),
    "ties": _with_habit(unstable_ties=True),
    "size": _with_habit(echo_size=True),
    "page": _repeated_page,
    "totals": _wrong_totals,
}


class Campaign(t.NamedTuple):
    """A way to harm a sync.

    Attributes:
        name: Its name in the table.
        run: One try.
        tries: How often it is tried.
        latency: Seconds before each answer.
    """

    name: str
    run: Callable[[History, random.Random], None]
    tries: int
    latency: float = 0.0


CAMPAIGNS = (
    Campaign("Live edits", _live_edits, 12),
    Campaign("Random faults", _random_faults, 8),
    Campaign("Kills", _kills, 10, 0.01),
    Campaign("Edits, faults and kills", _all_together, 10, 0.005),
    Campaign("Misbehaving servers", _misbehaving, 12),
)


def attempt(campaign: Campaign, seed: str, folder: Path) -> Tally:
    """Make one try in a sandbox of its own.

    Args:
        campaign: What to try.
        seed: The same seed makes the same choices; the moments differ all the same.
        folder: An empty folder.
    """
    dice = random.Random(seed)  # noqa: S311 - made-up misfortunes
    company: dict[str, t.Any] = {"clients": 40, "seed": dice.randrange(10**6)}
    with Sandbox(
        **company,
        api_key=KEY,
        max_size=dice.randint(7, 15),
        latency=campaign.latency,
        modification_times={"pulses": True},
    ) as sandbox:
        for stream in STREAMS:
            text = {KINDS[stream].text: MARKER}
            sandbox.store.edit(stream, dice.randint(1, 10), **text)
        history = History(sandbox, folder, dice.choice([1, 4, 8]))
        sandbox.faults.add(Mutate("/client/search", values=_ODD))
        campaign.run(history, dice)
        return history.conclude()
