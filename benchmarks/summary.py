"""What was measured: medians, ratios, and the goals."""

from __future__ import annotations

import json
from itertools import chain
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from benchmarks.scenarios import ALL, PAGE_SIZE, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from benchmarks.scenarios import Scenario


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


WALL, CPU, PEAK, REQUESTS = map(attrgetter, Run._fields[3:])


class Spread(NamedTuple):
    """Median and extremes of the rounds."""

    median: float
    low: float
    high: float


class Goal(NamedTuple):
    """A goal, and what was reached.

    Attributes:
        title: What the ratio or number is.
        bound: What it should be.
        at_least: Whether it should be at least that, or at most.
        reached: What it is.
    """

    title: str
    bound: float
    at_least: bool
    reached: Spread

    @property
    def is_met(self) -> bool:
        """Whether the median is within the bound."""
        reached = self.reached.median
        return reached >= self.bound if self.at_least else reached <= self.bound


Goals: TypeAlias = "Iterator[tuple[str, float, bool, Spread | None]]"
"""The fields of goals; what was not measured is None."""


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

    def median(
        self, figure: Callable[[Run], float], scenario: str, contender: str
    ) -> float:
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
        self,
        figure: Callable[[Run], float],
        dividend: tuple[str, str],
        divisor: tuple[str, str],
    ) -> Spread | None:
        """Divide a figure of one scenario and contender by that of another.

        Returns:
            The ratios within each round, or None where there is no round with both.
        """
        ours, others = self.of(*dividend), self.of(*divisor)
        rounds = ours.keys() & others.keys()
        return _spread(figure(ours[each]) / figure(others[each]) for each in rounds)

    def goals(self) -> list[Goal]:
        """Compare what was reached to the goals, where it was measured."""
        parts = self._speeds(), self._costs(), self._requests(), self._against_peers()
        return [
            Goal(title, bound, at_least, reached)
            for title, bound, at_least, reached in chain(*parts)
            if reached
        ]

    def _speeds(self) -> Goals:
        speed = ("speed", "ours")
        for other, text, bound in (
            ("plain", "the plain singer-sdk tap", 10.0),
            ("bare", "the bare loop", 1.0),
        ):
            ratio = self.ratio(self.rate, speed, ("speed", other))
            yield f"Records/s net of start-up, against {text}", bound, True, ratio
        for name, bound in (("odd", 0.7), ("deselected", 0.3), ("mapped", 0.3)):
            ratio = self.ratio(self.rate, (name, "ours"), speed)
            text = f"{self.scenarios[name].title}: records/s against none"
            yield text, bound, True, ratio
        for name, bound in (("waiting", 1.3), ("details", 1.2)):
            scenario = self.scenarios[name]
            ratio = _spread(run.wall / scenario.ideal for run in self.of(name).values())
            text = f"{scenario.title}: time against {scenario.round_trips} round trips"
            yield text, bound, False, ratio
        ratio = self.ratio(WALL, ("start", "ours"), ("start", "plain"))
        yield "Start-up, against the plain singer-sdk tap", 1.0, False, ratio

    def _costs(self) -> Goals:
        ratio = self.ratio(PEAK, ("memory", "ours"), ("speed", "ours"))
        yield "Peak memory with ten times the records", 1.1, False, ratio
        ratio = self.ratio(CPU, ("more-ids", "ours"), ("ids", "ours"))
        yield "Random ids: CPU time with ten times the records", 12.0, False, ratio
        sequential, more = self.of("memory"), self.of("more-ids")
        records = self.scenarios["more-ids"].records
        ratio = _spread(
            (more[each].peak - sequential[each].peak) / records
            for each in sequential.keys() & more.keys()
        )
        text = "Random ids: bytes of peak memory a record more than with sequential ids"
        yield text, 64.0, False, ratio

    def _requests(self) -> Goals:
        for name, bound in (("tied", 2.2), ("fresh", 1.3)):
            scenario, runs = self.scenarios[name], self.of(name).values()
            ratio = _spread(run.requests / scenario.pages for run in runs)
            yield f"{scenario.title}: requests a page", bound, False, ratio
        for scenario in self.scenarios.values():
            if scenario.changes is not None:
                count = _spread(map(REQUESTS, self.of(scenario.name).values()))
                bound = 1 + scenario.changes // PAGE_SIZE
                yield f"{scenario.title}: requests", bound, False, count

    def _against_peers(self) -> Goals:
        for name, scenario in self.scenarios.items():
            ratios = {
                peer: self.ratio(self.rate, (name, "ours"), (name, peer))
                for peer in scenario.contenders
                if name != "start" and peer not in {"ours", "bare"}
            }
            found = {peer: ratio for peer, ratio in ratios.items() if ratio}
            if found:
                fastest = min(found, key=lambda peer: found[peer].median)
                against = f"records/s against the fastest peer ({fastest})"
                yield f"{scenario.title}: {against}", 1.0, True, found[fastest]


def _spread(values: Iterable[float]) -> Spread | None:
    found = list(values)
    return Spread(median(found), min(found), max(found)) if found else None
