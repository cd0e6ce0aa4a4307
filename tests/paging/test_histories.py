"""Syncs of a server that changes meanwhile: in the end the target has what it has.

Hypothesis looks for a short history that breaks the walk; long ones are drawn, many.
"""

from __future__ import annotations

import typing as t
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_model import ORDERS, TIES, ServerModel
from warehouse import Warehouse, after_three_syncs_under_edits


@pytest.mark.parametrize("order", ORDERS + TIES)
@given(
    random=st.randoms(use_true_random=False),
    width=st.sampled_from([1, 2, 4, 8]),
    size=st.integers(1, 5),
    records=st.integers(0, 60),
    changes=st.integers(0, 3),
)
@settings(max_examples=150, deadline=None)
def test_short_histories_are_complete_or_told(
    order: str, random: Random, width: int, **numbers: int
) -> None:
    server = ServerModel(random, order=order, size=numbers["size"])
    server.fill(numbers["records"])
    warehouse = after_three_syncs_under_edits(server, width, numbers["changes"])
    may_be_short = order in TIES and warehouse.is_told
    assert may_be_short or not warehouse.missing
    assert may_be_short or not warehouse.lacks(server)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("order", ORDERS + TIES)
def test_many_long_histories_are_complete_or_told(order: str, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    for _ in range(250):
        server = ServerModel(random, order=order, size=random.choice([3, 5, 8]))
        server.heeds_size = random.choice([True, True, False])
        server.shows_times = order != ORDERS[0] or random.choice([True, False])
        server.ticks = random.choice([(0, 1, 1), (0, 0, 0, 1)])
        server.fill(random.choice([20, 60, 150]), tied=random.choice([0, 0, 30]))
        width, changes = random.choice([1, 4]), random.choice([1, 2, 4])
        warehouse = after_three_syncs_under_edits(server, width, changes)
        assert warehouse.is_told or not warehouse.lacks(server)


@pytest.mark.parametrize(
    "flaw",
    [
        {"tells_total": 0.97},
        {"empties": 0.03},
        {"shows_times": False, "order": TIES[0]},
        {"shows_times": False, "order": TIES[1]},
    ],
    ids=str,
)
def test_answers_that_lack_something_are_completed_or_told_of(
    flaw: dict[str, t.Any],
) -> None:
    random = Random(1)  # noqa: S311
    for _ in range(250):
        server = ServerModel(random, size=random.choice([10, 20]), **flaw)
        server.fill(random.choice([60, 150]))
        warehouse = after_three_syncs_under_edits(server, random.choice([1, 4]), 2)
        assert warehouse.is_told or not warehouse.lacks(server)


@given(
    random=st.randoms(use_true_random=False),
    width=st.sampled_from([1, 4]),
    records=st.integers(0, 40),
)
@settings(max_examples=200, deadline=None)
def test_what_is_missing_is_counted(random: Random, width: int, records: int) -> None:
    server = ServerModel(random, order=TIES[0])
    server.fill(records)
    server.clock = 0
    server.modified = dict.fromkeys(server.modified, 0)
    warehouse = Warehouse()
    warehouse.sync(server, width)
    assert len(warehouse.lacks(server)) == warehouse.missing


@given(
    random=st.randoms(use_true_random=False),
    width=st.sampled_from([1, 4]),
    heeds_size=st.booleans(),
    records=st.integers(0, 150),
)
@settings(max_examples=200, deadline=None)
def test_it_keeps_up_with_a_change_between_any_two_reads(
    random: Random, width: int, heeds_size: bool, records: int
) -> None:
    server = ServerModel(random, size=10, ticks=(1,), heeds_size=heeds_size)
    server.fill(records)
    server.changes_per_read = 1
    warehouse = Warehouse()
    warehouse.sync(server, width)
    assert not warehouse.is_told
