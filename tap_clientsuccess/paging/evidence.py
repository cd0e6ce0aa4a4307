"""What the answers show of the server: whether it filters and sorts by time."""

from __future__ import annotations

import datetime as dt
import typing as t
from itertools import pairwise

from tap_clientsuccess.paging.page import MILLISECOND, floor

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page

_UNITS = (MILLISECOND, dt.timedelta(seconds=1), dt.timedelta(days=1))
_ENOUGH_PAIRS = 20


class NotByTimeError(Exception):
    """The answers show that this search cannot be read by time."""


class Evidence:
    """Checks each page.

    Attributes:
        unit: How exact the filter is: a millisecond, a second or a day.
    """

    def __init__(self) -> None:
        self.unit = MILLISECOND
        self._pairs = 0

    @property
    def is_enough(self) -> bool:
        """Whether so much came in order that it cannot be chance."""
        return self._pairs >= _ENOUGH_PAIRS

    def check(self, page: Page, after: dt.datetime | None) -> None:
        """Look whether a page was filtered and sorted.

        Args:
            page: The page.
            after: The time that was asked for.

        Raises:
            NotByTimeError: It was not.
        """
        times = [time for time in page.times if time is not None]
        if page.has_next and not page.records:
            raise NotByTimeError("a page is empty that is not the last one")
        if page.records and not times:
            raise NotByTimeError("the records do not show when they were modified")
        if any(one > other for one, other in pairwise(times)):
            raise NotByTimeError("the server does not sort by modification time")
        self._pairs += sum(one < other for one, other in pairwise(times))
        if times and after and times[0] < after:
            self._note_unit(times[0], after)

    def check_descending(self, page: Page, reached: dt.datetime) -> None:
        """Look whether a page of the newest changes is one.

        Args:
            page: The page.
            reached: How far pages of the oldest changes have reached.

        Raises:
            NotByTimeError: It is not.
        """
        times = [time for time in page.times if time is not None]
        if any(one < other for one, other in pairwise(times)) or (
            times and times[0] < reached
        ):
            raise NotByTimeError("the server does not sort by modification time")
        self._pairs += sum(one > other for one, other in pairwise(times))

    def _note_unit(self, oldest: dt.datetime, after: dt.datetime) -> None:
        for unit in _UNITS:
            if oldest >= floor(after, unit):
                self.unit = max(self.unit, unit)
                return
        raise NotByTimeError("the server does not filter by modification time")
