"""A target: how it is installed, set up and run."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from dataclasses import dataclass, field

from commands import ROOT, Messages, Row, SkippedError, run

if t.TYPE_CHECKING:
    from pathlib import Path

Config = dict[str, t.Any]

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

    def load(self, place: Path, config: Config, messages: Messages) -> bytes:
        """Load messages; return what the target prints.

        Raises:
            StoppedError: The target failed.
        """
        log = place / "log"
        with messages.path.open("rb") as source, log.open("wb") as errors:
            done = subprocess.run(
                self.command(place, config),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=place,
                check=False,
            )
        if done.returncode:
            raise StoppedError(_last_error(log))
        return done.stdout

    def rows(self, place: Path, stream: str) -> list[Row]:
        """Return the rows of a stream."""
        raise NotImplementedError

    def type_of(self, place: Path, stream: str, column: str) -> str:
        """Return the type of a column."""
        raise NotImplementedError


def _last_error(log: Path) -> str:
    """Return the line of a log that says most about why a target stopped."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    text = re.sub(r"\s+", " ", (errors or lines or ["no message"])[-1])
    return text[:120].replace("|", "\\|").replace("`", "'")
