from __future__ import annotations

import datetime as dt
import typing as t
from functools import partial

import pytest
from answers import page, walk_over
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_clientsuccess.pages import Page, PageRequest
from tap_clientsuccess.paging import MAX_WALKS, Walk


@pytest.mark.parametrize("width", [1, 4])
def test_a_quiet_walk_reads_every_page_once(width: int) -> None:
    def answer(k: int) -> Page:
        keys = range(k * 10, min(95, (k + 1) * 10))
        return page(k, keys, total=95, pages=10, size=10, last=k == 9)

    walk, keys, requests = walk_over(answer, width)
    assert keys == list(range(95))
    assert requests == 10
    assert walk.missing == 0


def test_a_cap_that_is_not_told_is_noticed() -> None:
    """Asked for 200 and told 200, but 50 came."""
    walk, keys, _ = walk_over(
        lambda k: page(k, range(k * 50, k * 50 + 50), total=200, pages=4, size=200)
    )
    assert sorted(set(keys)) == list(range(200))
    assert walk.missing == 0


def test_without_any_numbers_it_reads_until_nothing_comes() -> None:
    walk, keys, requests = walk_over(lambda k: page(k, range(k * 2, min(5, k * 2 + 2))))
    assert keys == [0, 1, 2, 3, 4]
    assert requests == 4
    assert walk.missing == 0


def test_short_pages_in_the_middle_are_passed() -> None:
    sizes = [10, 7, 10, 3]
    starts = [0, 10, 17, 27]
    walk, keys, _ = walk_over(
        lambda k: page(
            k,
            range(starts[k], starts[k] + sizes[k]),
            total=30,
            pages=4,
            size=10,
            last=k == 3,
        )
    )
    assert keys == list(range(30))
    assert walk.missing == 0


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({"total": 1000, "pages": 100, "size": 10, "last": False}, 990),
        ({"total": 10**12, "pages": 10**11, "size": 10, "last": False}, 10**12 - 10),
        ({"last": False}, 0),
    ],
)
def test_a_server_that_repeats_a_page_is_told_of(
    told: dict[str, t.Any], missing: int, width: int
) -> None:
    walk, keys, requests = walk_over(lambda k: page(k, range(10), **told), width)
    assert set(keys) == set(range(10))
    assert walk.missing == missing
    assert walk.in_doubt
    assert requests <= MAX_WALKS * (60 + width)


@given(st.lists(st.integers(0, 500), min_size=1), st.sampled_from([1, 4]))
@settings(max_examples=100, deadline=None)
def test_it_is_finite_whatever_totals_are_told(totals: list[int], width: int) -> None:
    calls = 0

    def answer(k: int) -> Page:
        nonlocal calls
        calls += 1
        total = totals[calls % len(totals)]
        keys = range(k * 10, min(100, k * 10 + 10))
        return page(k, keys, total=total, pages=10, size=10, last=k >= 9)

    _, keys, requests = walk_over(answer, width)
    assert set(keys) == set(range(100)) or requests >= MAX_WALKS
    assert requests <= MAX_WALKS * (5 * 11 + 50 + width)


def test_records_without_a_key_count_as_seen() -> None:
    def answer(_: int) -> Page:
        return Page(0, [{"id": 1}, {}, "odd"], [1], total=3, pages=1, size=10)

    walk, _, requests = walk_over(answer)
    assert walk.missing == 0
    assert requests == 1


