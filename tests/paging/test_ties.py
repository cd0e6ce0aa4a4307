"""Runs of equal times at the border of two pages."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from functools import partial

import pytest
from answers import page
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_clientsuccess.paging import Walk
from tap_clientsuccess.ties import Border, Run

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_clientsuccess.pages import Page, PageRequest


def time_of(key: int) -> str:
    return f"2025-01-01T{23 - key // 60:02}:{59 - key % 60:02}:00.000Z"


def timed(number: int, keys: Iterable[int], tied: range) -> Page:
    """Return a page whose records are newer the lower the key, but for tied ones."""
    keys = list(keys)
    stamps = [time_of(tied.start if key in tied else key) for key in keys]
    return page(number, keys, last=False, stamps=stamps)


@given(st.integers(3, 60), st.integers(2, 60), st.integers(1, 9))
def test_a_run_is_asked_for_with_its_neighbours(
    size: int, length: int, number: int
) -> None:
    border = number * size
    tied = range(border - (length + 1) // 2, border + length // 2)
    assume(tied.start > border - size)
    before = timed(number - 1, range(border - size, border), tied)
    shifted = timed(number, range(border - 1, border + size - 1), tied)
    for request in Border(before, shifted, size).requests:
        smaller = request.size or 0
        assert smaller <= size
        assert request.number * smaller < tied.start
        assert (request.number + 1) * smaller > tied.stop


@pytest.mark.parametrize(
    ("number", "keys", "last", "is_whole"),
    [
        (1, [1, 5, 6, 9], False, True),
        (1, [5, 6, 9], False, False),
        (0, [5, 6, 9], False, True),
        (1, [1, 5, 6], False, False),
        (1, [1, 5, 6], True, True),
        (1, [1, 2, 3], False, False),
    ],
)
@pytest.mark.parametrize("stamp", [time_of(5), None])
def test_a_page_with_both_ends_has_a_run_whole(
    stamp: str | None, number: int, keys: list[int], *, last: bool, is_whole: bool
) -> None:
    run = Run(stamp, frozenset({5, 6}))
    shown = replace(timed(number, keys, tied=range(5, 7)), last=last)
    assert run.is_whole_on(shown) == is_whole


class Script:
    """A search that gives the pages it is told to.

    Args:
        total: Records that it has.
        tied: Those of equal time.
        pages: Some pages by number: what comes the first time, the second, ...
    """

    def __init__(
        self,
        total: int,
        tied: range,
        pages: Mapping[int, list[list[int]]],
    ) -> None:
        self.total = total
        self.tied = tied
        self.pages = pages
        self.asked: list[PageRequest] = []

    def keys(self) -> set[t.Any]:
        """Walk through it, and return what came."""
        self.walk = Walk(self.fetch)
        return {key for each in self.walk for key in each.keys}

    def fetch(self, wanted: PageRequest) -> Callable[[], Page]:
        self.asked.append(wanted)
        return partial(self.page, wanted)

    def page(self, wanted: PageRequest) -> Page:
        size = wanted.size or 20
        keys: Iterable[int] = range(wanted.number * size, (wanted.number + 1) * size)
        told = self.pages.get(wanted.number) if size == 20 else None
        if told:
            keys = told[min(len(told), self.asked.count(wanted)) - 1]
        shown = timed(wanted.number, keys, self.tied)
        pages = -(-self.total // size)
        return replace(shown, total=self.total, pages=pages, size=size, last=None)


def test_a_record_on_no_page_is_found() -> None:
    """Either page has 18 to 21 in an order of its own, always the same."""
    search = Script(40, range(18, 22), {1: [[18, 19, *range(22, 40)]]})
    assert search.keys() == set(range(40))
    assert not search.walk.missing
    assert not search.walk.in_doubt
    assert len(search.asked) == 3
