"""The goals, and what was reached of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from benchmarks.scenarios import PAGE_SIZE
from benchmarks.summary import CPU, PEAK, REQUESTS, WALL, Spread, Summary, spread

AT_MOST, AT_LEAST = "≤", "≥"
_Rows: TypeAlias = Iterator[tuple[str, str, float, Spread | None]]
"""The fields of goals; what was not measured is None."""


class Goal(NamedTuple):
    """A goal, and what was reached.

    Attributes:
        title: What the ratio or number is.
        sign: Whether it should be at most the bound, or at least.
        bound: What it should be.
        reached: What it is.
    """

    title: str
    sign: str
    bound: float
    reached: Spread

    @property
    def is_met(self) -> bool:
        """Whether the median is within the bound."""
        reached = self.reached.median
        return reached <= self.bound if self.sign == AT_MOST else reached >= self.bound


def compare(summary: Summary) -> list[Goal]:
    """Compare what was reached to the goals, where it was measured."""
    rows = (*_speeds(summary), *_costs(summary), *_against_peers(summary))
    return [
        Goal(title, sign, bound, reached)
        for title, sign, bound, reached in rows
        if reached
    ]


def _speeds(s: Summary) -> _Rows:
    for other, text, bound in (
        ("plain", "the plain singer-sdk tap", 10.0),
        ("bare", "the bare loop", 1.0),
    ):
        ratio = s.ratio(s.rate, "speed", "speed", other)
        yield f"Records/s net of start-up, against {text}", AT_LEAST, bound, ratio
    for name, bound in (("odd", 0.7), ("deselected", 0.3), ("mapped", 0.3)):
        title = f"{s.scenarios[name].title}: records/s against none"
        yield title, AT_LEAST, bound, s.ratio(s.rate, name, "speed")
    for name, bound in (("waiting", 1.3), ("details", 1.2)):
        scenario = s.scenarios[name]
        ratio = spread(run.wall / scenario.ideal for run in s.of(name).values())
        title = f"{scenario.title}: time against {scenario.round_trips} round trips"
        yield title, AT_MOST, bound, ratio
    ratio = s.ratio(WALL, "start", "start", "plain")
    yield "Start-up, against the plain singer-sdk tap", AT_MOST, 1, ratio


def _costs(s: Summary) -> _Rows:
    ratio = s.ratio(PEAK, "memory", "speed")
    yield "Peak memory with ten times the records", AT_MOST, 1.1, ratio
    ratio = s.ratio(CPU, "more-ids", "ids")
    yield "Random ids: CPU time with ten times the records", AT_MOST, 12, ratio
    sequential, more = s.of("memory"), s.of("more-ids")
    grown = spread(
        (more[each].peak - sequential[each].peak) / s.scenarios["more-ids"].records
        for each in sequential.keys() & more.keys()
    )
    title = "Random ids: bytes of peak memory a record more than with sequential ids"
    yield title, AT_MOST, 64, grown
    for name, bound in (("tied", 2.2), ("fresh", 1.3)):
        scenario, runs = s.scenarios[name], s.of(name).values()
        a_page = spread(run.requests / scenario.pages for run in runs)
        yield f"{scenario.title}: requests a page", AT_MOST, bound, a_page
    for scenario in s.scenarios.values():
        if scenario.changes is not None:
            count = spread(map(REQUESTS, s.of(scenario.name).values()))
            most = 1 + scenario.changes // PAGE_SIZE
            yield f"{scenario.title}: requests", AT_MOST, most, count


def _against_peers(s: Summary) -> _Rows:
    for name, scenario in s.scenarios.items():
        ratios = {
            peer: s.ratio(s.rate, name, name, peer)
            for peer in scenario.contenders
            if name != "start" and peer not in {"ours", "bare"}
        }
        if found := {peer: ratio for peer, ratio in ratios.items() if ratio}:
            fastest = min(found, key=lambda peer: found[peer].median)
            against = f"records/s against the fastest peer ({fastest})"
            yield f"{scenario.title}: {against}", AT_LEAST, 1, found[fastest]
