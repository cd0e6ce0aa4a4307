"""How a search compares `modifiedAfter`: found by asking for records of known times.

A server may round times to a unit, may leave out the moment itself, and may take a time
for one of its own zone. Each such way passes the record of a known time up to one
latest filter, so asking whether the record passes tells ways apart. What is likely is
asked first: for most servers, a few questions settle it.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from itertools import pairwise

from tap_clientsuccess.paging.page import MILLISECOND, floor

if t.TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

UNITS = {
    "millisecond": MILLISECOND,
    "second": dt.timedelta(seconds=1),
    "minute": dt.timedelta(minutes=1),
    "day": dt.timedelta(days=1),
}
_LIKELY = {"millisecond": 8.0, "second": 3.0, "minute": 0.5, "day": 3.0}
_HALF_HOURS = range(-24, 29)
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

    @property
    def weight(self) -> float:
        """How likely it is, beside others."""
        zone = self.zone
        scale = _UTC if not zone else _WHOLE_HOUR if zone % 1 == 0 else _HALF_HOUR
        return _LIKELY[self.precision] * scale / (100 + abs(zone))


class Question(t.NamedTuple):
    """Does a record of this time pass this filter?"""

    time: dt.datetime
    after: dt.datetime


def find_way(
    times: Sequence[dt.datetime], likely: Way | None = None
) -> Generator[Question, bool, Way | None]:
    """Yield questions, and be sent the answers, until one way explains them all.

    Args:
        times: Times of records, the newest first.
        likely: What another search of the account does.

    Returns:
        The likeliest way that explains all answers; None if none does.
    """
    times = list(dict.fromkeys(times))
    ways = {
        way: way.weight * (_SEEN if way == likely else 1.0)
        for half in _HALF_HOURS
        for precision in UNITS
        for inclusive in (True, False)
        for way in [Way(precision, inclusive, half / 2)]
    }
    told: set[Question] = set()
    while ways and (question := _next(times, ways, told, likely)):
        told.add(question)
        passes = yield question
        ways = {
            way: weight
            for way, weight in ways.items()
            if (question.after <= way.latest(question.time)) is passes
        }
    return max(ways, key=ways.__getitem__, default=None)


def _next(
    times: Sequence[dt.datetime],
    ways: Mapping[Way, float],
    told: set[Question],
    likely: Way | None,
) -> Question | None:
    """Return the question that tells the most; None if the way is found."""
    # The newest record first: that server changes least between two answers.
    for some in (times[:1], times[1:]):
        splits = filter(None, (_split(time, ways) for time in some))
        if best := min(splits, default=None):
            return best[1]
    # Whatever is left fits. Would a way that is not among them fit as well? Where the
    # way is news, another record confirms it: one may be edited meanwhile.
    way = max(ways, key=ways.__getitem__)
    confirming = times[:1] if way == likely else [*times[:1], *times[-1:]]
    checks = (
        Question(time, way.latest(time) + later)
        for time in confirming
        for later in (dt.timedelta(), MILLISECOND)
    )
    return next((each for each in checks if each not in told), None)


def _split(
    time: dt.datetime, ways: Mapping[Way, float]
) -> tuple[float, Question] | None:
    """Return how uneven the most even split of a record's time is, and the question."""
    weights: dict[dt.datetime, float] = {}
    for way, weight in ways.items():
        latest = way.latest(time)
        weights[latest] = weights.get(latest, 0.0) + weight
    total, below, splits = sum(weights.values()), 0.0, []
    for low, high in pairwise(sorted(weights)):
        below += weights[low]
        # Any time between the two splits alike: this also confirms the likelier.
        after = low + MILLISECOND if weights[low] > weights[high] else high
        splits.append((abs(below / total - 0.5), Question(time, after)))
    return min(splits, default=None)
