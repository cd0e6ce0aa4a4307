"""The tables of docs/benchmark.md, called by cog blocks in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.goals import compare
from benchmarks.scenarios import QUICK, Scenario
from benchmarks.summary import CPU, PEAK, REQUESTS, WALL, Spread, Summary

RESULTS = Path(__file__).with_name("results.jsonl")
_QUIET = 0.5


def load() -> Summary:
    """Read the results that were saved last."""
    return Summary.load(RESULTS)


def extent(summary: Summary) -> str:
    """Say how much was measured."""
    rounds = summary.about["rounds"]
    lines = [f"Rounds: {rounds}."]
    if summary.about["quick"]:
        lines = [
            f"**A quick run: 1/{QUICK} of the records, rounds: {rounds}.**",
            "Its figures are coarse, and start-up weighs more than in a full run.",
        ]
    load = summary.about["machine"]["Load before"]
    if float(load) > _QUIET:
        lines += [
            f"**The machine was busy: load {load} before the start.** Another such run",
            "may differ by a tenth or more.",
        ]
    return "\n".join(["", *lines, ""])


def goals(summary: Summary) -> str:
    """Write what was to be reached, and what was."""
    rows = [
        (
            goal.title,
            f"{goal.sign} {goal.bound:g}",
            _text(goal.reached),
            "met" if goal.is_met else "**missed**",
        )
        for goal in compare(summary)
    ]
    return _table(("", "Goal", "Reached", ""), rows)


def comparisons(summary: Summary) -> str:
    """Write a table for each scenario in which all contenders were measured."""
    return "".join(
        f"\n### {scenario.title}\n{_comparison(summary, scenario)}"
        for scenario in summary.compared()
    )


def contenders(summary: Summary) -> str:
    """Write who took part."""
    rows = [
        (each["title"], each["what"], each["versions"])
        for each in summary.about["contenders"]
    ]
    return _table(("Contender", "What it does", "Versions"), rows)


def machine(summary: Summary) -> str:
    """Write on what it ran, and when."""
    return _table(("", ""), summary.about["machine"].items())


def _comparison(summary: Summary, scenario: Scenario) -> str:
    heads = ("", "Records/s", "Wall s", "CPU s", "Peak MiB", "Requests", "Start-up s")
    rows = []
    for contender in summary.about["contenders"]:
        where = (scenario.name, contender["name"])
        ratio = summary.ratio(summary.rate, scenario.name, *where)
        row = (
            contender["title"],
            f"{summary.median(summary.rate, *where):,.0f}",
            f"{summary.median(WALL, *where):.2f}",
            f"{summary.median(CPU, *where):.2f}",
            f"{summary.median(PEAK, *where) / 2**20:.0f}",
            f"{summary.median(REQUESTS, *where):,.0f}",
            f"{summary.median(WALL, 'start', where[1]):.2f}",
            _text(ratio) if ratio and where[1] != "ours" else "",
        )
        rows.append(row)
    return _table((*heads, "This tap is … times as fast"), rows)


def _text(spread: Spread) -> str:
    extremes = f" ({spread.low:.3g} to {spread.high:.3g})"
    return f"{spread.median:.3g}{extremes if spread.low != spread.high else ''}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(["", *(f"| {' | '.join(line)} |" for line in lines), ""])
