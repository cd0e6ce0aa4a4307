"""Counting distinct keys in little memory."""

from __future__ import annotations

import tracemalloc
import typing as t
from random import Random

import pytest

from tap_clientsuccess.paging.keys import Tally

RANDOM = Random(1)  # noqa: S311


@pytest.mark.parametrize(
    "every",
    [
        range(1, 2000),
        [0, 2**30 - 1, 2**30, 2**30 + 1, 2**63, -1, -2],
        [RANDOM.getrandbits(64) for _ in range(2000)],
        [RANDOM.getrandbits(40) for _ in range(2000)],
        [f"cln_{number}" for number in range(2000)],
        [1, "1", ("1",), "", (1, 2)],
    ],
    ids=["small", "edges", "64 bits", "40 bits", "texts", "kinds"],
)
def test_distinct_keys_are_counted(every: t.Sequence[t.Any]) -> None:
    tally = Tally()
    for place in range(0, len(every), 3):
        page = every[place : place + 4]  # The last is on the next page again.
        new = set(page) if not place else set(page) - {page[0]}
        assert tally.add(page) == new
        assert tally.add(page) == set()
        assert len(tally) == len(set(every[: place + 4]))


def test_a_key_that_is_twice_on_a_page_counts_once() -> None:
    tally = Tally()
    assert tally.add(["a", "a", 5, 5]) == {"a", 5}
    assert len(tally) == 2


def test_records_without_a_key_count_unless_the_page_came_again() -> None:
    tally = Tally()
    assert tally.add([None, None], [{"x": 1}, {"x": 2}]) == set()
    assert len(tally) == 2
    tally.add([None, None], [{"x": 1}, {"x": 2}])
    assert len(tally) == 2
    tally.add([None, None], [{"x": 3}, {"x": 2}])
    assert len(tally) == tally.without_key == 4
    for _ in range(2):
        tally.add([1, None])
    assert len(tally) == 6
    tally.add([None])
    tally.add([None])
    assert len(tally) == 8


@pytest.mark.parametrize("kind", ["64 bits", "texts"])
def test_a_key_takes_few_bytes(kind: str) -> None:
    count, random = 20_000, Random(1)  # noqa: S311
    tally = Tally()
    tracemalloc.start()
    for _ in range(0, count, 100):
        numbers = [random.getrandbits(64) for _ in range(100)]
        tally.add(numbers if kind == "64 bits" else list(map(str, numbers)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tally) == count
    assert peak <= 64 * count
