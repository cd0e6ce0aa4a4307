"""Runs the benchmark, and writes its report."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import sys
from typing import TYPE_CHECKING

import msgspec

from benchmarks.harness import machine
from benchmarks.harness.chart import chart
from benchmarks.harness.contenders import CONTENDERS, Contender
from benchmarks.harness.figures import Standings
from benchmarks.harness.measuring import FailedRunError
from benchmarks.harness.model import BENCHMARKS, OURS, ROOT, Results, Setting
from benchmarks.harness.report import report
from benchmarks.harness.rounds import Arena
from benchmarks.harness.settings import FULL, quick

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESULTS = BENCHMARKS / "results.json"
_REPORT = ROOT / "docs" / "benchmark.md"
_CHART = ROOT / "docs" / "benchmark.svg"


def main() -> int:
    """Run what is asked for.

    Returns:
        The exit code.
    """
    options = _options()
    if options.report:
        _write(msgspec.json.decode(_RESULTS.read_bytes(), type=Results))
        return 0
    try:
        results = _results(_contenders(options), _settings(options))
    except FailedRunError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.partial:
        sys.stdout.write(report(Standings(results)))
    else:
        _write(results)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Run the benchmark. A run that is not the whole of it is only "
        "printed; the whole one is written to docs and results.json.",
    )
    names = [contender.name for contender in CONTENDERS if contender.name != OURS]
    settings = [setting.name for setting in FULL]
    parser.add_argument(
        "--quick", action="store_true", help="few records, one round: to try it"
    )
    parser.add_argument("--rounds", type=int, help="rounds in each setting")
    parser.add_argument("--only", nargs="+", choices=names, help="whom to compare to")
    parser.add_argument("--settings", nargs="+", choices=settings, default=settings)
    parser.add_argument(
        "--report", action="store_true", help="only write the report anew"
    )
    options = parser.parse_args()
    options.partial = options.quick or options.only or options.settings != settings
    return options


def _contenders(options: argparse.Namespace) -> list[Contender]:
    wanted = {OURS, *(options.only or [contender.name for contender in CONTENDERS])}
    return [contender for contender in CONTENDERS if contender.name in wanted]


def _settings(options: argparse.Namespace) -> list[Setting]:
    wanted = [setting for setting in FULL if setting.name in options.settings]
    if options.quick:
        wanted = [quick(setting) for setting in wanted]
    if options.rounds:
        wanted = [dataclasses.replace(each, rounds=options.rounds) for each in wanted]
    return wanted


def _results(contenders: Sequence[Contender], settings: Sequence[Setting]) -> Results:
    for contender in contenders:
        contender.prepare()
    runs = [
        run for setting in settings for run in Arena(setting, _tell).runs(contenders)
    ]
    return Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=machine.described(),
        competitors=tuple(contender.described() for contender in contenders),
        settings=tuple(settings),
        runs=tuple(runs),
    )


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def _write(results: Results) -> None:
    standings = Standings(results)
    text = msgspec.json.format(msgspec.json.encode(results), indent=1)
    _RESULTS.write_bytes(text + b"\n")
    _REPORT.write_text(report(standings), encoding="utf-8")
    _CHART.write_text(chart(standings), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
