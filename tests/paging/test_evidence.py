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
