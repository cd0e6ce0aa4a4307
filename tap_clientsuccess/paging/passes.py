"""Reading all pages of a list by number: what proves that a pass is complete."""

from __future__ import annotations

import datetime as dt
import typing as t

from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import BEGINNING, DEPTH, ROUND

if t.TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_clientsuccess.paging.page import Page

_REQUESTS_PER_PAGE = 3
_SPARE_REQUESTS = 20
"""With so many requests more, the list never settles."""


class Pass:
    """All pages of a list, read once by number, in an order that may be any.

    It proves that everything was sent if as many distinct records that existed when it
    began came as the server counted then: they are the same, whatever was inserted or
    deleted meanwhile. A record existed if it is on the first page, was sent before the
    pass, or has a time that is not newer than all that was known then. It is proven
    too if the total never changed, as many came, and none is newer than what was known
    then or, where nothing was, than the server's clock less the lookback.

    Where the total is less than on the page before, records moved to pages that were
    already read: these are read again.

    Attributes:
        sent: Counts the distinct records that came.
        sent_before: How many distinct records came before it.
        total: The server's latest count.
        size: Records on a page; 0 until the first came.
        furthest: How many places the pages that came span, were they full.
        again: The numbers of pages to be read again.
        has_ended: Whether the last page was reached.
        is_stuck: Whether the server repeats itself, refuses to go on, or never settles.
    """

    def __init__(
        self,
        newest: dt.datetime | None,
        sent_before: int = 0,
        lookback: dt.timedelta = dt.timedelta(),
    ) -> None:
        """Begin, with the newest time that any page showed before."""
        self.sent = Tally()
        self.sent_before = sent_before
        self.total = self.size = self.furthest = 0
        self.again: list[int] = []
        self.has_ended = self.is_stuck = False
        self._was_last = False
        self._began = newest
        self._existed = self._reached = 0
        self._has_newer = False
        self._lookback = lookback
        self._told: list[tuple[int | None, dt.datetime]] = []
        """The total on each page, and when it was requested."""

    def add(self, page: Page, unsent: set[Hashable]) -> None:
        """Take a page, and those of its keys that were never sent before."""
        is_first = not self._told
        if is_first:
            self._began = self._beginning(page)
        self._told.append((page.total, page.sent_at))
        total = self.total if page.total is None else page.total
        fall, self.total = max(0, self.total - total), total
        before = len(self.sent)
        new = self.sent.add(page.keys, page.records)
        news = len(self.sent) - before
        # The replica that counted first may have lagged.
        clock = self._began or self._told[0][1] - self._lookback
        began = self._began or BEGINNING
        times = dict(zip(page.keys, page.times, strict=True))
        for key in new:
            time = times[key]
            is_old = time is not None and time <= began
            self._existed += is_first or key not in unsent or is_old
        came = zip(page.keys, page.times, strict=True)
        self._has_newer |= any(
            time is not None and time > clock and (key is None or key in new)
            for key, time in came
        )
        self._go_on(page, fall, is_repeated=not (is_first or news or fall))

    def _go_on(self, page: Page, fall: int, *, is_repeated: bool) -> None:
        """Decide what is read again, and whether the list has ended."""
        self.size = self.size or max(1, len(page.keys))
        place = page.number * self.size
        if page.keys:
            self._reached = max(self._reached, place + len(page.keys))
        if fall:
            back = -(-fall // self.size)
            self.again += range(max(0, page.number - back), page.number)
        if place >= self.furthest:
            says_last = bool(page.last)
            self.has_ended = not page.goes_on(place) or (
                is_repeated
                and (page.total is None or not page.keys)
                and (says_last or self._was_last)
            )
            self.is_stuck |= is_repeated and not self.has_ended
            self._was_last = says_last
            self.furthest = place + self.size
        most = _REQUESTS_PER_PAGE * (len(self.sent) // self.size + 1)
        self.is_stuck |= self.pages > most + _SPARE_REQUESTS

    def _beginning(self, first: Page) -> dt.datetime | None:
        """Return a time that is not later than the beginning, if records show one."""
        times = [time for time in first.times if time]
        if times and times == sorted(times, reverse=True):
            return first.newest_until(first.sent_at)
        return self._began and min(self._began, first.sent_at)

    def bookmark(self, newest: dt.datetime | None) -> dt.datetime | None:
        """Return the time up to which every change was sent.

        Where the newest time before the pass is not known, that is the newest of any
        page, less the time that the pass took.

        Args:
            newest: The newest time that any page showed.
        """
        if newest is None:
            return None
        began, ended = self._told[0][1], self._told[-1][1]
        return min(began, self._began or newest - max(ended - began, dt.timedelta()))

    @property
    def pages(self) -> int:
        """How many pages it has taken."""
        return len(self._told)

    @property
    def is_counted(self) -> bool:
        """Whether the server gave any total."""
        return any(total is not None for total, _ in self._told)

    @property
    def is_steady(self) -> bool:
        """Whether all pages told the same total."""
        return {total for total, _ in self._told} == {self.total}

    @property
    def is_quiet(self) -> bool:
        """Whether it ended, and nothing changed, as far as the totals tell."""
        return self.has_ended and self.is_steady and self.total != DEPTH

    @property
    def is_complete(self) -> bool:
        """Whether everything came that existed when it began, if that was counted."""
        if not (self.has_ended and self.is_counted):
            return self.has_ended
        first, came = self._told[0][0], len(self.sent)
        # A total that may be the most that the server counts proves nothing.
        most = max(came, self._reached)
        if first == DEPTH or (first and first % ROUND == 0 and most > first):
            return False
        return self._existed == first or (
            self.is_quiet and came == self.total and not self._has_newer
        )
