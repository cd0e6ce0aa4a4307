"""What was measured: medians and ratios."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.scenarios import ALL, Scenario, scenarios


class Run(NamedTuple):
    """One contender in one scenario.

    Attributes:
        round: The round's number, from 1.
        scenario: The scenario's name.
        contender: The contender's name.
        wall: Seconds from start to end.
        cpu: Seconds of processor time, in user and system mode.
        peak: Peak memory in bytes.
        requests: How many requests for clients it sent.
    """

    round: int
    scenario: str
    contender: str
    wall: float
    cpu: float
    peak: float
    requests: int


Figure = Callable[[Run], float]
WALL, CPU, PEAK, REQUESTS = map(attrgetter, Run._fields[3:])


class Spread(NamedTuple):
    """Median and extremes of the rounds."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread | None:
    """Return the spread of one value a round; None where nothing was measured."""
    found = list(values)
    return Spread(median(found), min(found), max(found)) if found else None


class Summary:
    """The results of a benchmark.

    Args:
        about: Date, machine and contenders.
        runs: What was measured.
    """

    def __init__(self, about: dict[str, Any], runs: Iterable[Run]) -> None:
        self.about = about
        self.runs = list(runs)
        self.scenarios = scenarios(quick=about["quick"])

    @classmethod
    def load(cls, path: Path) -> Summary:
        """Read a file that `save` wrote."""
        about, *runs = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return cls(about, [Run(*run) for run in runs])

    def save(self, path: Path) -> None:
        """Write a line about the benchmark, and one for each run."""
        lines = [
            json.dumps(line, ensure_ascii=False) for line in (self.about, *self.runs)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def of(self, scenario: str, contender: str = "ours") -> dict[int, Run]:
        """Return the runs of a contender in a scenario, by round."""
        wanted = (scenario, contender)
        return {
            run.round: run
            for run in self.runs
            if (run.scenario, run.contender) == wanted
        }

    def compared(self) -> list[Scenario]:
        """Return the scenarios in which all contenders were measured."""
        return [
            scenario
            for name, scenario in self.scenarios.items()
            if name != "start" and scenario.contenders == ALL and self.of(name)
        ]

    def median(self, figure: Figure, scenario: str, contender: str) -> float:
        """Return the median of a figure."""
        return median(map(figure, self.of(scenario, contender).values()))

    def rate(self, run: Run) -> float:
        """Return records a second, without latency net of start-up in that round."""
        scenario = self.scenarios[run.scenario]
        if scenario.latency_ms:
            return scenario.records / run.wall
        start = self.of("start", run.contender)[run.round].wall
        return scenario.records / max(run.wall - start, 0.001)

    def ratio(
        self, figure: Figure, scenario: str, other: str, contender: str = "ours"
    ) -> Spread | None:
        """Divide a figure of this tap by that of another scenario or contender.

        Returns:
            The ratios within each round, or None where there is no round with both.
        """
        ours, others = self.of(scenario), self.of(other, contender)
        rounds = ours.keys() & others.keys()
        return spread(figure(ours[each]) / figure(others[each]) for each in rounds)
