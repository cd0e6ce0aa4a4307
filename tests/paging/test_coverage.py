"""Which times have been read without a gap."""

from __future__ import annotations

import pytest
from scripted import at, moment

from tap_clientsuccess.paging.page import BEGINNING
from tap_clientsuccess.paging.proof import Coverage

Spans = list[tuple[float, float]]


def covering(spans: Spans, start: float | None = 0) -> Coverage:
    coverage = Coverage(at(start))
    for since, until in spans:
        coverage.add(moment(since), moment(until))
    return coverage


@pytest.mark.parametrize(
    ("spans", "reached", "gaps"),
    [
        ([], 0, [0]),
        ([(0, 5)], 5, [5]),
        ([(1, 5)], 0, [0, 5]),
        ([(0, 5), (5, 7)], 7, [7]),
        ([(0, 5), (6, 7)], 5, [5, 7]),
        ([(6, 7), (0, 5), (2, 6)], 7, [7]),
        ([(0, 9), (2, 3)], 9, [9]),
        ([(2, 9), (4, 5), (0, 3)], 9, [9]),
        ([(4, 5), (4, 9), (4, 6)], 0, [0, 9]),
        ([(-5, 3)], 3, [3]),
        ([(-5, -3)], -3, [-3, 0]),
        # A page that ends before it begins covers nothing.
        ([(5, 3)], 0, [0, 5]),
        ([(0, 10)], 10, [10]),
        ([(0, 11)], 11, []),
    ],
)
def test_intervals_are_merged(spans: Spans, reached: float, gaps: list[float]) -> None:
    coverage = covering(spans)
    assert coverage.reached == moment(reached)
    coverage.newest = moment(10)
    assert coverage.gaps == [moment(gap) for gap in gaps]


@pytest.mark.parametrize(
    ("spans", "since", "until", "end"),
    [
        ([], 0, 5, 5),
        ([(5, 9)], 0, 5, 9),
        ([(5, 9)], 0, 4, 4),
        ([(5, 9)], 6, 7, 9),
        ([(5, 9)], 9, 10, 10),
        ([(0, 3), (5, 9)], 5, 5, 9),
        ([(0, 3), (5, 9)], 4, 4, 4),
        ([(0, 3), (5, 9)], 3, 5, 9),
    ],
)
def test_adding_tells_where_the_next_gap_begins(
    spans: Spans, since: float, until: float, end: float
) -> None:
    coverage = covering(spans)
    assert coverage.add(moment(since), moment(until)) == moment(end)


def test_without_a_start_it_begins_at_the_beginning() -> None:
    assert covering([], start=None).reached == BEGINNING
