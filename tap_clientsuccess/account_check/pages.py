"""What pages show of a search: its size, its order, its filter, its depth.

The depth is asked a record at a time. The total is true if the deepest record has the
place from the other end that follows from it, which needs a search that sorts, and no
record beyond.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

from tap_clientsuccess.account_check.facts import said
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.page import DEPTH, FURTHER_BACK, ROUND, PageRequest, floor

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page

_DAY = dt.timedelta(days=1)


def goes_on(page: Page) -> bool | None:
    """Tell whether more records follow the first page; None if it does not say so."""
    if page.total is not None:
        return page.total > len(page.keys)
    return None if page.last is None else not page.last


def first_page(zero: Page | None, one: Page) -> int | None:
    """Return the number of the first page, from page 0 and page 1 of one record."""
    if not one.keys or (zero and len(zero.keys) < 2):  # noqa: PLR2004
        return None
    return {zero.keys[1]: 0, zero.keys[0]: 1}.get(one.keys[0]) if zero else 1


def sorts(page: Page, *, newest_first: bool) -> bool | None:
    """Tell whether a page is sorted by time, with the evidence that a read asks for."""
    evidence = Evidence()
    if not any(page.times):
        return None
    try:
        evidence.check(page, PageRequest(newest_first=newest_first))
    except NotByTimeError:
        return False
    return True if evidence.is_enough else None


def sorts_all(oldest: Page, newest: Page) -> tuple[bool | None, bool | None]:
    """Tell whether a search sorts, oldest first and newest first.

    Each page alone may be sorted, and not what is on which: then neither is.
    """
    answers = sorts(oldest, newest_first=False), sorts(newest, newest_first=True)
    if oldest.newest and newest.newest and oldest.newest > newest.newest:
        return (False, False) if False not in answers else answers
    return answers


def filters(page: Page, after: dt.datetime) -> bool:
    """Tell whether all records of a page may have passed a filter, in any zone."""
    return page.oldest is None or page.oldest >= floor(after - FURTHER_BACK, _DAY)


def passes(page: Page, time: dt.datetime, *, is_sorted: bool) -> bool | None:
    """Tell whether a record of this time passed a filter, from its first page."""
    if page.oldest and page.oldest <= time:
        return True
    if page.keys and page.oldest is None:
        return None
    return False if is_sorted or not page.goes_on() else None


class Reply(t.NamedTuple):
    """What came: the page of one record, or None and the status."""

    page: Page | None
    status: int | None = None

    @property
    def key(self) -> t.Any:
        """The record's key; None without a record."""
        return self.page.keys[0] if self.page and self.page.keys else None

    @property
    def kind(self) -> str:
        """What came instead of a new record, in a word."""
        if self.page:
            return "repeat" if self.page.keys else "empty"
        return said(self.status)

    def is_new(self, last: Reply) -> bool:
        """Tell whether a record came that is not the one at the last place."""
        return self.key is not None and self.key != last.key

    def is_as_old_as(self, other: Reply) -> bool:
        """Tell whether both are records of the same time."""
        times = [each.page and each.page.newest for each in (self, other)]
        return times[0] is not None and times[0] == times[1]


Ask = Callable[[int], Reply]
"""Asks for the record at a place: from 0 the oldest first, from -1 the newest first."""


class Depth(t.NamedTuple):
    """What was found.

    Attributes:
        total: Whether the total is exact, inexact or capped; None if that is open.
        reads_to: How many records it returns; None if all, or if that is open.
        beyond: What it answers further on: ``empty``, ``repeat``, or a status.
        missing: How many are counted and not there.
    """

    total: str | None = None
    reads_to: int | None = None
    beyond: str | None = None
    missing: int = 0


def find_depth(
    ask: Ask, total: int, known: int, *, sorts: bool = True, likely: int | None = None
) -> Depth:
    """Find out how deep a search reads; another one reads `likely` records.

    Of the `total` that the server counts, the first `known` are known to be returned.
    """
    last, following = ask(total - 1), ask(total)
    ends = last.key is None
    if not ends and following.key == last.key and total - 2 >= known:
        ends = not ask(total - 2).is_new(last)
    if ends:
        place, deepest = _deepest(ask, total, known, last, likely)
        found = Depth(None, place + 1, last.kind)
    elif following.is_new(last):
        return Depth("inexact" if total % ROUND else "capped")
    else:
        place, deepest, found = total - 1, last, Depth("exact")
    if not sorts:
        return found
    seen = _from_other_end(ask, total, place, deepest, found)
    return seen._replace(beyond=following.kind) if seen.total == "capped" else seen


def _from_other_end(
    ask: Ask, total: int, place: int, deepest: Reply, found: Depth
) -> Depth:
    """Compare the deepest record with what has its place, counted from the end."""
    if deepest.key is None and place >= 0:
        deepest = ask(place)
    if deepest.key is None:
        return found
    if deepest.is_as_old_as(ask(place - total)):
        return found._replace(total="exact")
    newest = ask(-1)
    if found.total is None:
        # The rest is counted and not there, if this is the newest.
        is_all = deepest.is_as_old_as(newest)
        return Depth("inexact", missing=total - 1 - place) if is_all else found
    # Was the newest record changed meanwhile, or is there more than is counted?
    return found if newest.is_as_old_as(ask(place)) else Depth("capped", total)


def _deepest(
    ask: Ask, total: int, known: int, last: Reply, likely: int | None
) -> tuple[int, Reply]:
    """Find the last place where something new is, and what is there."""
    # Where pages repeat, the first one that does is the last record itself.
    repeats = last.key is not None
    depths = [depth - repeats for depth in (likely, DEPTH) if depth]
    edges = [depth - before for depth in depths for before in (1, 0)]
    low, high, deepest = min(known, total) - 1, total - 1, Reply(None)
    while high - low > 1:
        likeliest = (place for place in edges if low < place < high)
        place = next(likeliest, (low + high) // 2)
        reply = ask(place)
        if reply.is_new(last):
            low, deepest = place, reply
        else:
            high = place
    return (high, last) if repeats else (low, deepest)
