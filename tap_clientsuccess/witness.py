"""Whether what a walk saw can be trusted, where the server does not keep its order.

`paging` relies on a search that is sorted newest first, and always in the same way.
These show that a server does otherwise:

- *No order.* A record changed since the walk began stands on a page that is not the
  first. Newest first would never put it there; so inserts and edits go anywhere, and an
  insert may have hidden a delete from the total.
- *Ties in any order.* Records of equal time come in another order each time. Read one
  at a time, pages that share a run of equal times are made whole (see `ties`); several
  at once were not, and a run that cannot be made whole is loose.

Such a walk is in doubt, and all is walked again, one page at a time. A walk settles the
doubt when it is whole by its own count and nothing changed in it. It also does when
nothing was loose in it and, where there is no order, it brings no record that an
earlier walk should have brought.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.keys import KeySet
from tap_clientsuccess.times import newest_time, parse_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from tap_clientsuccess.paging import Page
    from tap_clientsuccess.ties import Border


class Witness:
    """Looks at the pages of a walk, and of those that repeat it.

    Attributes:
        in_doubt: Whether records may have slipped through.
        began: When the first walk began, by the server's clock, or what the first page
            tells of it; None where it tells nothing.
    """

    def __init__(self) -> None:
        self.in_doubt = False
        self.began: dt.datetime | None = None
        self._walks = 0
        self._changed = False
        self._disordered = False
        self._shuffled = False
        self._known_fresh: set[tuple[Hashable, t.Any]] = set()
        self._fresh_in_walk: set[tuple[Hashable, t.Any]] = set()
        self._begin_walk()

    def _begin_walk(self) -> None:
        self._keys = KeySet()
        self._records = 0
        self._known_fresh |= self._fresh_in_walk
        self._changed_in_walk = False
        self._loose = False
        self._believed = False
        self._before: Page | None = None

    def saw(self, page: Page) -> None:
        """Take note of a page, in the order in which pages count."""
        if self._before is None:
            self.began = self.began or page.sent_at or newest_time(page.stamps)
        else:
            self._changed_in_walk |= self._before.total != page.total
        self._keys.add(page.keys)
        self._records += len(page.records)
        self._look_at_times(page)
        self._before = page

    def saw_border(self, border: Border) -> None:
        """Take note of the border of two pages, when all was done to make it whole."""
        self._shuffled |= border.is_shuffled
        if not border.is_whole:
            is_believed = border.is_out_of_reach and not self._shuffled
            self._believed |= is_believed
            self._loose |= not is_believed

    def _look_at_times(self, page: Page) -> None:
        if not page.stamps:
            return
        fresh = self._fresh(page)
        if fresh is None or fresh - self._known_fresh:
            self._changed_in_walk = True
            self._disordered |= page.number > 0
        self._fresh_in_walk |= fresh or set()

    def _fresh(self, page: Page) -> set[tuple[Hashable, t.Any]] | None:
        """Return the records changed since the walk began; None where nothing tells.

        They are the next sync's matter. One that was as fresh in an earlier walk is no
        sign of a change in this one: its time may be wrong, and in the future.
        """
        newest = newest_time(page.stamps)
        if newest is None or self.began is None:
            return None
        if newest < self.began:
            return set()
        return {
            (key, stamp)
            for key, stamp in zip(page.keys, page.stamps, strict=False)
            if (time := parse_time(stamp)) is not None and time >= self.began
        }

    def conclude(self, *, total: int | None, missing: int) -> None:
        """Judge the walk that has ended.

        Args:
            total: How many records the server has, by its last word.
            missing: How many of them were not seen.
        """
        self._walks += 1
        self._changed |= self._changed_in_walk
        self._loose |= self._believed and missing > 0
        if self._walks == 1:
            loose = self._loose and (self._changed or missing > 0)
            self.in_doubt = self._disordered or loose
        elif self.in_doubt:
            self.in_doubt = not self._is_settled(total, missing)
        self._begin_walk()

    def _is_settled(self, total: int | None, missing: int) -> bool:
        if not self._changed_in_walk and len(self._keys) == self._records == total:
            return True
        return not (self._loose and (self._changed or missing))
