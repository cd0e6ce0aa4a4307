"""Runs of equal times that two pages share, where a server may mix them anew each time.

Where a search does not say how records of equal time follow one another, a server may
order them differently at each request. Then one that stood behind the border of two
pages may come before it once the page before was read, and never be seen. Where that
happens and nothing was deleted from under the two reads, another record of the run is
seen twice. An edit elsewhere looks the same, and so every such run is read again in one
piece: a page of another size, somewhere around it, has its two ends on it.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from tap_clientsuccess.pages import PageRequest

if t.TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_clientsuccess.pages import Page

_ATTEMPTS = 3
_PLAIN = 10
"""Records of a run that must be seen to tell a shuffle from a shift."""


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one time.

    Attributes:
        stamp: Their time, as the server writes it; None where it does not show it.
        repeated: The keys of those that came twice. Where the time is not shown, these
            are all that is known of the run.
    """

    stamp: t.Any
    repeated: frozenset[Hashable]

    def places_on(self, page: Page) -> list[int]:
        """Return where on a page its records are, from 0."""
        if self.stamp is None or not page.tells_all:
            return [n for n, key in enumerate(page.keys) if key in self.repeated]
        return [n for n, stamp in enumerate(page.stamps) if stamp == self.stamp]

    def is_whole_on(self, page: Page) -> bool:
        """Tell whether a page has all of it: it shows what is at both ends."""
        places = self.places_on(page)
        if not places:
            return False
        is_begun = places[0] > 0 or page.number == 0
        return is_begun and (places[-1] + 1 < len(page.keys) or not page.has_next)


class Border:
    """The border of two pages, and whether a record may have slipped through it.

    Attributes:
        requests: Pages to ask for, one after another until the border is whole. None
            where nothing speaks against it, or the run is too long for a page.
        is_whole: Whether nothing slipped through.
        is_out_of_reach: Whether it is not whole because the run is too long for a page.
            Then it shows plainly when it is shuffled.
        is_in_long_run: Whether one of the pages has nothing else than the run.
        is_shuffled: Whether the server was seen to change the order of equal times.
    """

    def __init__(
        self, before: Page, page: Page, size: int, *, deleted: bool = False
    ) -> None:
        """Look at a border.

        Args:
            before: A page.
            page: The one behind it, read later.
            size: Records to a page.
            deleted: Whether records were deleted in between. Then some may have slipped
                through although none came twice.
        """
        repeated = _repeated(before, page)
        self.is_shuffled = _is_shuffled(repeated, before, page)
        self.is_in_long_run = _is_in_long_run(before, page)
        self.is_out_of_reach = False
        self.requests: list[PageRequest] = []
        self._run = _torn_run(repeated, before, page, deleted=deleted)
        self.is_whole = self._run is None
        if self._run:
            first = min(self._run.places_on(before), default=len(before.keys))
            begin = before.number * size + first
            end = page.number * size + self._run.places_on(page)[-1] + 1
            self.is_out_of_reach = end - begin > max(size, _PLAIN)
            self.requests = _requests_around(begin, end, size)

    def saw(self, page: Page) -> None:
        """Look at a page that was asked for."""
        if self._run:
            self.is_whole = self._run.is_whole_on(page)


def _repeated(before: Page, page: Page) -> list[Hashable]:
    """Return the keys that came on a page and on the next, in their order there."""
    seen = set(before.keys)
    return [key for key in page.keys if key in seen]


def _is_shuffled(repeated: list[Hashable], before: Page, page: Page) -> bool:
    """Tell whether records were repeated in a way that no shift to the right does.

    What is pushed to the right arrives at the head of the next page, in order: the last
    ones of the page before.
    """
    count = len(repeated)
    tail = list(before.keys[len(before.keys) - count :])
    return not (repeated == tail == list(page.keys[:count]))


def _is_in_long_run(before: Page, page: Page) -> bool:
    if not (before.tells_all and page.tells_all):
        return False
    stamp = page.stamps[0]
    is_shared = bool(before.stamps[-1] == stamp)
    return is_shared and stamp in {before.stamps[0], page.stamps[-1]}


def _torn_run(
    repeated: list[Hashable], before: Page, page: Page, *, deleted: bool
) -> Run | None:
    """Return the run that two pages share, if a part of it may have slipped through.

    None also where one page shows the whole of it. Where it is not shown what the
    search is sorted by, each record that came twice may be of such a run.
    """
    is_shown = before.tells_all and page.tells_all
    deleted = deleted and is_shown
    if not repeated and not deleted:
        return None
    stamp = before.stamps[-1] if is_shown else None
    if deleted and page.stamps[0] == page.stamps[-1]:
        # It may reach into the page before by now.
        stamp = page.stamps[0]
    run = Run(stamp, frozenset(repeated))
    came = {before.keys[place] for place in run.places_on(before)}
    came_again = {page.keys[place] for place in run.places_on(page)}
    is_torn = came_again if deleted else came & came_again
    is_whole = is_shown and run.is_whole_on(page)
    return run if is_torn and not is_whole else None


def _requests_around(begin: int, end: int, size: int) -> list[PageRequest]:
    """Return pages that have a run on them, and one record at either end.

    Args:
        begin: The place of its first record in the search, from 0.
        end: The place behind its last one.
        size: Records that a page may have at most.

    Returns:
        A few, those first in which the run may move the farthest; none where it is too
        long for a page.
    """
    found = []
    for smaller in range(size, max(0, end - begin) + 1, -1):
        number = (begin - 1) // smaller
        room = (number + 1) * smaller - end - 1
        if room >= 0:
            slack = min(begin - 1 - number * smaller, room)
            found.append((slack, PageRequest(number, smaller)))
    return [request for _, request in sorted(found, reverse=True)[:_ATTEMPTS]]
