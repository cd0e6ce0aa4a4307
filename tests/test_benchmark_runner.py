"""A run from end to end: server, tap, measurement, verification."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.runner import measure
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.verify import FailedRunError

OURS = CONTENDERS[0]


def test_an_incremental_run_is_measured_and_verified() -> None:
    night = Scenario("night", "", records=500, changes=3, deselected="note")
    [run] = measure([OURS], [night], rounds=1)
    assert (run.round, run.scenario, run.contender) == (1, "night", "ours")
    assert run.requests == 1
    assert min(run.wall, run.cpu, run.peak) > 0


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo No >&2; exit 3", "(?s)tap-clientsuccess, start: .*\nNo"),
        ("exit 0", "tap-clientsuccess, start: 1 of 1 records are missing"),
    ],
)
def test_a_contender_that_fails_ends_the_benchmark(script: str, message: str) -> None:
    failing = replace(OURS, command=lambda *_: ["/bin/sh", "-c", script])
    with pytest.raises(FailedRunError, match=message):
        list(measure([failing], [], rounds=1))


@pytest.mark.parametrize(
    ("name", "trips", "quick"), [("waiting", 26, 4), ("details", 32, 4)]
)
def test_round_trips_follow_from_the_size(name: str, trips: int, quick: int) -> None:
    found = scenarios()[name], scenarios(quick=True)[name]
    assert [scenario.round_trips for scenario in found] == [trips, quick]
