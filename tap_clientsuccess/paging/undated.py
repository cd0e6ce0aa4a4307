"""Records without a time, which a filter may hide: how many there are. See rule 3."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.evidence import far_future
from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import (
    DAWN,
    DEPTH,
    ROUND,
    PageRequest,
    is_undated,
)

if t.TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_clientsuccess.paging.page import Chain, Page

_SOON = 8
"""Two agreements take so many requests. If it takes more, there must be a third."""
_MOST_COUNTS = 80
"""How many requests one count makes at most."""


class Undated:
    """Counts the records without a time.

    They can be deleted, or get a time by an edit: those that were sent before a count
    need not be among those that it counted. So they are looked for anew after the first
    count, and whenever it changed.

    Attributes:
        seen: Those that came, and are among those that were counted.
        total: How many the filter hides; None if that is not known.
        timed: How many records were modified since `DAWN` then.
        future: How many passed a filter by a time in the future.
        is_open: Whether counting ended without agreement.
        may_be_hidden: Whether some need not be on the pages that are read by time.
    """

    def __init__(self, *, is_part: bool = False) -> None:
        """Begin; a part of the list does not show how many records there are."""
        self.seen = Tally()
        self.total: int | None = None
        self.timed: int | None = None
        self.future = 0
        self.is_open = self.may_be_hidden = False
        self._is_part = is_part
        self._sent = 0
        """How many came, also before they were looked for anew."""
        self._most = 0
        """The greatest total: a count below it is less as records were deleted."""

    @property
    def everything(self) -> int | None:
        """How many records there are, if they were counted."""
        return None if self.timed is None else self.timed + (self.total or 0)

    @property
    def counts_all(self) -> bool:
        """Whether the total does not heed the filter: then the counts tell nothing."""
        return 0 < (self.everything or 0) <= self.future

    @property
    def shown(self) -> int:
        """How many pass any filter."""
        return 0 if self.counts_all else self.future

    @property
    def known(self) -> int:
        """How many there are, as far as is known."""
        return (self.total or 0) + self.shown or len(self.seen)

    @property
    def missing(self) -> int:
        """How many are known to be there and were not sent."""
        return max(0, (self.total or 0) + self.shown - len(self.seen))

    @property
    def hidden_sent(self) -> int:
        """How many of all that came the filter hides."""
        return min(self.total or 0, max(0, self._sent - self.shown))

    def add(self, page: Page, new: set[Hashable]) -> None:
        """Take a page, and those of its keys that came for the first time.

        The counts filter by `DAWN`, so an earlier time is none.
        """
        self._most = max(self._most, page.total or 0)
        if None in page.times or is_undated(page.oldest):
            pairs = zip(page.keys, page.times, strict=True)
            keys = [key for key, time in pairs if is_undated(time)]
            self.seen.add(keys)
            self._sent += sum(key is None or key in new for key in keys)

    def count_beside(self, everything: int | None) -> Chain[None]:
        """Count while pages are read; that is kept if two pairs in a row agree.

        Args:
            everything: The total without a filter, just now.
        """
        before = everything, (yield PageRequest.for_count(DAWN)).total
        again = (yield PageRequest.for_count()).total
        timed = (yield PageRequest.for_count(DAWN)).total
        if again is not None and timed is not None and before == (again, timed):
            self.total, self.timed = max(0, again - timed), timed

    def is_stale(self, timed: int | None) -> bool:
        """Tell whether nothing was counted, or another number of what has a time."""
        return self.total is None or timed != self.timed

    def count(self) -> Chain[None]:
        """Count, with nothing else in flight, until two pairs in a row agree.

        Where records come and go with every request, that can be by chance: so the same
        number has to be found twice, and three times if that takes long.
        """
        before = None if self.total is None else self.total + self.shown
        self.total = self.timed = None
        agreed: list[int] = []
        counts: list[int] = []
        for number in range(_MOST_COUNTS):
            page = yield PageRequest.for_count(DAWN if number % 2 else None)
            if page.total is None:
                return
            counts.append(page.total)
            if counts[-4:-2] == counts[-2:]:
                found = abs(counts[-1] - counts[-2])
                agreed.append(found)
                if agreed.count(found) > (1 if number < _SOON else 2):
                    self.total, self.timed = found, min(counts[-2:])
                    yield from self.count_future()
                    # Also where it changed and changed back: one that came meanwhile
                    # would stand for one that did not come.
                    if self.total + self.shown != before or len(set(agreed)) > 1:
                        self.seen = Tally()
                    return
                counts.clear()
        self.is_open = True

    def count_future(self) -> Chain[None]:
        """Count what passes a filter by a time in the future.

        If not none, records without a time pass any filter, or the total does not heed
        the filter.
        """
        future = yield from far_future()
        self.future = (future and future.total) or 0

    def is_capped(self, sent: int) -> bool:
        """Tell whether the server may count no further, if so many were sent."""
        everything = self.everything or 0
        is_round = everything > 0 and everything % ROUND == 0
        is_unknown = self._is_part or sent > everything
        return everything == DEPTH or (is_round and is_unknown)

    def why_unknown(self, sent: int, *, is_quiet: bool = True) -> str:
        """Say why it is not known whether there are any, if so.

        Args:
            sent: How many records were sent.
            is_quiet: Whether none was edited or created during the read.
        """
        if not self.may_be_hidden:
            return ""
        if self.timed is None:
            most = "at all"
        elif self.counts_all and not (is_quiet and self._most <= self.timed):
            most = "by its filter, and they changed"
        elif not self.total and (
            self.is_capped(sent) or sent > self.timed >= self._most
        ):
            most = f"further than {self.timed:,}"
        else:
            return ""
        return (
            f"the server does not count its records {most}: if some have no "
            "modification time, they may be missing"
        )
