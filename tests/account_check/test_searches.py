"""How a filter compares, and how deep a search reads, without HTTP."""

from __future__ import annotations

import datetime as dt
import random
import typing as t
from itertools import product

import pytest

from tap_clientsuccess.account_check.depth import DepthSearch
from tap_clientsuccess.account_check.filters import UNITS, FilterSearch, Way
from tap_clientsuccess.paging.page import Page

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
MOST_QUESTIONS = 16


def times(seed: int = 1) -> list[dt.datetime]:
    chance = random.Random(seed)  # noqa: S311
    seconds = (chance.random() * 1e7 for _ in range(200))
    return sorted((START + dt.timedelta(seconds=s) for s in seconds), reverse=True)


def settle(search: FilterSearch, true: Way) -> int:
    asked = 0
    while question := search.next():
        search.tell(question, passes=question.after <= true.latest(question.time))
        asked += 1
    return asked


@pytest.mark.parametrize(
    ("precision", "inclusive", "zone"),
    [*product(UNITS, (True, False), (0.0, 2.0, -5.0, 5.5, -12.0))],
)
def test_the_way_is_found(precision: str, zone: float, *, inclusive: bool) -> None:
    true = Way(precision, inclusive, zone)
    search = FilterSearch(times())
    assert settle(search, true) <= MOST_QUESTIONS
    assert search.way == true
    # Another search of the account most likely does the same.
    again = FilterSearch(times(2), likely=true)
    assert settle(again, true) <= 8
    assert again.way == true


def test_what_no_way_explains() -> None:
    search = FilterSearch(times())
    newest, *_ = times()
    hidden = newest - dt.timedelta(minutes=7)  # as if it filtered by something else
    while question := search.next():
        search.tell(question, passes=question.after <= hidden)
    assert not search.fits
    assert search.way is None


def test_without_records_there_is_nothing_to_ask() -> None:
    assert FilterSearch([]).next() is None


class Account:
    """A list of records, one an hour, as a server returns it."""

    def __init__(
        self,
        count: int,
        *,
        total: int | None = None,
        depth: int | None = None,
        beyond: str = "400",
    ) -> None:
        self.count = count
        self.total = count if total is None else total
        self.depth = depth or count
        self.beyond = beyond
        self.asked = 0

    def read(self, place: int) -> tuple[Page | None, int | None]:
        self.asked += 1
        is_deep = place >= self.depth < self.count
        if is_deep and self.beyond.isdigit():
            return None, int(self.beyond)
        if is_deep and self.beyond == "repeat":
            place = self.depth - 1
        is_there = place < self.count and not (is_deep and self.beyond == "empty")
        keys = [place] * is_there
        moments = [START + dt.timedelta(hours=place)] * is_there
        page = Page(place, keys, keys, moments, total=self.total, sent_at=START)
        return page, 200

    def search(self, *, sorts: bool = True, **how: t.Any) -> DepthSearch:
        newest = START + dt.timedelta(hours=self.count - 1) if sorts else None
        search = DepthSearch(self.total, known=200, newest=newest, **how)
        while (place := search.next()) is not None:
            search.tell(*self.read(place))
        return search


@pytest.mark.parametrize("sorts", [True, False])
def test_a_list_that_ends_where_its_total_does(*, sorts: bool) -> None:
    account = Account(3000)
    search = account.search(sorts=sorts)
    assert (search.total, search.reads_to, search.beyond) == ("exact", None, None)
    assert account.asked <= 3


@pytest.mark.parametrize("depth", [700, 2345, 10_000])
@pytest.mark.parametrize("beyond", ["400", "500", "empty", "repeat"])
@pytest.mark.parametrize("sorts", [True, False])
def test_a_list_that_is_not_read_to_its_end(
    depth: int, beyond: str, *, sorts: bool
) -> None:
    account = Account(12_000, depth=depth, beyond=beyond)
    search = account.search(sorts=sorts)
    assert (search.reads_to, search.beyond) == (depth, beyond)
    # The total is true if the record has the place from the end that follows from it.
    assert search.total is None
    assert search.deepest
    place, time = search.deepest
    assert place in {depth - 1, depth - 2}
    assert time == START + dt.timedelta(hours=place)
    assert account.asked <= 20
    again = Account(12_000, depth=depth, beyond=beyond)
    assert again.search(sorts=sorts, likely=depth).reads_to == depth
    assert again.asked <= 5


@pytest.mark.parametrize("beyond", ["400", "empty", "repeat"])
def test_a_total_that_counts_no_further(beyond: str) -> None:
    account = Account(12_000, total=10_000, depth=10_000, beyond=beyond)
    search = account.search()
    assert (search.total, search.reads_to) == ("capped", 10_000)
    assert search.beyond == beyond


def test_a_total_that_counts_no_further_than_it_reads() -> None:
    search = Account(12_000, total=10_000).search()
    assert (search.total, search.reads_to) == ("capped", None)


def test_a_total_of_more_than_there_is() -> None:
    search = Account(3000, total=3050).search()
    assert (search.total, search.reads_to) == ("inexact", None)


def test_a_total_of_fewer_than_there_are() -> None:
    search = Account(3000, total=2999).search(sorts=False)
    assert (search.total, search.reads_to) == ("inexact", None)
