"""Whether what a walk saw can be trusted, where the server does not keep its order.

`paging` relies on a search that is sorted newest first, and always in the same way.
Two things show that a server does otherwise:

- A record changed since the walk began stands on a page that is not the first. Newest
  first would never put it there; so inserts and edits go anywhere, and an insert may
  have hidden a delete from the total.
- A record of the page before stands on the next one, and not at its head. What is
  pushed to the right arrives there, in order; anything else means that equal times
  come in another order each time. Then records slip through between two pages, and
  where others are deleted meanwhile, the count at the end does not tell.

Such a walk is in doubt, and all is walked again. A walk settles the doubt when it is
whole by its own count and nothing changed in it; a doubt of the first kind also when
it brings no record that an earlier walk should have brought, and one of the second
kind also when nothing has changed at all.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.keys import KeySet
from tap_clientsuccess.times import newest_time, parse_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from tap_clientsuccess.paging import Page


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
        self._late = 0
        self._known_fresh |= self._fresh_in_walk
        self._changed_in_walk = False
        self._before: Page | None = None

    def saw(self, page: Page, new: int) -> None:
        """Take note of a page, in the order in which pages count.

        Args:
            page: The page.
            new: How many of its keys no walk had seen.
        """
        if self._before is None:
            self.began = self.began or page.sent_at or newest_time(page.stamps)
        else:
            self._changed_in_walk |= self._before.total != page.total
            self._shuffled |= _is_shuffled(self._before, page)
        self._keys.add(page.keys)
        self._records += len(page.records)
        self._look_at_times(page, new)
        self._before = page

    def _look_at_times(self, page: Page, new: int) -> None:
        if not page.stamps:
            return
        fresh = self._fresh(page)
        if fresh is None or fresh - self._known_fresh:
            self._changed_in_walk = True
            self._disordered |= page.number > 0
        self._late += max(0, new - len(fresh or ()))
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
        if self._walks == 1:
            shuffled = self._shuffled and (self._changed or missing > 0)
            self.in_doubt = self._disordered or shuffled
        elif self.in_doubt:
            self.in_doubt = not self._is_settled(total, missing)
        self._begin_walk()

    def _is_settled(self, total: int | None, missing: int) -> bool:
        if not self._changed_in_walk and len(self._keys) == self._records == total:
            return True
        if self._shuffled and (self._changed or missing):
            return False
        return not self._late


def _is_shuffled(before: Page, page: Page) -> bool:
    """Tell whether a page repeats records in a way that no shift to the right does."""
    if before.number + 1 != page.number:
        return False
    places = {key: place for place, key in enumerate(before.keys)}
    repeated = [places[key] for key in page.keys if key in places]
    head = [places.get(key) for key in page.keys[: len(repeated)]]
    return head != sorted(repeated)
