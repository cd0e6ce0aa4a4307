"""The border between two pages: the record at it has to come again.

Each request starts a millisecond before the newest record of the page before. Where
that record is not on the next page, it was edited or deleted since, or the filter hides
it and others with it: it may compare whole days, or times in another zone.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import MILLISECOND, PageRequest, floor

if t.TYPE_CHECKING:
    import datetime as dt

    from tap_clientsuccess.paging.page import Chain, Page
    from tap_clientsuccess.paging.window import Window

_CHECKS = 3
"""Replicas may disagree for a moment, so what is missing is checked this often."""


class Border:
    """Checks whether records that are known to exist are returned again."""

    def __init__(self) -> None:
        self._shown_by: dict[dt.datetime, PageRequest] = {}

    def remember(self, page: Page, request: PageRequest) -> None:
        """Remember which request showed the newest record of a page."""
        if page.newest:
            self._shown_by[floor(page.newest)] = request

    def is_hidden(self, first: Page, window: Window) -> Chain[bool]:
        """Tell whether the filter hides a record that should come.

        That is the newest known change or, if none is known, the newest of the page.
        """
        newest = first.newest
        if known := window.known:
            is_within = not first.goes_on() or (newest is not None and newest >= known)
            # Of a read that was interrupted, the bookmark is a millisecond earlier.
            shows = first.shows(known) or first.shows(known + MILLISECOND)
            return is_within and not shows
        return newest is not None and not (yield from _is_returned(newest))

    def check(self, since: dt.datetime) -> Chain[None]:
        """Find out why the newest record of the page before is not returned again.

        The page that had it, requested again, has it or the record before it.

        Raises:
            NotByTimeError: The filter hides it.
        """
        shown_by = self._shown_by.get(floor(since))
        if shown_by is None:
            return
        for _ in range(_CHECKS):
            again = yield shown_by
            times = [time for time in again.times if time and time <= since]
            if not times or (yield from _is_returned(max(times))):
                return
        raise NotByTimeError("the server's filter hides records that it should return")


def _is_returned(time: dt.datetime) -> Chain[bool]:
    return (yield PageRequest.since(time)).shows(time)
