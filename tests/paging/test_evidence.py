"""What one page proves about the server."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from server_model import DAY, MILLISECOND, SECOND, START

from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.page import Page, PageRequest

if t.TYPE_CHECKING:
    import datetime as dt

NOON = START + DAY / 2
AFTER = NOON + 500 * MILLISECOND


def page(*times: dt.datetime | None, last: bool = True) -> Page:
    keys = range(len(times))
    return Page(0, list(keys), list(keys), list(times), last=last, sent_at=NOON)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (page(AFTER + SECOND, AFTER), "does not sort"),
        (page(START - DAY, AFTER), "does not filter"),
        (page(None, None), "do not show"),
        (page(last=False), "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_page_that_is_not_by_time(bad: Page, why: str) -> None:
    with pytest.raises(NotByTimeError, match=why):
        Evidence().check(bad, PageRequest(after=AFTER))


@pytest.mark.parametrize(
    ("oldest", "unit"),
    [(AFTER, MILLISECOND), (NOON, SECOND), (START, DAY)],
    ids=["millisecond", "second", "day"],
)
def test_how_coarse_the_filter_is(oldest: dt.datetime, unit: dt.timedelta) -> None:
    evidence = Evidence()
    evidence.check(page(oldest, AFTER), PageRequest(after=AFTER))
    assert evidence.unit == unit


def test_a_newest_first_page_that_is_not() -> None:
    with pytest.raises(NotByTimeError, match="does not sort"):
        Evidence().check(page(NOON, AFTER), PageRequest(newest_first=True))


@pytest.mark.parametrize(("pairs", "is_enough"), [(19, False), (20, True)])
def test_how_many_records_in_order_are_enough(pairs: int, *, is_enough: bool) -> None:
    evidence = Evidence()
    evidence.check(page(*(START + n * SECOND for n in range(pairs + 1))), PageRequest())
    assert evidence.is_enough is is_enough


def test_the_order_of_ties_shows_oldest_first_among_records_with_a_time() -> None:
    evidence = Evidence()
    for _ in range(5):
        evidence.check(page(*[NOON] * 6), PageRequest())
    assert evidence.orders_ties
    backwards = replace(page(NOON, NOON), keys=[2, 1])
    evidence.check(backwards, PageRequest(newest_first=True))
    evidence.check(replace(page(None, None, NOON), keys=[2, 1, 3]), PageRequest())
    assert evidence.orders_ties
    evidence.check(backwards, PageRequest())
    assert not evidence.orders_ties


def test_ties_without_a_key_have_no_order() -> None:
    evidence = Evidence()
    evidence.check(replace(page(NOON, NOON), keys=[None, None]), PageRequest())
    assert not evidence.orders_ties


def of(*pairs: tuple[t.Any, int | None]) -> Page:
    """Return a page of keys, and times in seconds."""
    keys = [key for key, _ in pairs]
    times = [None if time is None else START + time * SECOND for _, time in pairs]
    return Page(0, keys, keys, times, last=True, sent_at=NOON)


@pytest.mark.parametrize(
    ("shown", "is_known"),
    [
        (of(), True),
        # Too few, whatever else is on the page.
        (of((1, 5), (2, 5)), False),
        (of(*((n, n) for n in range(25)), (25, 24)), False),
        (of(*((n, None) for n in range(25)), (25, 5), (26, 5)), False),
        (of(*((n, 5) for n in range(20))), False),
        (of(*((n, 5) for n in range(21))), True),
        (of(*((n, 5) for n in range(21)), (20, 5)), False),
        (of(*((n, 5) for n in range(21)), ("a", 5)), False),
        (of(*((n, 5) for n in range(21)), (0, 5)), False),
    ],
    ids=str,
)
def test_how_many_ties_show_their_order(shown: Page, *, is_known: bool) -> None:
    evidence = Evidence()
    evidence.check(shown, PageRequest())
    assert evidence.orders_ties is is_known


@pytest.mark.parametrize(("number", "is_bad"), [(0, True), (1, False)])
def test_an_empty_page_is_bad_if_it_is_the_first_of_some(
    number: int, *, is_bad: bool
) -> None:
    empty = replace(page(), number=number, total=5)
    if is_bad:
        with pytest.raises(NotByTimeError, match="empty"):
            Evidence().check(empty, PageRequest(number))
    else:
        Evidence().check(empty, PageRequest(number))
