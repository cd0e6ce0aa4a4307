"""What the benchmark has to know of a contender."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import outputs
from benchmarks.harness.model import Competitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness.model import Job
    from benchmarks.harness.outputs import Record


class Contender(ABC):
    """Something that reads the API and writes what it read."""

    name: str
    title: str
    what: str
    packages: tuple[str, ...]
    peer = True
    keeps_nulls = True

    @abstractmethod
    def command(self, job: Job, folder: Path) -> list[str]:
        """Say how it is started; write the files that it needs.

        Args:
            job: What it has to read.
            folder: A folder of its own.

        Returns:
            The program, with its whole path, and its arguments.
        """

    def records(self, output: Path, stream: str) -> Iterator[Record]:
        """Find the records that it wrote.

        Args:
            output: What it wrote to its standard output, in its folder.
            stream: The stream that it read.

        Returns:
            The records of the stream.
        """
        return outputs.singer_records(output, stream)

    def prepare(self) -> None:  # noqa: B027 - most need nothing
        """Install what it needs."""

    def version(self, package: str) -> str:
        """Return the version of one of the packages that it consists of."""
        return version(package)

    def described(self) -> Competitor:
        """Return what the report tells of it."""
        versions = [f"{package} {self.version(package)}" for package in self.packages]
        return Competitor(
            self.name, self.title, self.what, ", ".join(versions), self.peer
        )


def program(name: str) -> str:
    """Return a program of the environment that the benchmark runs in.

    Args:
        name: Its name.

    Returns:
        Its whole path.
    """
    return str(Path(sys.executable).with_name(name))
