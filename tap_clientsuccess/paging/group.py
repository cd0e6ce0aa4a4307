"""Records whose times the filter cannot tell apart, if they fill more than a page."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.evidence import NotByTimeError

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator

    from tap_clientsuccess.paging.page import Page

DEPTH = 10_000
"""Search engines often refuse to page deeper than this many records."""

_PASSES = 6


def is_longer_than(page: Page, end: dt.datetime) -> bool:
    """Tell whether all records of a full page are older than the end."""
    return page.has_next and count_before(page, end) == len(page.keys)


def count_before(page: Page, end: dt.datetime) -> int:
    """Return how many records of a sorted page are older than the end."""
    return sum(time is None or time < end for time in page.times)


T = t.TypeVar("T")


def read_group(
    page: Page,
    end: dt.datetime,
    fetch: Callable[[int], Page],
    take: Callable[[Page], T],
) -> Generator[T, None, tuple[Page, bool]]:
    """Read all records older than the end, page by page.

    No record can join the group, as a change gives it a later time. Records can only
    leave, which shifts the others. So the group is read again until two passes find it
    equally long, which proves that nothing shifted, and as many distinct records were
    seen as it is long.

    Args:
        page: The first page; see `is_longer_than`.
        end: The time that ends the group.
        fetch: Fetches a page by its number.
        take: Turns a page into what is yielded.

    Yields:
        What `take` returns for each page.

    Returns:
        The page that reaches beyond the group without a gap, or ends the list; and
        whether the whole group was certainly read.

    Raises:
        NotByTimeError: The group is longer than `DEPTH`.
    """
    places = 0
    seen: set[t.Any] = set()
    for number_of_pass in range(_PASSES):
        if number_of_pass:
            page = fetch(0)
        if not is_longer_than(page, end):
            return page, True  # All are on one page.
        places_before = places
        page, members, places = yield from _read_pass(page, end, fetch, take)
        if None in members:
            raise NotByTimeError("records with the same time have no key")
        seen = seen | members if places == places_before else set()
        if len(seen) == places:
            return page, True
    return page, False


def _read_pass(
    page: Page,
    end: dt.datetime,
    fetch: Callable[[int], Page],
    take: Callable[[Page], T],
) -> Generator[T, None, tuple[Page, set[t.Any], int]]:
    """Read the group once; see `read_group`.

    Returns:
        The page on which it ends, the keys of its records, and its length.
    """
    members: set[t.Any] = set()
    number, size = 0, page.full_size
    while is_longer_than(page, end):
        members.update(page.keys)
        yield take(page)
        number += 1
        _check_depth(page, number, size)
        page = fetch(number)
    inside = count_before(page, end)
    if not inside:
        # The group ends (or ended) between two pages. Request the previous one again:
        # if it is still full, nothing shifted, and this page follows it.
        before = fetch(number - 1)
        number, inside = number - 1, count_before(before, end)
        if inside == len(before.keys):
            members.update(before.keys)
            yield take(before)
        else:
            page = before
    members.update(page.keys[: count_before(page, end)])
    yield take(page)
    return page, members, number * size + inside


def _check_depth(page: Page, number: int, size: int) -> None:
    if (number + 1) * size > DEPTH:
        raise NotByTimeError("too many records have the same time")
    if page.total is not None and number * size > page.total:
        raise NotByTimeError("there are more pages than the server counts")
