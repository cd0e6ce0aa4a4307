"""Evidence in the responses that the server filters and sorts by time."""

from __future__ import annotations

import datetime as dt
import operator
import typing as t

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
        self._pairs = 0

    @property
    def is_enough(self) -> bool:
        """Whether enough records were in order to rule out chance."""
        return self._pairs >= _ENOUGH_PAIRS

    def check(self, page: Page, after: dt.datetime | None) -> None:
        """Check that a page was filtered and sorted.

        Args:
            page: The page.
            after: The requested time.

        Raises:
            NotByTimeError: It was not.
        """
        times = list(filter(None, page.times))
        if page.has_next and not page.keys:
            raise NotByTimeError("a page before the last one is empty")
        if page.keys and not times:
            raise NotByTimeError("the records do not show when they were modified")
        if times != sorted(times):
            raise NotByTimeError("the server does not sort by modification time")
        self._count_pairs(times)
        if times and after and times[0] < after:
            self._widen_unit(times[0], after)

    def check_descending(self, page: Page, reached: dt.datetime) -> None:
        """Check that a page requested newest first is.

        Args:
            page: The page.
            reached: The time up to which everything has been read.

        Raises:
            NotByTimeError: It is not.
        """
        times = list(filter(None, page.times))
        if times != sorted(times, reverse=True) or (times and times[0] < reached):
            raise NotByTimeError("the server does not sort by modification time")
        self._count_pairs(times)

    def _count_pairs(self, times: list[dt.datetime]) -> None:
        """Count neighbors in a sorted list whose times differ."""
        if not self.is_enough:
            self._pairs += sum(map(operator.ne, times, times[1:]))

    def _widen_unit(self, oldest: dt.datetime, after: dt.datetime) -> None:
        for unit in _UNITS:
            if oldest >= floor(after, unit):
                self.unit = max(self.unit, unit)
                return
        raise NotByTimeError("the server does not filter by modification time")
