"""Records that a filter by time cannot tell apart, where they fill more than a page."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.evidence import NotByTimeError

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator

    from tap_clientsuccess.paging.page import Page

DEPTH = 10_000
"""Search engines often refuse to go deeper than so many records."""

_PASSES = 6


def is_longer_than(page: Page, end: dt.datetime) -> bool:
    """Tell whether a page is full of records of times before the end."""
    return page.has_next and count_before(page, end) == len(page.records)


def count_before(page: Page, end: dt.datetime) -> int:
    """Return how many records of a sorted page are of times before the end."""
    return sum(time is None or time < end for time in page.times)


T = t.TypeVar("T")


def read_group(
    page: Page,
    end: dt.datetime,
    fetch: Callable[[int], Page],
    take: Callable[[Page], T],
) -> Generator[T, None, tuple[Page, bool]]:
    """Read page by page all records of times before the end.

    No record can join them, as a change gives it a later time; they can only become
    fewer, and then the places of the others shift. So they are read until two passes
    find the same number of places taken, hence nothing shifted in between, and as many
    distinct records were seen since as there are places.

    Args:
        page: The first page; see `is_longer_than`.
        end: The time that ends the group.
        fetch: Fetches a page by its number.
        take: Makes of a page what is yielded.

    Yields:
        The pages that were read, as `take` makes them.

    Returns:
        The page that reaches beyond the group without a gap, or ends the list; and
        whether all of the group was read for certain.

    Raises:
        NotByTimeError: The group is longer than a search reaches.
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
            raise NotByTimeError("records of one time have no key")
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
        The page on which it ends, the keys of its records, and how many places they
        take up.
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
        # Its end is between two pages, or was. The page before tells, asked again: if
        # it is still full, nothing shifted, and this page is what follows it.
        before = fetch(number - 1)
        number, inside = number - 1, count_before(before, end)
        if inside == len(before.records):
            members.update(before.keys)
            yield take(before)
        else:
            page = before
    members.update(page.keys[: count_before(page, end)])
    yield take(page)
    return page, members, number * size + inside


def _check_depth(page: Page, number: int, size: int) -> None:
    if (number + 1) * size > DEPTH:
        raise NotByTimeError("too many records are of one time")
    if page.total is not None and number * size > page.total:
        raise NotByTimeError("there are more pages than the server counts")
