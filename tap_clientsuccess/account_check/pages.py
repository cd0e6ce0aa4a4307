"""What pages show of a search: its size, its order, its filter."""

from __future__ import annotations

import datetime as dt
import typing as t

from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.page import FURTHER_BACK, floor

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page

_DAY = dt.timedelta(days=1)


def goes_on(page: Page) -> bool | None:
    """Tell whether more records follow the first page; None if it does not say so."""
    if page.total is not None:
        return page.total > len(page.keys)
    last = page.is_said_to_be_last
    return None if last is None else not last


def first_page(zero: Page | None, one: Page) -> int | None:
    """Return the number of the first page.

    Args:
        zero: Page 0, if it can be read.
        one: Page 1, of one record.
    """
    if not one.keys or (zero and len(zero.keys) < 2):  # noqa: PLR2004
        return None
    return {zero.keys[1]: 0, zero.keys[0]: 1}.get(one.keys[0]) if zero else 1


def sorts(page: Page, *, newest_first: bool) -> bool | None:
    """Tell whether a page is sorted by time, with the evidence that a read asks for."""
    evidence = Evidence()
    if not any(page.times):
        return None
    try:
        evidence.check(page, None, newest_first=newest_first)
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
    """Tell whether a record of a time passed a filter that no later one matters to.

    Args:
        page: The first page that passed the filter.
        time: The record's time.
        is_sorted: Whether the search sorts.
    """
    if page.oldest and page.oldest <= time:
        return True
    if page.keys and page.oldest is None:
        return None
    return False if is_sorted or not page.goes_on() else None
