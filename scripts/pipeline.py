"""The tap and a real PostgreSQL target as `deletes.py` runs them, with kills.

The state between runs is what the target confirmed, as with Meltano.
"""

from __future__ import annotations

import signal
import subprocess
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands import Row, records_in, tap_command
from comparison import by_key, folded_by_key
from known_targets import TARGETS
from target import SECONDS_TO_END, Running

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS

TARGET = TARGETS["postgres"]
KEYS = {kind: ["id"] for kind in KINDS} | {"custom_fields": ["resourceType", "fieldId"]}
"""The streams that are compared, and their primary keys."""

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
    records = records_in(sandbox)
    return {stream: by_key(records[stream], names) for stream, names in KEYS.items()}


class Pipeline:
    """The tap and the target, and the state between their runs.

    Args:
        sandbox: What the tap reads.
        place: A new folder for this pipeline alone; its name is that of the database.
        tap_settings: More settings of the tap.
        target_settings: More settings of the target.

    Attributes:
        sandbox: What the tap reads.
        place: The folder.
        state: What the target confirmed last.
    """

    def __init__(
        self, sandbox: Sandbox, place: Path, tap_settings: Row, **target_settings: t.Any
    ) -> None:
        self.sandbox, self.place = sandbox, place
        self.state: t.Any = {}
        self._tap_settings = {"page_size": 50, "emit_activate_version_messages": True}
        self._tap_settings |= tap_settings
        settings = TARGET.prepare(place) | TARGET.hard_delete | target_settings
        self._target_command = TARGET.command(place, settings)

    def run(self, kill: Kill | None = None) -> bool:
        """Run once; return whether it came to its end, and was not killed."""
        is_killed, log = False, self.place / "tap.log"
        with (
            log.open("ab") as errors,
            subprocess.Popen(
                self._tap_command(), stdout=subprocess.PIPE, stderr=errors
            ) as tap,
            self.target(tap.stdout) as target,
        ):
            t.cast("t.IO[bytes]", tap.stdout).close()
            victims = {"tap": tap, "target": target.process}
            if kill:
                try:
                    victims[kill.victim].wait(kill.after)
                except subprocess.TimeoutExpired:
                    victims[kill.victim].send_signal(kill.signal)
                    is_killed = True
            codes = [each.wait(SECONDS_TO_END) for each in victims.values()]
        logs = [each.read_text(errors="replace") for each in (log, target.log)]
        last = " / ".join(each[-500:] for each in logs)
        assert is_killed or not any(codes), f"tap and target ended with {codes}: {last}"
        return not is_killed

    @contextmanager
    def target(self, source: t.IO[bytes] | None = None) -> Iterator[Running]:
        """Run the target; the state becomes what it confirms.

        Args:
            source: What it reads; without one, it is given messages bit by bit.
        """
        with Running(self._target_command, self.place, source) as target:
            yield target
        self.state = target.state or self.state

    def messages(self) -> list[bytes]:
        """Run the tap alone; return the lines that it wrote."""
        done = subprocess.run(self._tap_command(), capture_output=True, check=True)
        return done.stdout.splitlines(keepends=True)

    def _tap_command(self) -> list[str]:
        return tap_command(self.place, self.sandbox, self.state, **self._tap_settings)

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
