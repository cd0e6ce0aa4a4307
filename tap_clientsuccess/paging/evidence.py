"""What pages show about the server: does it filter and sort by time, how finely?

Each request starts a millisecond before the newest record of the page before, so that
record has to come again. Where it does not, it was edited or deleted since, or the
filter hides it and others with it: it may compare whole days, or times in another zone.
"""

from __future__ import annotations

import datetime as dt
import operator
import typing as t
from dataclasses import replace
from itertools import pairwise

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import (
    FAR_FUTURE,
    MILLISECOND,
    PageRequest,
    floor,
)

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Chain, Page, Window

_UNITS = (MILLISECOND, dt.timedelta(seconds=1), dt.timedelta(days=1))
_ENOUGH_PAIRS = 20
_CHECKS = 3
"""Replicas may disagree for a moment, so what is missing is checked this often."""


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
        self._shown_by: dict[dt.datetime, PageRequest] = {}
        """Which request showed the newest record of a page, by its millisecond."""

    @property
    def is_enough(self) -> bool:
        """Whether so many records came sorted that chance is ruled out."""
        return self._pairs >= _ENOUGH_PAIRS

    @property
    def orders_ties(self) -> bool:
        """Whether records of one time come in the order of keys, as far as is known.

        True without any: time alone orders them. It is not known if there were too few
        to rule out chance.
        """
        return self._ties_are_by_key and not 0 < self._ties < _ENOUGH_PAIRS

    def check(self, page: Page, request: PageRequest) -> None:
        """Check that a page was filtered and sorted.

        Raises:
            NotByTimeError: It was not, or is empty before the end, or shows no times.
        """
        if page.newest:
            self._shown_by[floor(page.newest)] = request
        after, newest_first = request.after, request.newest_first
        times = [time for time in page.times if time]
        if not page.keys and (page.last is False or (page.total and not page.number)):
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

    def check_border(self, since: dt.datetime) -> Chain[None]:
        """Find out why the newest record of the page before is not returned again.

        The page that showed it, if one did, is requested again: if its newest record up
        to then is returned, only the one that was missed has changed.

        Raises:
            NotByTimeError: The filter hides it.
        """
        shown_by = self._shown_by.get(floor(since))
        if shown_by is None:
            return
        for _ in range(_CHECKS):
            again = yield shown_by
            times = [time for time in again.times if time and time <= since]
            if not times or (yield from is_returned(max(times))):
                return
        raise NotByTimeError("the server's filter hides records that it should return")


def is_hidden(first: Page, window: Window) -> Chain[bool]:
    """Tell whether the filter hides a record that should come.

    That is the newest known change or, if none is known, the newest of the first page.
    """
    newest = first.newest
    if known := window.known:
        is_all = not first.keys or not first.goes_on()
        is_within = is_all or (newest is not None and newest >= known)
        # Of a read that was interrupted, the bookmark is a millisecond earlier.
        shows = first.shows(known) or first.shows(known + MILLISECOND)
        return is_within and not shows
    return newest is not None and not (yield from is_returned(newest))


def far_future() -> Chain[Page | None]:
    """Ask what passes a filter by a time in the future; None if that is refused."""
    try:
        return (yield PageRequest.for_count(FAR_FUTURE))
    except RefusedError:
        return None


def count_surplus() -> Chain[int]:
    """Return the total of a filter by the far future, if no record passes it."""
    future = yield from far_future()
    return (future.total or 0) if future and not future.keys else 0


def less_surplus(page: Page, request: PageRequest) -> Chain[tuple[Page, int]]:
    """Mend a total by which more follows, though the hint calls the page the last.

    If just this page is left, the following page decides.

    Returns:
        The page with another total, and the surplus.
    """
    surplus, size = (yield from count_surplus()), len(page.keys)
    total: int | None = max((page.total or 0) - surplus, size)
    if total == size > 0 and (yield request._replace(number=1, size=size)).keys:
        total = None
    return replace(page, total=total), surplus


def newest_page(request: PageRequest) -> Chain[tuple[Page, dt.datetime | None]]:
    """Return the page of the newest changes, and a later time that was seen, if any.

    A page of one time says nothing of the order, so it is asked what is later.
    """
    page = yield request
    newest = page.newest
    if not newest or newest != page.oldest or not page.goes_on():
        return page, None
    later = (yield PageRequest(after=newest + MILLISECOND)).newest
    if later and later > newest:
        page = yield request
    return page, later


def is_returned(time: dt.datetime) -> Chain[bool]:
    """Tell whether the server returns a record of a time, if asked from there."""
    return (yield PageRequest.since(time)).shows(time)
