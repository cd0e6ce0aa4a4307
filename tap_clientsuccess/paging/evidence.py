"""What a page shows about the server: does it filter and sort by time, how finely?"""

from __future__ import annotations

import datetime as dt
import operator
import typing as t
from itertools import pairwise

from tap_clientsuccess.paging.page import MILLISECOND, floor

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page

_UNITS = (MILLISECOND, dt.timedelta(seconds=1), dt.timedelta(days=1))
_ENOUGH_PAIRS = 20


class NotByTimeError(Exception):
    """The responses show that this search cannot be read by time."""


class Evidence:
    """Checks every page.

    Attributes:
        unit: Precision of the filter: a millisecond, a second or a day.
    """

    def __init__(self) -> None:
        self.unit = MILLISECOND
        self._pairs = self._ties = 0
        self._ties_are_by_key = True

    @property
    def is_enough(self) -> bool:
        """Whether enough records were in order to rule out chance."""
        return self._pairs >= _ENOUGH_PAIRS

    @property
    def orders_ties(self) -> bool:
        """Whether records of the same time have always come in the order of keys."""
        return self._ties_are_by_key and not 0 < self._ties < _ENOUGH_PAIRS

    def check(
        self, page: Page, after: dt.datetime | None, *, newest_first: bool = False
    ) -> None:
        """Check that a page was filtered, if that is to be checked, and sorted.

        Raises:
            NotByTimeError: It was not.
        """
        times = [time for time in page.times if time]
        if not page.keys and (
            page.is_said_to_be_last is False or (page.total and not page.number)
        ):
            raise NotByTimeError("a page before the last one is empty")
        if page.keys and not times:
            raise NotByTimeError("the records do not show when they were modified")
        if times != sorted(times, reverse=newest_first):
            raise NotByTimeError("the server does not sort by modification time")
        distinct = sum(map(operator.ne, times, times[1:]))
        self._pairs += distinct
        if distinct < len(times) - 1 and not newest_first:
            self._check_ties(page)
        if times and after and min(times) < after:
            units = (unit for unit in _UNITS if min(times) >= floor(after, unit))
            if not (unit := next(units, None)):
                raise NotByTimeError("the server does not filter by modification time")
            self.unit = max(self.unit, unit)

    def _check_ties(self, page: Page) -> None:
        records: list[t.Any] = list(zip(page.times, page.keys, strict=True))
        for (before, first), (time, second) in pairwise(records):
            if time is not None and time == before:
                self._ties += 1
                is_comparable = second is not None and type(first) is type(second)
                self._ties_are_by_key &= is_comparable and first < second
