"""The tap and a real PostgreSQL target as `deletes.py` runs them, with kills.

The state between runs is what the target confirmed, as with Meltano.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import typing as t
from dataclasses import dataclass, field

from commands import Row, tap_command
from comparison import by_key, folded_by_key
from known_targets import TARGETS

from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.data.custom_fields import RESOURCES

if t.TYPE_CHECKING:
    import signal
    from pathlib import Path

    from clientsuccess_sandbox import Sandbox

TARGET = next(each for each in TARGETS if each.name == "postgres")
KEYS = {kind: ["id"] for kind in KINDS} | {"custom_fields": ["resourceType", "fieldId"]}
"""The streams that are compared, and their primary keys."""
SECONDS_TO_END = 600

Records = dict[str, dict[str, Row]]
"""Records or rows, by stream and key."""


class Kill(t.NamedTuple):
    """What ends a run early.

    Attributes:
        victim: `tap` or `target`.
        signal: How.
        after: Seconds since the run began.
    """

    victim: str
    signal: signal.Signals
    after: float

    def __str__(self) -> str:
        return f"{self.signal.name} of the {self.victim} after {self.after:.1f} s"


def account(sandbox: Sandbox) -> Records:
    """Return what the account holds now."""
    store = sandbox.store
    records = {kind: store.records(kind) for kind in KINDS}
    records["custom_fields"] = [
        {"resourceType": resource, **definition}
        for resource in RESOURCES
        if resource not in sandbox.missing_custom_fields
        for definition in store.definitions(resource)
    ]
    return {stream: by_key(found, KEYS[stream]) for stream, found in records.items()}


@dataclass
class Pipeline:
    """The tap and the target, and the state between their runs.

    Attributes:
        sandbox: What the tap reads.
        place: A new folder for this pipeline alone; its name is that of the database.
        tap_settings: More settings of the tap.
        target_settings: More settings of the target.
        state: What the target confirmed last.
    """

    sandbox: Sandbox
    place: Path
    tap_settings: dict[str, t.Any]
    target_settings: dict[str, t.Any] = field(default_factory=dict)
    state: dict[str, t.Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = TARGET.prepare(self.place) | TARGET.hard_delete
        settings |= self.target_settings
        self.target_command = TARGET.command(self.place, settings)

    def run(self, kill: Kill | None = None) -> bool:
        """Run once; return whether it came to its end, and was not killed."""
        log = self.place / "tap.log"
        with (
            log.open("ab") as errors,
            subprocess.Popen(
                self.tap_command(), stdout=subprocess.PIPE, stderr=errors
            ) as tap,
            RunningTarget(self, tap.stdout) as target,
        ):
            t.cast("t.IO[bytes]", tap.stdout).close()
            victims = {"tap": tap, "target": target.process}
            is_killed = kill is not None and _killed(victims[kill.victim], kill)
            codes = [each.wait(SECONDS_TO_END) for each in victims.values()]
        logs = [each.read_text(errors="replace") for each in (log, target.log)]
        last = " / ".join(each[-500:] for each in logs)
        assert is_killed or not any(codes), f"tap and target ended with {codes}: {last}"
        return not is_killed

    def tap_command(self) -> list[str]:
        """Return the tap's command, after its files are written."""
        settings = {"page_size": 50, "emit_activate_version_messages": True}
        settings |= self.tap_settings
        return tap_command(self.place, self.sandbox, self.state, **settings)

    def messages(self) -> list[bytes]:
        """Run the tap alone; return the lines that it wrote."""
        done = subprocess.run(self.tap_command(), capture_output=True, check=True)
        return done.stdout.splitlines(keepends=True)

    def rows(self) -> Records:
        """Return what is in the warehouse, with folded names."""
        return {
            stream: folded_by_key(TARGET.rows(self.place, stream), names)
            for stream, names in KEYS.items()
        }

    def check_rows(self, when: str, *, exactly: bool = True) -> None:
        """Check that all keys of the account are in the warehouse.

        Args:
            when: When that is, for the message.
            exactly: Whether no other rows may be there.
        """
        rows = self.rows()
        for stream, records in account(self.sandbox).items():
            living, found = records.keys(), rows[stream].keys()
            wrong = sorted(living ^ found if exactly else living - found)
            assert not wrong, f"{when}: {stream} differs in {wrong}"


def _killed(process: subprocess.Popen[bytes], kill: Kill) -> bool:
    """Kill a process at the given moment; return whether it was still there."""
    try:
        process.wait(kill.after)
    except subprocess.TimeoutExpired:
        process.send_signal(kill.signal)
        return True
    return False


class RunningTarget:
    """A running target; the pipeline's state becomes what it confirms.

    Args:
        pipeline: The pipeline that it is part of.
        source: What it reads; without one, it is given messages bit by bit.

    Attributes:
        process: The target.
        log: The file that it logs into.
    """

    def __init__(self, pipeline: Pipeline, source: t.IO[bytes] | None = None) -> None:
        self._pipeline = pipeline
        self._source = source
        name = f"target-{time.monotonic_ns()}"
        self.log = pipeline.place / f"{name}.log"
        self._states = pipeline.place / f"{name}.states"
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> t.Self:
        with self.log.open("wb") as log, self._states.open("wb") as output:
            self.process = subprocess.Popen(
                self._pipeline.target_command,
                stdin=self._source or subprocess.PIPE,
                stdout=output,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.wait(SECONDS_TO_END)
        for line in self._states.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                self._pipeline.state = json.loads(line)

    def send(self, messages: list[bytes]) -> None:
        """Send messages."""
        stdin = t.cast("t.IO[bytes]", self.process.stdin)
        stdin.write(b"".join(messages))
        stdin.flush()

    def wait_until_gone(self, client: str) -> None:
        """Wait until a client is deleted in the warehouse."""
        give_up = time.monotonic() + SECONDS_TO_END
        while client in self._pipeline.rows()["clients"]:
            assert time.monotonic() < give_up, "the activation deleted nothing"
            time.sleep(0.2)

    def wait_until_idle(self) -> None:
        """Wait until the target has worked, and its log is silent."""
        seen = -1
        while (size := self.log.stat().st_size) != seen or not size:
            seen = size
            time.sleep(3)

    def kill(self, how: signal.Signals) -> None:
        """Send a signal, and wait for the end."""
        self.process.send_signal(how)
        self.process.wait(SECONDS_TO_END)
