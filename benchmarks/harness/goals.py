"""What this tap should reach, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.harness.figures import Standings, net

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness.model import Run


@dataclass(frozen=True)
class Goal:
    """A goal and what was reached.

    Attributes:
        text: What should be reached.
        bound: The ratio that it is about.
        at_least: Whether the ratio should be at least that, or at most.
        reached: The median that was reached.
    """

    text: str
    bound: float
    at_least: bool
    reached: float

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        if self.at_least:
            return self.reached >= self.bound
        return self.reached <= self.bound


def goals(standings: Standings) -> list[Goal]:
    """Compare what was reached to the goals.

    Args:
        standings: What was reached.

    Returns:
        The goals of the settings that were run.
    """
    return [
        *_speed(standings),
        *_waiting(standings),
        *_memory(standings),
        *_peers(standings),
    ]


def _speed(standings: Standings) -> Iterator[Goal]:
    for other, bound in (("plain", 5.0), ("bare", 0.75)):
        ratios = standings.ratios("cpu", other, net)
        if ratios:
            title = _title(standings, other)
            text = f"No latency: records/s net of start-up, against the {title}"
            yield Goal(text, bound, at_least=True, reached=ratios.median)


def _waiting(standings: Standings) -> Iterator[Goal]:
    for setting, bound in (("waiting", 1.35), ("details", 1.5)):
        ours = standings.find(setting)
        if ours:
            reached = ours.against_ideal.median
            text = (
                f"{ours.setting.title}, {ours.setting.concurrency} requests in flight: "
                f"wall time against the ideal, {ours.setting.round_trips} round trips"
            )
            yield Goal(text, bound, at_least=False, reached=reached)


def _memory(standings: Standings) -> Iterator[Goal]:
    few, many = standings.find("memory"), standings.find("memory-many")
    if few and many:
        reached = many.peak.median / few.peak.median
        text = (
            f"Peak memory of {many.setting.records:,} records "
            f"against {few.setting.records:,}"
        )
        yield Goal(text, 1.3, at_least=False, reached=reached)


def _peers(standings: Standings) -> Iterator[Goal]:
    for setting, seconds in (("cpu", net), ("waiting", _wall), ("details", _wall)):
        for peer in standings.results.competitors:
            ratios = standings.ratios(setting, peer.name, seconds)
            if peer.peer and ratios and peer.name != "ours":
                ours = standings.find(setting)
                assert ours  # noqa: S101 - there is a ratio to it
                text = f"{ours.setting.title}: not slower than the {peer.title}"
                yield Goal(text, 1.0, at_least=True, reached=ratios.median)


def _wall(run: Run) -> float:
    return run.whole.wall


def _title(standings: Standings, name: str) -> str:
    return next(
        competitor.title
        for competitor in standings.results.competitors
        if competitor.name == name
    )
