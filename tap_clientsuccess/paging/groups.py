"""Groups: records that the filter cannot tell apart, if they fill more than a page.

They have the same time, or times of one second or day where the filter is that coarse.
So they have to be read by page number, and what is deleted or edited meanwhile shifts
those behind it. But none can join a group, as a change gives a record a later time:
places only fall. So a group is read from its *last* page to its first. Then

- a record that was not seen yet is on a page that is still to come, however many leave,
  if the server has them in the order of their keys; and
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
    """Tell whether all of a page is older than the end, and more may follow."""
    is_full = bool(page.keys) and page.count_before(end) == len(page.keys)
    return is_full and page.goes_on(place)


@dataclass
class Group:
    """Reads a group.

    Attributes:
        request: The request of its first page.
        end: The time that ends it.
        last: The page by which it has ended; at first, its first page.
        evidence: Checks its pages.
    """

    request: PageRequest
    end: dt.datetime
    last: Page
    evidence: Evidence
    _places: int = -1
    _seen: Tally = field(default_factory=Tally)
    """The keys that came while it had so many places."""

    def read(self) -> Chain[bool]:
        """Read it; return whether certainly all of it was read.

        Raises:
            NotByTimeError: It is longer than `DEPTH`, its records have no key, or the
                pages show that the server does not read by time.
        """
        page = self.last
        for attempt in range(_PASSES):
            if attempt:
                page = yield self.request
            size, number = max(1, len(page.keys)), 0
            while fills(page, self.end, place := number * size):
                if len(page.keys) != size and page.total is not None:
                    break
                # A server that repeats a page would go on for ever.
                if page.total is not None and place > page.total:
                    raise NotByTimeError("there are more pages than the server counts")
                # Kept only if it has as many places then as in the attempt before.
                self._seen.add(page.keys)
                number += 1
                page = yield from self._page(number, size)
            self.last = page
            if (yield from self._read_back(number, size)):
                return True
        return False

    def _read_back(self, number: int, size: int) -> Chain[bool]:
        """Read from the last page to the first; return whether that was all."""
        page, is_measured, next_is_empty = self.last, False, False
        while True:
            inside = page.keys[: page.count_before(self.end)]
            if None in inside:
                raise NotByTimeError("records with the same time have no key")
            has_other_size = len(page.keys) != size and not next_is_empty
            if has_other_size and page.goes_on(number * size):
                return False
            if not is_measured and (inside or not number):
                # If it has as many places as before, none has left.
                is_measured, places = True, number * size + len(inside)
                if places != self._places:
                    self._places, self._seen = places, Tally()
            self._seen.add(inside)
            if not number:
                return self.evidence.orders_ties or len(self._seen) == self._places
            number, next_is_empty = number - 1, not page.keys
            page = yield from self._page(number, size)

    def _page(self, number: int, size: int) -> Chain[Page]:
        if (number + 1) * size > DEPTH:
            raise NotByTimeError("too many records have the same time")
        # A server that caps a page may reckon places with the size that was asked for.
        request = self.request._replace(number=number, size=size)
        page = yield request
        self.evidence.check(page, request)
        return page
