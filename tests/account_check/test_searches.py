"""How a filter compares, and how deep a search reads, without HTTP."""

from __future__ import annotations

import datetime as dt
import random
import typing as t
from itertools import product

import pytest

from tap_clientsuccess.account_check.filters import UNITS, Question, Way, Ways
from tap_clientsuccess.account_check.pages import Depth, Reply, find_depth
from tap_clientsuccess.paging.page import Page

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
MOST_QUESTIONS = 20


def times(seed: int = 1) -> list[dt.datetime]:
    chance = random.Random(seed)  # noqa: S311
    seconds = (chance.random() * 1e7 for _ in range(200))
    return sorted((START + dt.timedelta(seconds=s) for s in seconds), reverse=True)


def settle(
    passes: t.Callable[[Question], bool],
    seed: int = 1,
    likely: Way | None = None,
) -> tuple[Way | None, int]:
    """Answer all questions; return the way that was found, and how many they were."""
    ways, asked = Ways(times(seed), likely), 0
    while question := ways.question():
        asked += 1
        ways.learn(question, passes=passes(question))
    return ways.likeliest, asked


@pytest.mark.parametrize(
    ("precision", "inclusive", "zone"),
    [*product(UNITS, (True, False), (0.0, 2.0, -5.0, 5.5, -12.0))],
)
def test_the_way_is_found(precision: str, zone: float, *, inclusive: bool) -> None:
    true = Way(precision, inclusive, zone)

    def passes(question: Question) -> bool:
        return question.after <= true.latest(question.time)

    found, asked = settle(passes)
    assert found == true
    assert asked <= MOST_QUESTIONS
    # Another search of the account most likely does the same.
    found, asked = settle(passes, 2, likely=true)
    assert found == true
    assert asked <= 8


def test_what_no_way_explains() -> None:
    newest, *_ = times()
    hidden = newest - dt.timedelta(minutes=7)  # as if it filtered by something else
    found, _ = settle(lambda question: question.after <= hidden)
    assert found is None


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

    def read(self, asked: int) -> Reply:
        self.asked += 1
        place = asked if asked >= 0 else -1 - asked
        is_deep = place >= self.depth < self.count
        if is_deep and self.beyond.isdigit():
            return Reply(None, int(self.beyond))
        if is_deep and self.beyond == "repeat":
            place = self.depth - 1
        is_there = place < self.count and not (is_deep and self.beyond == "empty")
        if asked < 0:
            place = self.count - 1 - place
        keys = [place] * is_there
        moments = [START + dt.timedelta(hours=place)] * is_there
        page = Page(place, keys, keys, moments, total=self.total, sent_at=START)
        return Reply(page, 200)

    def search(self, *, sorts: bool = True, likely: int | None = None) -> Depth:
        return find_depth(self.read, self.total, 200, sorts=sorts, likely=likely)


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
    # The other end has to reach the deepest record: it has a place there, too.
    assert search.total == ("exact" if sorts and depth > account.count / 2 else None)
    assert account.asked <= 20
    again = Account(12_000, depth=depth, beyond=beyond)
    assert again.search(sorts=sorts, likely=depth).reads_to == depth
    assert again.asked <= 7


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
    assert (search.total, search.reads_to, search.missing) == ("inexact", None, 50)


def test_a_total_of_fewer_than_there_are() -> None:
    for sorts in (True, False):
        search = Account(3000, total=2999).search(sorts=sorts)
        assert (search.total, search.reads_to) == ("inexact", None)
