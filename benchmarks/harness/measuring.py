"""Runs one process of a contender."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks.harness.model import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LAST_CHARACTERS = 2000


class FailedRunError(Exception):
    """A contender failed, or did not read what it should."""


def measure(command: Sequence[str], folder: Path, output: Path) -> Measured:
    """Run a command and say what it took.

    Args:
        command: The program, with its whole path, and its arguments.
        folder: Where it runs.
        output: Where its output goes.

    Returns:
        The figures.

    Raises:
        FailedRunError: Its exit code is not 0.
    """
    errors = folder / "stderr.txt"
    launched = subprocess.run(  # noqa: S603 - commands of this benchmark
        [sys.executable, "-I", str(_LAUNCHER), str(output), str(errors), *command],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        check=False,
    )
    if launched.returncode:
        told = errors.read_text(errors="replace")[-_LAST_CHARACTERS:]
        raise FailedRunError(f"{' '.join(command)} failed:\n{told}")
    return msgspec.json.decode(launched.stdout, type=Measured)


def _environment(folder: Path) -> dict[str, str]:
    """Return the same few variables for all, so that none of the user's count."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        # The others write plain text, too.
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
