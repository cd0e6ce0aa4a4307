"""How a search compares `modifiedAfter`: found by asking for records of known times.

A server may round times to a unit, may leave out the moment itself, and may take a time
for one of its own zone. Each such way passes the record of a known time up to one
latest filter, so asking whether the record passes tells ways apart. What is likely is
asked first: for most servers, a few questions settle it.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections import defaultdict
from itertools import pairwise, product

from tap_clientsuccess.paging.page import MILLISECOND, floor

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


class Ways:
    """The ways that explain all answers so far."""

    def __init__(self, times: Sequence[dt.datetime], likely: Way | None = None) -> None:
        """Take times of records, the newest first, and what another search does."""
        self._times = list(dict.fromkeys(times))
        self._likely = likely
        self._told: set[Question] = set()
        ways = (
            Way(precision, inclusive, half / 2)
            for half, precision, inclusive in product(_HALF_HOURS, UNITS, (True, False))
        )
        self._weights = {w: w.weight * (_SEEN if w == likely else 1.0) for w in ways}

    @property
    def likeliest(self) -> Way | None:
        """The likeliest of them; None if nothing explains all answers."""
        return max(self._weights, key=self._weights.__getitem__, default=None)

    def question(self) -> Question | None:
        """Return the question that tells the most; None if the way is found."""
        # The newest record first: that server changes least between two answers.
        for times in (self._times[:1], self._times[1:]):
            splits = (split for time in times for split in self._splits(time))
            if best := min(splits, default=None):
                return best[1]
        if (way := self.likeliest) is None:
            return None
        # Whatever is left fits. Would a way that is not among them fit as well? Where
        # the way is news, another record confirms it: one may be edited meanwhile.
        places = (0,) if way == self._likely else (0, -1)
        checks = (
            Question(self._times[place], way.latest(self._times[place]) + later)
            for place in places
            for later in (dt.timedelta(), MILLISECOND)
        )
        return next((each for each in checks if each not in self._told), None)

    def learn(self, question: Question, *, passes: bool) -> None:
        """Keep the ways that explain an answer."""
        self._told.add(question)
        self._weights = {
            way: weight
            for way, weight in self._weights.items()
            if (question.after <= way.latest(question.time)) is passes
        }

    def _splits(self, time: dt.datetime) -> Iterator[tuple[float, Question]]:
        """Yield questions about a record, each with how unevenly it splits the ways."""
        weights: defaultdict[dt.datetime, float] = defaultdict(float)
        for way, weight in self._weights.items():
            weights[way.latest(time)] += weight
        total, below = sum(weights.values()), 0.0
        for low, high in pairwise(sorted(weights)):
            below += weights[low]
            # Any time between the two splits alike: this also confirms the likelier.
            after = low + MILLISECOND if weights[low] > weights[high] else high
            yield abs(below / total - 0.5), Question(time, after)
