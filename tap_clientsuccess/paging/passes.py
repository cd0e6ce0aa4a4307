"""Reading all pages of a list by number: what proves that a pass is complete."""

from __future__ import annotations

import datetime as dt
import typing as t

from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import DEPTH

if t.TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_clientsuccess.paging.page import Page


class Pass:
    """All pages of a list, read once by number, in an order that may be any.

    It proves that everything was sent if as many distinct records that existed when it
    began came as the server counted then: they are the same, whatever was inserted or
    deleted meanwhile. A record existed if it is on the first page, was sent by an
    earlier pass, or has a time that is not newer than all that was known then. Where
    nothing was known, the server's clock has to do, and the total must never change.

    Attributes:
        sent: Counts what came.
        total: The server's latest count.
        fall: By how much that is less than on the page before.
        news: How many records of the latest page had not come in this pass.
        known: How many distinct records were sent by now, in all passes.
        has_ended: Whether the last page was reached.
    """

    def __init__(self, before: Pass | None, newest: dt.datetime | None) -> None:
        """Begin.

        Args:
            before: The pass before, if any.
            newest: The newest time that any page showed before.
        """
        self.sent = Tally()
        self.total = self.fall = self.news = self.known = 0
        self.has_ended = False
        self._before = before
        self._began = newest
        self._existed = self._older = 0
        self._totals: list[int | None] = []
        self._records: t.Sequence[t.Any] = ()
        self._sent_at: list[dt.datetime] = []

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether a key came in this pass, or in one before."""
        before = self._before
        return key in self.sent.keys or (before is not None and key in before)

    def add(self, page: Page) -> None:
        """Take a page."""
        is_first = not self._totals
        if is_first:
            self._began = self._beginning(page)
        self._sent_at = [*self._sent_at[:1], page.sent_at]
        self._totals.append(page.total)
        total = self.total if page.total is None else page.total
        self.fall, self.total = max(0, self.total - total), total
        before = len(self.sent)
        # Without keys, only the records show that this is the same page again.
        is_again = bool(page.records) and page.records == self._records
        self._records = page.records
        new = [] if is_again else self.sent.add(page.keys)
        self.news = len(self.sent) - before
        times = {
            key: time
            for key, time in zip(page.keys, page.times, strict=True)
            if key is not None and key in new
        }
        without_key = self.news - len(new)
        self._existed += without_key + sum(
            is_first or self._has_known(key, time) for key, time in times.items()
        )
        began = self._began or self._sent_at[0]
        self._older += without_key + sum(
            not time or time <= began for time in times.values()
        )

    def _beginning(self, first: Page) -> dt.datetime | None:
        """Return a time by the records' clock that is not later than the beginning."""
        times = [time for time in first.times if time]
        if times and times == sorted(times, reverse=True):
            return min(times[0], first.sent_at)
        return self._began and min(self._began, first.sent_at)

    def _has_known(self, key: Hashable, time: dt.datetime | None) -> bool:
        if time and self._began and time <= self._began:
            return True
        return self._before is not None and key in self._before

    def bookmark(self, newest: dt.datetime | None) -> dt.datetime | None:
        """Return a time up to which every change has been sent, if it is complete.

        Args:
            newest: The newest time that any page showed.
        """
        if newest is None:
            return None
        began, ended = self._sent_at[0], self._sent_at[-1]
        return min(began, self._began or newest - max(ended - began, dt.timedelta()))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing changed, as far as the totals tell."""
        return self.has_ended and set(self._totals) == {self.total} != {DEPTH}

    @property
    def is_complete(self) -> bool:
        """Whether everything came that existed when it began."""
        expected = self._totals[0]
        if not self.has_ended:
            return False
        is_empty = not any(self._totals) and not len(self.sent)
        if is_empty or set(self._totals) == {None}:
            return True  # Nothing to read, or no totals at all.
        if expected == DEPTH or None in self._totals:
            return False
        # A total that is too small is wrong and proves nothing.
        return self._existed == expected or (
            self.is_quiet and len(self.sent) == self._older == expected
        )

    @property
    def is_capped(self) -> bool:
        """Whether the total never changed, and is no count of all there is."""
        is_less = len(self.sent) > self.total
        return set(self._totals) == {self.total} and (is_less or self.total == DEPTH)

    @property
    def is_short(self) -> bool:
        """Whether fewer records came than the server counted all the time."""
        return self.total > len(self.sent) and set(self._totals) == {self.total}
