"""Runs the contenders, one after the other, round after round."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness.local_server import serving
from benchmarks.harness.measuring import FailedRunError, measure
from benchmarks.harness.model import OURS, Job, Run, Setting
from benchmarks.harness.proof import prove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.harness.contenders import Contender
    from benchmarks.harness.model import Measured

_ONE = 1


class Arena:
    """Where the contenders meet in one setting.

    Both servers run for the whole time, so that whole runs and starts alternate: what
    else the machine does then falls on all alike.
    """

    def __init__(self, setting: Setting, tell: Callable[[str], None]) -> None:
        self._setting = setting
        self._tell = tell

    def runs(self, contenders: Sequence[Contender]) -> Iterator[Run]:
        """Let the contenders run.

        Args:
            contenders: Who takes part.

        Yields:
            A run as soon as it is done.

        Raises:
            FailedRunError: A contender failed, or did not read everything.
        """
        setting = self._setting
        with (
            serving(_ONE) as start_url,
            serving(setting.records, setting.latency_ms) as whole_url,
        ):
            self._warm_up(contenders, start_url)
            for number in range(1, setting.rounds + 1):
                for contender in self._taking_part(contenders):
                    start = self._measure(contender, start_url, _ONE)
                    whole = self._measure(contender, whole_url, setting.records)
                    yield Run(contender.name, setting.name, number, whole, start)

    def _taking_part(self, contenders: Sequence[Contender]) -> list[Contender]:
        return [
            contender
            for contender in contenders
            if self._setting.all_compete or contender.name == OURS
        ]

    def _warm_up(self, contenders: Sequence[Contender], url: str) -> None:
        """Have every program compiled and in the file cache before it counts."""
        for contender in self._taking_part(contenders):
            self._measure(contender, url, _ONE)

    def _measure(self, contender: Contender, url: str, total: int) -> Measured:
        job = Job(url, self._setting.stream, self._setting.concurrency)
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        try:
            return self._measure_in(folder, contender, job, total)
        except FailedRunError as error:
            raise FailedRunError(f"{contender.title}: {error}") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _measure_in(
        self, folder: Path, contender: Contender, job: Job, total: int
    ) -> Measured:
        output = folder / "stdout.txt"
        measured = measure(contender.command(job, folder), folder, output)
        found = contender.records(output, job.stream)
        prove(found, job.stream, total, nulls=contender.keeps_nulls)
        self._tell(f"{self._setting.name}: {contender.title}: {measured.wall:.2f} s")
        return measured
