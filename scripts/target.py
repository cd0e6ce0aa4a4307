"""A target: how it is installed, set up and run."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from commands import ROOT, Row, SkippedError, run

Config = dict[str, t.Any]
SECONDS_TO_END = 600

_VERSION = """
import importlib.metadata, sys
for command in importlib.metadata.entry_points(name=sys.argv[1]):
    print(command.dist.version)
"""


class StoppedError(Exception):
    """A target stopped; the message has the last error of its log."""


@dataclass(frozen=True)
class Target:
    """A target. What it loads is in a folder, or a database of the folder's name.

    Attributes:
        name: Names its requirements file and its environment.
        variant: Whose it is, if there are others.
        settings: Settings that the table names, as text.
        source: Where pip gets it from, if not from its requirements file.
        flattening: Settings that have the target flatten; empty where it cannot.
        config: Settings that it needs; `PLACE` stands for the folder.
        appends: Whether it appends all rows, instead of updating those with the key.
        hard_delete: Settings that have the target delete rows; empty where none do.
    """

    name: str
    variant: str = ""
    settings: str = "none"
    source: str = ""
    flattening: Config = field(default_factory=dict)
    config: t.ClassVar[Config]
    appends: t.ClassVar[bool] = False
    hard_delete: t.ClassVar[Config] = {}

    @property
    def environment(self) -> Path:
        """Its virtual environment, which a rule of the Makefile makes."""
        return ROOT / f".venv-target-{self.name}"

    @property
    def executable(self) -> str:
        """Its command."""
        return f"target-{self.name.partition('-')[0]}"

    @property
    def title(self) -> str:
        """What the table calls it."""
        return (
            f"{self.executable} ({self.variant})" if self.variant else self.executable
        )

    def install(self) -> str:
        """Make its environment, if it is not there; return its version.

        Raises:
            SkippedError: It cannot be installed.
        """
        made = subprocess.run(
            ["make", "--silent", f"{self.environment.name}/.packages"],  # noqa: S607
            cwd=ROOT,
            check=False,
        )
        if made.returncode:
            raise SkippedError("its packages cannot be installed")
        mark = self.environment / ".source"
        if self.source and (not mark.exists() or mark.read_text() != self.source):
            pip = (self.environment / "bin" / "pip", "install", "-qq", "--no-compile")
            run(*pip, "--no-deps", self.source)
            mark.write_text(self.source)
        python = self.environment / "bin" / "python"
        return run(python, "-c", _VERSION, self.executable).strip()

    def prepare(self, place: Path) -> Config:
        """Prepare to load into a new folder; return the settings.

        Raises:
            SkippedError: A service that it needs is missing.
        """
        (place / "data").mkdir(parents=True)
        text = json.dumps(self.config).replace("PLACE", str(place))
        settings: Config = json.loads(text)
        return settings

    def command(self, place: Path, config: Config) -> list[str]:
        """Write the settings into the folder; return the command that reads them."""
        path = place / "config.json"
        path.write_text(json.dumps(config))
        program = self.environment / "bin" / self.executable
        return [str(program), "--config", str(path)]

    def load(self, place: Path, config: Config, messages: Path) -> t.Any:
        """Load a file of messages; return the last state that the target emits.

        Raises:
            StoppedError: The target failed.
        """
        command = self.command(place, config)
        with messages.open("rb") as source, Running(command, place, source) as running:
            pass
        if running.process.returncode:
            raise StoppedError(_last_error(running.log))
        return running.state

    def rows(self, place: Path, stream: str) -> list[Row]:
        """Return the rows of a stream."""
        raise NotImplementedError

    def type_of(self, place: Path, stream: str, column: str) -> str:
        """Return the type of a column."""
        raise NotImplementedError


class Running:
    """A running target.

    Args:
        command: Its command.
        place: A folder, which it logs into.
        source: What it reads; without one, it is given messages bit by bit.

    Attributes:
        process: Its process.
        log: The file that it logs into.
        state: After its end, the last state that it emitted, if any.
    """

    def __init__(
        self, command: list[str], place: Path, source: t.IO[bytes] | None = None
    ) -> None:
        file = place / f"{time.monotonic_ns()}"
        self.log, self._output = file.with_suffix(".log"), file.with_suffix(".states")
        with self.log.open("wb") as log, self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=place,
                stdin=source or subprocess.PIPE,
                stdout=output,
                stderr=log,
            )
        self.state: t.Any = None

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.wait(SECONDS_TO_END)
        # Who is killed may leave half a line.
        if lines := self._output.read_bytes().split(b"\n")[:-1]:
            self.state = json.loads(lines[-1])

    def send(self, messages: list[bytes]) -> None:
        """Send messages."""
        stdin = t.cast("t.IO[bytes]", self.process.stdin)
        stdin.write(b"".join(messages))
        stdin.flush()

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


def _last_error(log: Path) -> str:
    """Return the line of a log that says most about why a target stopped."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    text = re.sub(r"\s+", " ", (errors or lines or ["no message"])[-1])
    return text[:120].replace("`", "'")
