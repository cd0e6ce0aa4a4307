"""Records without a time, which a filter may hide: how many there are. See rule 3."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import DEPTH, EPOCH, ROUND, PageRequest, is_undated

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Chain, Page

_SOON = 8
"""Two agreements take so many requests. If it takes more, there must be a third."""
_MOST_COUNTS = 80
"""So many requests without agreement leave it open."""


class Undated:
    """Counts the records without a time.

    They can be deleted, or get a time by an edit: those that were sent before a count
    need not be among those that it counted. So they are looked for anew whenever the
    count changed.

    Attributes:
        seen: Those that came, and are among those that were counted.
        total: How many there are; None if that is not known.
        timed: How many others there were then.
        is_open: Whether counting ended without agreement.
        may_be_hidden: Whether some need not be on the pages that are read by time.
    """

    def __init__(self, *, is_resumed: bool = False) -> None:
        """Begin; a resumed read does not know how many were sent before."""
        self.seen = Tally()
        self.total: int | None = None
        self.timed: int | None = None
        self.is_open = self.may_be_hidden = False
        self._is_resumed = is_resumed
        self._most = 0
        """The greatest total: a count below it is less as records were deleted."""

    @property
    def known(self) -> int:
        """How many there are, as far as is known."""
        return self.total or len(self.seen)

    @property
    def missing(self) -> int:
        """How many are known to be there and were not sent."""
        return max(0, (self.total or 0) - len(self.seen))

    def add(self, page: Page) -> None:
        """Take a page. The counts filter by 1970, so an earlier time is none."""
        self._most = max(self._most, page.total or 0)
        if None in page.times or is_undated(page.oldest):
            pairs = zip(page.keys, page.times, strict=True)
            self.seen.add(key for key, time in pairs if is_undated(time))

    def count_beside(self, everything: int | None) -> Chain[None]:
        """Count while pages are read; it counts if two pairs in a row agree.

        Args:
            everything: The total without a filter, just now.
        """
        before = everything, (yield PageRequest.for_count(EPOCH)).total
        again = (yield PageRequest.for_count()).total
        timed = (yield PageRequest.for_count(EPOCH)).total
        if again is not None and timed is not None and before == (again, timed):
            self.total, self.timed = max(0, again - timed), timed

    def is_stale(self, timed: int | None) -> bool:
        """Tell whether what has a time was counted differently since."""
        return self.total is None or timed != self.timed

    def count(self) -> Chain[None]:
        """Count, with nothing else in flight, until two pairs in a row agree.

        Where records come and go with every request, that can be by chance: so the same
        number has to be found twice, and three times if that takes long.
        """
        before, self.total, self.timed = self.total, None, None
        agreed: list[int] = []
        counts: list[int] = []
        for number in range(_MOST_COUNTS):
            page = yield PageRequest.for_count(EPOCH if number % 2 else None)
            if page.total is None:
                return
            counts.append(page.total)
            if counts[-4:-2] == counts[-2:]:
                found = abs(counts[-1] - counts[-2])
                agreed.append(found)
                if agreed.count(found) > (1 if number < _SOON else 2):
                    self.total, self.timed = found, min(counts[-2:])
                    if self.total != before:
                        self.seen = Tally()
                    return
                counts.clear()
        self.is_open = True

    def is_capped(self, sent: int) -> bool:
        """Tell whether the server may count no further, of so many sent."""
        everything = (self.timed or 0) + (self.total or 0)
        is_round = everything > 0 and everything % ROUND == 0
        is_unknown = self._is_resumed or sent > everything
        return everything == DEPTH or (is_round and is_unknown)

    def why_unknown(self, sent: int) -> str:
        """Say why, of so many sent, it is not known whether there are any, if so."""
        if not self.may_be_hidden:
            return ""
        if self.timed is None:
            most = "at all"
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
