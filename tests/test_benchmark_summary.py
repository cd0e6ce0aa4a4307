"""Medians, ratios and goals of the benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import goals, report
from benchmarks.summary import Run, Spread, Summary

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = {"machine": {"Cores": "2"}, "contenders": [], "quick": False, "rounds": 2}


def run(number: int, scenario: str, contender: str, wall: float) -> Run:
    return Run(number, scenario, contender, wall, cpu=1.0, peak=2.0**20, requests=1)


@pytest.fixture
def summary() -> Summary:
    runs = [
        run(number, scenario, contender, wall)
        for number, scenario, contender, wall in (
            (1, "start", "ours", 1.0),
            (1, "start", "plain", 1.0),
            (1, "speed", "ours", 3.0),
            (1, "speed", "plain", 25.0),
            (1, "start", "dlt", 1.0),
            (1, "speed", "dlt", 2.0),
            (2, "start", "ours", 2.0),
            (2, "start", "plain", 1.0),
            (2, "speed", "ours", 3.0),
            (2, "speed", "plain", 11.0),
        )
    ]
    return Summary(ABOUT, runs)


def test_a_ratio_is_taken_within_each_round_net_of_start_up(summary: Summary) -> None:
    ratio = summary.ratio(summary.rate, "speed", "speed", "plain")
    assert ratio == Spread(median=11.0, low=10.0, high=12.0)


def test_goals_are_met_or_missed(summary: Summary) -> None:
    found = {goal.title: goal.is_met for goal in goals.compare(summary)}
    assert found == {
        "Records/s net of start-up, against the plain singer-sdk tap": True,
        "Start-up, against the plain singer-sdk tap": False,
        "No latency, 50,000 clients: records/s against the fastest peer (dlt)": False,
    }
    assert report.goals(summary).count("**missed**") == 2


@pytest.mark.parametrize(
    ("requests", "peak", "met"), [(1980, 2**24, True), (1981, 2**24 + 2**20, False)]
)
def test_costs_are_goals(requests: int, peak: int, met: bool) -> None:
    figures = {"tied": (peak, requests), "memory": (2**22, 1), "more-ids": (peak, 1)}
    runs = [
        Run(1, name, "ours", 1.0, 1.0, peak, requests)
        for name, (peak, requests) in figures.items()
    ]
    found = {goal.title: goal.is_met for goal in goals.compare(Summary(ABOUT, runs))}
    assert found == {
        "Random ids: bytes of peak memory a record more than with sequential ids": met,
        "9,000 clients with the same time, 900 pages: requests a page": met,
    }


def test_results_are_read_as_they_were_written(
    summary: Summary, tmp_path: Path
) -> None:
    path = tmp_path / "results.jsonl"
    summary.save(path)
    read = Summary.load(path)
    assert (read.about, read.runs) == (summary.about, summary.runs)
