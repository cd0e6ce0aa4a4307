"""Which pages of a search to request by number, while the rest is read by time."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.group import DEPTH
from tap_clientsuccess.paging.page import PageRequest

if t.TYPE_CHECKING:
    import datetime as dt

    from tap_clientsuccess.paging.page import Page

_STEP = 3
"""One page in this many is requested by number."""


class NumberedPages:
    """Every third page up to the maximum depth, then the same again from there.

    Numbers shift, so they only choose where to read; a page's times say what it covers.
    """

    def __init__(self, after: dt.datetime | None, first: Page) -> None:
        self._after = after
        # Slightly smaller, so that a page requested by time bridges the gap.
        ties = sum(time == first.newest for time in first.times)
        self._size = max(1, first.full_size - ties - 1)
        self._full_size = first.full_size
        self._total = first.total or 0
        self._number = 0
        self._last: PageRequest | None = None

    def next(self) -> PageRequest | None:
        """Return the next request, or None if there is none, or none yet."""
        number = self._number + _STEP
        place = number * self._size
        # The page of the newest changes was read already.
        is_behind = place >= self._total - self._full_size
        if is_behind or place + self._size > DEPTH:
            return None
        self._number = number
        self._last = PageRequest(number, self._size, self._after)
        return self._last

    def update(
        self, request: PageRequest, page: Page, limit: dt.datetime | None
    ) -> None:
        """Learn from a page: the total, or that numbering restarts behind it."""
        newest = page.newest
        if newest is None or (limit and newest >= limit):
            self._total = self._total if newest is None else 0
        elif request.number == 0 and request.after == self._after:
            self._total = page.total or 0
        elif (
            request == self._last
            and page.has_next
            and (self._number + _STEP + 1) * self._size > DEPTH
        ):
            self._after = PageRequest.since(newest).after
            self._number = 0
            self._total = 0  # Known from the page requested by this time.