class Disturbed:
    """Eight pages of ten, and one change while the first window is in flight."""

    def __init__(
        self, change: t.Callable[[list[int]], None], answering: list[int]
    ) -> None:
        self.keys = list(range(80))
        self.change = change
        self.answering = answering
        self.asked: list[int] = []
        self.asked_in_one_piece: list[tuple[int, int]] = []
        self.answers: dict[int, Page] = {}

    def fetch(self, wanted: PageRequest) -> t.Callable[[], Page]:
        number, size = wanted
        if size:
            self.asked_in_one_piece.append((number, size))
            return partial(self.page, number, size)
        self.asked.append(number)
        in_first_window = self.asked.index(number) == len(self.asked) - 1 and (
            number in self.answering
        )
        return partial(self.window if in_first_window else self.page, number)

    def window(self, number: int) -> Page:
        for asked in self.answering:
            if asked not in self.answers:
                if asked == self.answering[2]:
                    self.change(self.keys)
                self.answers[asked] = self.page(asked)
        return self.answers[number]

    def page(self, number: int, size: int = 10) -> Page:
        keys = self.keys[number * size : number * size + size]
        total = len(self.keys)
        return page(number, keys, total=total, pages=-(-total // size), size=size)


def edit_one_on_the_last_page(keys: list[int]) -> None:
    keys.remove(79)
    keys.insert(0, 79)


def delete_one_on_the_second_page(keys: list[int]) -> None:
    keys.remove(17)


@pytest.mark.parametrize(
    ("change", "answering", "asked_again", "in_one_piece"),
    [
        (edit_one_on_the_last_page, [4, 3, 2, 1], [1, 2, 3, 4, 5, 6, 7, 0], [(1, 7)]),
        (edit_one_on_the_last_page, [1, 3, 2, 4], [1, 2, 3, 4, 5, 6, 7, 0], [(1, 7)]),
        (delete_one_on_the_second_page, [1, 2, 3, 4], [1, 0, 1, 2, 3, 4, 5, 6, 7], []),
    ],
)
def test_a_window_that_was_not_quiet_is_read_again_page_by_page(
    change: t.Callable[[list[int]], None],
    answering: list[int],
    asked_again: list[int],
    in_one_piece: list[tuple[int, int]],
) -> None:
    server = Disturbed(change, answering)
    walk = Walk(server.fetch, width=4)
    keys = {key for page in walk for key in page.keys}
    assert keys >= set(server.keys)
    assert server.asked == [0, 1, 2, 3, 4, *asked_again]
    assert server.asked_in_one_piece == in_one_piece


@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_no_more_pages_than_the_width_are_held(width: int) -> None:
    begun = given_away = 0
    most = 0

    def fetch(wanted: PageRequest) -> t.Callable[[], Page]:
        nonlocal begun, most
        begun += 1
        most = max(most, begun - given_away)
        keys = range(wanted.number * 5, wanted.number * 5 + 5)
        return partial(page, wanted.number, keys, total=100, pages=20, size=5)

    for _ in Walk(fetch, width=width):
        given_away += 1
    assert given_away == 20
    assert most <= width + 1  # and the page that is being given away


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("odd", [{}, {"last": False, "pages": 6}, {"total": 60}])
def test_a_page_that_is_empty_once_is_read_again(
    odd: dict[str, t.Any], width: int
) -> None:
    asked: list[int] = []

    def answer(k: int) -> Page:
        asked.append(k)
        if k == 1 and asked.count(1) == 1:
            return page(k, [], **odd)
        return page(k, range(k * 10, k * 10 + 10), total=60, pages=6, size=10)

    walk, keys, _ = walk_over(answer, width)
    assert set(keys) == set(range(60))
    assert not walk.missing
    assert not walk.in_doubt


@pytest.mark.parametrize("total", [1000, None])
def test_records_without_any_key_come_once(total: int | None) -> None:
    def answer(k: int) -> Page:
        records = [{"name": n} for n in range(k * 10, min(1000, k * 10 + 10))]
        return Page(k, records, [], total, last=k == 99)

    records: list[t.Any] = []
    walk = Walk(lambda wanted: partial(answer, wanted.number))
    for each in walk:
        records += each.records
    assert [record["name"] for record in records] == list(range(1000))
    assert not walk.missing
    assert not walk.in_doubt


def test_a_page_of_records_without_keys_that_comes_for_ever_ends() -> None:
    walk, _, requests = walk_over(lambda k: Page(k, [{"name": "x"}], [], last=False))
    assert walk.in_doubt
    assert requests == 2


def test_records_without_times_are_walked_once_when_nothing_changes() -> None:
    def answer(k: int) -> Page:
        keys = range(k * 10, k * 10 + 10)
        return page(k, keys, total=50, pages=5, stamps=[None] * 10, is_dated=False)

    walk, keys, requests = walk_over(answer)
    assert len(set(keys)) == 50
    assert requests == 5
    assert not walk.in_doubt


def test_a_clock_ahead_does_not_make_later_changes_certain() -> None:
    newest = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    ahead = newest + dt.timedelta(days=1)
    first = page(0, [1], stamps=["2026-01-01T00:00:00.000Z"], sent_at=ahead, last=True)
    walk = Walk(lambda _: lambda: first)
    assert list(walk) == [first]
    assert walk.certain_until == newest
