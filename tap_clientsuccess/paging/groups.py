"""Groups: records that the filter cannot tell apart, if they fill more than a page.

They have the same time, or times of one second or day where the filter is that coarse.
So they have to be read by page number, and what is deleted or edited meanwhile shifts
those behind it. But none can join a group, as a change gives a record a later time:
places only fall. So a group is read from its *last* page to its first. Then

- a record that was not seen yet is on a page that is still to come, however many leave,
  if the server always has them in the same order; and
- whatever the order, all were seen if as many distinct records came as there were
  places when the last page was read: those that came are among those that were there.

Places can be reckoned only from pages of one size: if that changes, it is read again.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import DEPTH

if t.TYPE_CHECKING:
    import datetime as dt

    from tap_clientsuccess.paging.evidence import Evidence
    from tap_clientsuccess.paging.page import Chain, Page, PageRequest

_PASSES = 6


def fills(page: Page, end: dt.datetime, place: int = 0) -> bool:
    """Tell whether a page at a place is older than the end, and more may follow."""
    is_full = bool(page.keys) and page.count_before(end) == len(page.keys)
    return is_full and page.goes_on(place)


@dataclass
class Group:
    """Reads a group.

    Attributes:
        request: The request of its first page.
        end: The time that ends it.
        last: The page on which it ends; at first, its first page.
        evidence: Checks each page.
    """

    request: PageRequest
    end: dt.datetime
    last: Page
    evidence: Evidence
    _size: int = 0
    _pages: int = 0
    """How many pages of this size it has; 0 if that is not known."""
    _places: int = -1
    _seen: Tally = field(default_factory=Tally)
    """What came since there were so many places."""

    def read(self) -> Chain[bool]:
        """Read it; return whether certainly all of it was read.

        Raises:
            NotByTimeError: It is longer than `DEPTH`, or its records have no key.
        """
        page = self.last
        for _ in range(_PASSES):
            if not self._pages:
                yield from self._find_end(page)
            if (yield from self._read_back()):
                return True
            if not self._pages:
                page = yield self.request
        return False

    def _find_end(self, page: Page) -> Chain[None]:
        self._size, self._pages = max(1, len(page.keys)), 1
        while fills(page, self.end, place := (self._pages - 1) * self._size):
            # A server that repeats a page would go on for ever.
            if page.total is not None and place > page.total:
                raise NotByTimeError("there are more pages than the server counts")
            page = yield from self._page(self._pages)
            self._pages += 1

    def _read_back(self) -> Chain[bool]:
        """Read from the last page to the first; return whether that was all."""
        last, next_is_empty = self._pages - 1, False
        for number in range(last, -1, -1):
            page = yield from self._page(number)
            inside = page.keys[: page.count_before(self.end)]
            if number == last:
                self.last = page
            if None in inside:
                raise NotByTimeError("records with the same time have no key")
            has_other_size = len(page.keys) != self._size and not next_is_empty
            if has_other_size and page.goes_on(number * self._size):
                self._pages = 0
                return False
            next_is_empty = not page.keys
            if number == self._pages - 1:
                self._measure(number, len(inside))
            self._seen.add(inside)
        return self.evidence.orders_ties or len(self._seen) == self._places

    def _measure(self, number: int, inside: int) -> None:
        """Note where it ends: if it has as many places as before, none has left."""
        if not inside:
            self._pages = max(1, number)  # All that was on this page left.
        if (places := number * self._size + inside) != self._places:
            self._places, self._seen = places, Tally()

    def _page(self, number: int) -> Chain[Page]:
        if (number + 1) * self._size > DEPTH:
            raise NotByTimeError("too many records have the same time")
        # A server that caps a page may reckon places with the size that was asked for.
        request = self.request._replace(number=number, size=self._size)
        page = yield request
        self.evidence.check(page, request)
        return page
