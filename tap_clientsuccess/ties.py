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
from dataclasses import dataclass, replace

from tap_clientsuccess.times import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from tap_clientsuccess.paging import Page

_ATTEMPTS = 3
_PLAIN = 10
"""Records of a run that must be seen to tell a shuffle from a shift."""


class Place(t.NamedTuple):
    """A page to ask for: its number, and records to a page."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one time, on both sides of a border.

    Attributes:
        begin: The place of the first of them in the search, from 0.
        end: The place behind the last of them.
        stamp: Their time, as the server writes it; None where it does not show it.
        repeated: The keys of those that came twice. Where the time is not shown, these
            are all that is known of the run.
    """

    begin: int
    end: int
    stamp: t.Any
    repeated: frozenset[Hashable]

    def places(self, size: int) -> list[Place]:
        """Return pages that have the whole run on them, and one record at either end.

        Args:
            size: Records that a page may have at most.

        Returns:
            A few, those first in which the run may move the farthest; none where the
            run is too long for a page.
        """
        found = []
        for smaller in range(size, self.end - self.begin + 1, -1):
            number = (self.begin - 1) // smaller
            room = (number + 1) * smaller - self.end - 1
            if room >= 0:
                slack = min(self.begin - 1 - number * smaller, room)
                found.append((slack, Place(number, smaller)))
        return [place for _, place in sorted(found, reverse=True)[:_ATTEMPTS]]

    def places_in(self, page: Page) -> list[int]:
        """Return where on a page its records are, from 0."""
        if self.stamp is None or not page.tells_all:
            return [n for n, key in enumerate(page.keys) if key in self.repeated]
        return [n for n, stamp in enumerate(page.stamps) if stamp == self.stamp]

    def keys_in(self, page: Page) -> list[Hashable]:
        """Return the keys of its records on a page, in order."""
        return [page.keys[place] for place in self.places_in(page)]

    def is_whole_in(self, page: Page) -> bool:
        """Tell whether a page has all of it: it shows what is at both ends."""
        places = self.places_in(page)
        if not places:
            return self._is_passed_by(page)
        is_begun = places[0] > 0 or page.number == 0
        return is_begun and (places[-1] + 1 < len(page.keys) or not page.has_next)

    def _is_passed_by(self, page: Page) -> bool:
        """Tell whether a page shows that nothing of it is left."""
        if not page.tells_all:
            return False
        newest, time, oldest = map(
            parse_time, (page.stamps[0], self.stamp, page.stamps[-1])
        )
        if newest is None or time is None or oldest is None:
            return False
        return newest > time > oldest


class Border:
    """The border of two pages, and whether a record may have slipped through it.

    Attributes:
        places: Pages to ask for, one after another until the border is whole. None
            where nothing speaks against it, or the run is too long for a page.
        is_whole: Whether nothing slipped through.
        is_out_of_reach: Whether the run cannot be had on one page: it is longer, or the
            server does not heed the size. A long one shows plainly when it is shuffled.
        is_shuffled: Whether the server was seen to change the order of equal times.
    """

    def __init__(self, before: Page, page: Page, size: int) -> None:
        """Look at a border.

        Args:
            before: A page.
            page: The one behind it, read later.
            size: Records to a page.
        """
        self.is_shuffled = _is_shuffled(before, page)
        self.is_out_of_reach = False
        self.places: list[Place] = []
        self._run = _torn_run(before, page, size)
        self.is_whole = self._run is None
        if self._run:
            self._shown = [self._run.keys_in(each) for each in (before, page)]
            self.is_out_of_reach = self._run.end - self._run.begin > max(size, _PLAIN)
            self.places = self._run.places(size)

    def saw(self, page: Page, place: Place) -> None:
        """Look at a page that was asked for.

        Args:
            page: The page.
            place: What was asked for.
        """
        if self._run is None:
            return
        self.is_out_of_reach |= len(page.records) > place.size
        self.is_whole = self._run.is_whole_in(page)
        keys = self._run.keys_in(page)
        self.is_shuffled |= not all(_are_in_order(keys, each) for each in self._shown)
        self.is_shuffled |= not set(keys) <= set().union(*self._shown)


def _torn_run(before: Page, page: Page, size: int) -> Run | None:
    """Return the run that two pages share, if a record of it came twice.

    None also where one page shows the whole of it. Where it is not shown what the
    search is sorted by, each record that came twice may be of such a run.
    """
    repeated = frozenset(before.keys).intersection(page.keys)
    if not repeated or before.number + 1 != page.number:
        return None
    tells_all = before.tells_all and page.tells_all
    run = Run(0, 0, before.stamps[-1] if tells_all else None, repeated)
    ours, theirs = run.places_in(before), run.places_in(page)
    if not theirs or repeated.isdisjoint(before.keys[place] for place in ours):
        return None
    run = replace(
        run,
        begin=before.number * size + ours[0],
        end=page.number * size + theirs[-1] + 1,
    )
    return None if run.is_whole_in(page) else run


def _are_in_order(one: Sequence[Hashable], other: Sequence[Hashable]) -> bool:
    """Tell whether the keys that two sequences share follow in the same order."""
    shared = set(one) & set(other)
    ours = [key for key in one if key in shared]
    return ours == [key for key in other if key in shared]


def _is_shuffled(before: Page, page: Page) -> bool:
    """Tell whether a page repeats records in a way that no shift to the right does.

    What is pushed to the right arrives at the head of the next page, in order: the last
    ones of the page before.
    """
    if before.number + 1 != page.number:
        return False
    seen = set(before.keys)
    repeated = [key for key in page.keys if key in seen]
    count = len(repeated)
    return repeated != list(page.keys[:count]) or repeated != list(
        before.keys[len(before.keys) - count :]
    )
