"""How a search compares `modifiedAfter`: found by asking for one known record.

A server may round times to seconds or days, may leave out the moment itself, and may
take a time for one of its own zone. Each such way passes the record of a known time up
to one latest filter, so asking whether the record passes tells ways apart. What is
likely is asked first: for most servers, a few questions settle it.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from datetime import timedelta
from itertools import pairwise

from tap_clientsuccess.paging.page import MILLISECOND, floor

if t.TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = {
    "millisecond": MILLISECOND,
    "second": dt.timedelta(seconds=1),
    "day": dt.timedelta(days=1),
}
_HALF_HOURS = range(-24, 29)
_LIKELY = {"millisecond": 8.0, "second": 3.0, "day": 3.0}
_UTC, _WHOLE_HOUR, _HALF_HOUR = 100.0, 1.0, 0.2
_SEEN = 1e5


class Way(t.NamedTuple):
    """A way to compare.

    Attributes:
        precision: Name of the unit that a filter is rounded down to.
        inclusive: Whether the moment (or its unit) itself passes.
        zone: Hours ahead of UTC of the zone that filters are taken for.
    """

    precision: str
    inclusive: bool
    zone: float

    def latest(self, time: dt.datetime) -> dt.datetime:
        """Return the latest filter that a record of this time passes."""
        unit = UNITS[self.precision]
        shown = floor(floor(time) + dt.timedelta(hours=self.zone), unit)
        return shown + (unit if self.inclusive else dt.timedelta()) - MILLISECOND


class Question(t.NamedTuple):
    """Does a record of this time pass this filter?"""

    time: dt.datetime
    after: dt.datetime


class FilterSearch:
    """Finds the way in which a search compares times.

    Attributes:
        fits: Whether one of the ways explains all answers.
    """

    def __init__(self, times: Sequence[dt.datetime], likely: Way | None = None) -> None:
        """Begin with all ways.

        Args:
            times: Times of records, the newest first.
            likely: What another search of the account does.
        """
        self._times = list(dict.fromkeys(times))
        self._likely = likely
        self._told: set[Question] = set()
        self._ways = {
            way: _weight(way) * (_SEEN if way == likely else 1.0)
            for half in _HALF_HOURS
            for precision in UNITS
            for inclusive in (True, False)
            for way in [Way(precision, inclusive, half / 2)]
        }
        self.fits = True

    @property
    def way(self) -> Way | None:
        """The likeliest way that explains all answers; None if none does."""
        return max(self._ways, key=self._ways.__getitem__) if self.fits else None

    def tell(self, question: Question, *, passes: bool) -> None:
        """Take the answer to a question."""
        self._told.add(question)
        self._ways = {
            way: weight
            for way, weight in self._ways.items()
            if (question.after <= way.latest(question.time)) is passes
        }
        self.fits = bool(self._ways)

    def next(self) -> Question | None:
        """Return the question that tells the most; None if the way is found."""
        if not (way := self.way) or not self._times:
            return None
        newest = self._times[0]
        # The newest record first: that server changes least between two answers.
        for times in ([newest], self._times[1:]):
            splits = filter(None, map(self._split, times))
            if best := min(splits, default=None):
                return best[1]
        # Whatever is left fits. Would a way that is not among them fit as well? Where
        # the way is news, another record confirms it: one may be edited meanwhile.
        confirming = [newest] if way == self._likely else [newest, self._times[-1]]
        checks = (
            Question(time, way.latest(time) + later)
            for time in confirming
            for later in (timedelta(), MILLISECOND)
        )
        return next((each for each in checks if each not in self._told), None)

    def _split(self, time: dt.datetime) -> tuple[float, Question] | None:
        """Return the most even split that a record's time allows, and how uneven."""
        weights: dict[dt.datetime, float] = {}
        for way, weight in self._ways.items():
            latest = way.latest(time)
            weights[latest] = weights.get(latest, 0.0) + weight
        total, below, splits = sum(weights.values()), 0.0, []
        for low, high in pairwise(sorted(weights)):
            below += weights[low]
            # Any time between the two splits alike: this also confirms the likelier.
            after = low + MILLISECOND if weights[low] > weights[high] else high
            splits.append((abs(below / total - 0.5), Question(time, after)))
        return min(splits, default=None)


def _weight(way: Way) -> float:
    zone = _UTC if not way.zone else _WHOLE_HOUR if way.zone % 1 == 0 else _HALF_HOUR
    return _LIKELY[way.precision] * zone / (100 + abs(way.zone))
