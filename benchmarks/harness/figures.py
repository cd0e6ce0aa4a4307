"""Medians and ratios of what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.harness.model import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.harness.model import Competitor, Results, Run, Setting

_MEBIBYTE = 2**20


class Spread(NamedTuple):
    """A median with the extremes."""

    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    """Condense values.

    Args:
        values: One or more.

    Returns:
        Their median and extremes.
    """
    return Spread(median(values), min(values), max(values))


@dataclass(frozen=True)
class Figures:
    """What one contender reached in one setting.

    Attributes:
        setting: The setting.
        competitor: The contender.
        runs: Its runs, a round each.
    """

    setting: Setting
    competitor: Competitor
    runs: tuple[Run, ...]

    @property
    def wall(self) -> Spread:
        """Seconds from start to end."""
        return self._spread(lambda run: run.whole.wall)

    @property
    def start(self) -> Spread:
        """Seconds that a run over one record takes."""
        return self._spread(lambda run: run.start.wall)

    @property
    def cpu(self) -> Spread:
        """Seconds of processor time."""
        return self._spread(lambda run: run.whole.cpu)

    @property
    def peak(self) -> Spread:
        """Peak memory in MiB."""
        return self._spread(lambda run: run.whole.peak / _MEBIBYTE)

    @property
    def rate(self) -> Spread:
        """Records a second, start-up included."""
        return self._spread(lambda run: self.setting.records / run.whole.wall)

    @property
    def net_rate(self) -> Spread:
        """Records a second, net of start-up."""
        return self._spread(lambda run: (self.setting.records - 1) / net(run))

    @property
    def against_ideal(self) -> Spread:
        """Seconds from start to end, as a multiple of what waiting alone takes."""
        return self._spread(lambda run: run.whole.wall / self.setting.ideal)

    def _spread(self, figure: Callable[[Run], float]) -> Spread:
        return spread([figure(run) for run in self.runs])


def net(run: Run) -> float:
    """Return the seconds of a run without its start-up.

    Args:
        run: A run.

    Returns:
        The seconds that all records but one took.
    """
    return max(run.whole.wall - run.start.wall, 0.001)


class Standings:
    """Who reached what."""

    def __init__(self, results: Results) -> None:
        self.results = results

    @cached_property
    def _all(self) -> dict[tuple[str, str], Figures]:
        return {
            (figures.setting.name, figures.competitor.name): figures
            for figures in self._gathered()
        }

    def _gathered(self) -> Iterator[Figures]:
        for setting in self.results.settings:
            for competitor in self.results.competitors:
                runs = self._runs(setting.name, competitor.name)
                if runs:
                    yield Figures(setting, competitor, runs)

    def _runs(self, setting: str, competitor: str) -> tuple[Run, ...]:
        return tuple(
            run
            for run in self.results.runs
            if (run.setting, run.contender) == (setting, competitor)
        )

    def find(self, setting: str, competitor: str = OURS) -> Figures | None:
        """Return what a contender reached, if it took part.

        Args:
            setting: The setting's name.
            competitor: The contender's name.

        Returns:
            Its figures, or None.
        """
        return self._all.get((setting, competitor))

    def of_setting(self, setting: str) -> list[Figures]:
        """Return what all reached in a setting.

        Args:
            setting: The setting's name.

        Returns:
            The figures of those who took part.
        """
        return [figures for (name, _), figures in self._all.items() if name == setting]

    def ratios(
        self, setting: str, other: str, seconds: Callable[[Run], float]
    ) -> Spread | None:
        """Say how many times faster this tap was, in each round for itself.

        Args:
            setting: The setting's name.
            other: The name of whom it is compared to.
            seconds: Returns the seconds that count.

        Returns:
            Median and extremes of the rounds' ratios, or None where one of the two
            did not take part.
        """
        pairs = self._pairs(setting, other)
        if not pairs:
            return None
        return spread([seconds(theirs) / seconds(ours) for ours, theirs in pairs])

    def _pairs(self, setting: str, other: str) -> list[tuple[Run, Run]]:
        ours, theirs = self._runs(setting, OURS), self._runs(setting, other)
        return list(zip(ours, theirs, strict=False))
