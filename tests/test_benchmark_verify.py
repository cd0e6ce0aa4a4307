"""Which output the benchmark accepts as complete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import data
from benchmarks.contenders import CONTENDERS
from benchmarks.scenarios import ALL, Scenario, scenarios
from benchmarks.verify import FailedRunError, verify

if TYPE_CHECKING:
    from collections.abc import Callable

TOTAL = 4
OURS = CONTENDERS[0]
SPEED = Scenario("speed", "", records=TOTAL)


def written(scenario: Scenario = SPEED) -> list[dict[str, Any]]:
    pairs = zip(data.ids(scenario), data.times(scenario), strict=True)
    return [json.loads(data.client(*pair)) for pair in pairs]


def test_the_same_records_in_any_order_pass() -> None:
    verify([*reversed(written()), written()[0]], SPEED, OURS)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda records: records.pop(), "1 of 4 records are missing"),
        (lambda records: records[2].pop("zip"), "record 3 differs in zip"),
        (lambda records: records[2].update(new=1), "record 3 differs in new"),
        (lambda records: records[0].update(name=None), "record 1 differs in name"),
        (lambda records: records[1]["custom"].clear(), "record 2 differs in custom"),
    ],
)
def test_lost_or_changed_records_fail(
    damage: Callable[[list[dict[str, Any]]], object], message: str
) -> None:
    records = written()
    damage(records)
    with pytest.raises(FailedRunError, match=message):
        verify(records, SPEED, OURS)


def test_an_incremental_run_needs_only_the_changes() -> None:
    night = Scenario("night", "", records=TOTAL, changes=2)
    records = written(night)
    verify(records[2:], night, OURS)
    with pytest.raises(FailedRunError, match="1 of 4 records are missing"):
        verify(records[3:], night, OURS)


def test_random_ids_are_verified() -> None:
    spread = Scenario("ids", "", records=TOTAL, spread=True, tied=True)
    records = written(spread)
    verify(records, spread, OURS)
    with pytest.raises(FailedRunError, match="1 of 4 records are missing"):
        verify(records[1:], spread, OURS)


def test_scenarios_name_the_contenders() -> None:
    assert tuple(contender.name for contender in CONTENDERS) == ALL
    for scenario in scenarios().values():
        assert set(scenario.contenders) <= set(ALL)
