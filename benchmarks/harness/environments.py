"""Environments of the contenders that cannot share this one."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.harness.model import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"


@dataclass(frozen=True)
class Environment:
    """A virtual environment with what a lock file names.

    Attributes:
        name: The name after which folder and lock file are called.
    """

    name: str

    @property
    def folder(self) -> Path:
        """Where it is."""
        return ROOT / f".venv-{self.name}"

    def program(self, name: str) -> str:
        """Return the path of one of its programs.

        Args:
            name: The program's name.

        Returns:
            The whole path.
        """
        return str(self.folder / "bin" / name)

    def version(self, package: str) -> str:
        """Return which version of a package is in it.

        Args:
            package: The package's name.

        Returns:
            The version.
        """
        command = [self.program("python"), "-c", _VERSION, package]
        return subprocess.check_output(command, text=True).strip()  # noqa: S603

    def prepare(self) -> None:
        """Make it, unless it is there as the lock file has it."""
        if self._stamp.exists() and self._stamp.read_text() == self._wanted:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(self.folder))
        install = ("install", "-qq", "--require-hashes", "--requirement")
        _run(self.program("python"), "-m", "pip", *install, str(self._lock))
        self._stamp.write_text(self._wanted)

    @property
    def _lock(self) -> Path:
        return ROOT / "requirements" / f"{self.name}.txt"

    @property
    def _stamp(self) -> Path:
        return self.folder / "lock.sha256"

    @property
    def _wanted(self) -> str:
        return hashlib.sha256(self._lock.read_bytes()).hexdigest()


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - commands of this benchmark
