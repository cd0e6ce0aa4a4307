"""Whether what a walk saw can be trusted, where the server does not keep its order.

`paging` relies on a search that is sorted newest first, and always in the same way.
These show that a server does otherwise:

- *No order.* A record changed since the walk began stands on a page that is not the
  first, or the times of a page do not fall and something has changed. So inserts and
  edits go anywhere, and an insert may have hidden a delete from the total.
- *Ties in any order.* Records of equal time come in another order each time. Where two
  pages share a run of equal times, it is read again in one piece (see `ties`). A run is
  loose where that cannot be had, and it does not look like one that only moved.

Such a walk is in doubt, and all is walked again, one page at a time, until nothing is
loose. Where nothing has changed and nothing is missing, nothing is loose either.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.timestamps import are_newest_first, newest_time, parse_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from tap_clientsuccess.pages import Page
    from tap_clientsuccess.ties import Border


class Witness:
    """Looks at the pages of a walk, and of those that repeat it.

    Attributes:
        in_doubt: Whether records may have slipped through.
        certain_until: No change after this was surely seen; None where nothing tells.
    """

    def __init__(self) -> None:
        self.in_doubt = False
        self._began: dt.datetime | None = None
        self.certain_until: dt.datetime | None = None
        self._is_first = True
        self._changed = False
        self._disordered = False
        self._shuffled = False
        self._unsorted = False
        self._known_fresh: set[tuple[Hashable, t.Any]] = set()
        self._fresh_in_walk: set[tuple[Hashable, t.Any]] = set()
        self._begin_walk()

    def _begin_walk(self) -> None:
        self._known_fresh |= self._fresh_in_walk
        self._changed_in_walk = False
        self._loose = False
        self._believed = False
        self._has_long_run = False
        self._total: int | None = None
        self._is_at_start = True

    def saw(self, page: Page) -> None:
        """Take note of a page, in the order in which pages count."""
        if not self._is_at_start:
            self._changed_in_walk |= self._total != page.total
        elif self._is_first:
            self._begin(page)
        self._is_at_start = False
        self._total = page.total
        self._look_at_times(page)

    def _begin(self, page: Page) -> None:
        newest = newest_time(page.stamps)
        self._began = self.certain_until = page.sent_at or newest
        if newest and self._began and page.is_dated and are_newest_first(page.stamps):
            # The clock of `Date` may be ahead of the one that the records have.
            self.certain_until = min(newest, self._began)

    def saw_order(self, *, is_shuffled: bool) -> None:
        """Take note of whether the server changed the order of equal times."""
        self._shuffled |= is_shuffled

    def saw_border(self, border: Border) -> None:
        """Take note of the border of two pages, when all was done to make it whole."""
        self._has_long_run |= border.is_in_long_run
        if not border.is_whole:
            self._believed |= border.is_out_of_reach
            self._loose |= not border.is_out_of_reach

    def _look_at_times(self, page: Page) -> None:
        fresh = self._fresh(page)
        if fresh is not None and fresh - self._known_fresh:
            self._changed_in_walk = True
            self._disordered |= page.number > 0
        self._fresh_in_walk |= fresh or set()
        is_one_of_many = page.number > 0 or page.has_next
        if is_one_of_many and page.stamps:
            is_in_order = not page.is_dated or are_newest_first(page.stamps)
            self._unsorted |= fresh is None or not is_in_order

    def _fresh(self, page: Page) -> set[tuple[Hashable, t.Any]] | None:
        """Return the records changed since the walk began; None where nothing tells.

        They are the next sync's matter. One that was as fresh in an earlier walk is no
        sign of a change in this one: its time may be wrong, and in the future.
        """
        newest = newest_time(page.stamps)
        if newest is None or self._began is None:
            return None
        if newest < self._began:
            return set()
        return {
            (key, stamp)
            for key, stamp in zip(page.keys, page.stamps, strict=False)
            if (time := parse_time(stamp)) is not None and time >= self._began
        }

    def conclude(self, *, missing: int) -> None:
        """Judge the walk that has ended.

        Args:
            missing: How many records of the server were not seen.
        """
        self._changed |= self._changed_in_walk
        self._loose |= self._believed and missing > 0
        self._loose |= self._shuffled and (self._believed or self._has_long_run)
        loose = self._loose and (self._changed or missing > 0)
        if self._is_first:
            disordered = self._disordered or (self._unsorted and self._changed)
            self.in_doubt = loose or disordered
        elif self.in_doubt:
            self.in_doubt = loose
        self._is_first = False
        self._begin_walk()
