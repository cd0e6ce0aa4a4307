"""Runs the benchmark. `make bench` makes the environments first."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from benchmarks import chart, report
from benchmarks.contenders import CONTENDERS, ROOT
from benchmarks.runner import Runner
from benchmarks.scenarios import SCENARIOS
from benchmarks.summary import Summary
from benchmarks.verify import FailedRunError


def main() -> str | None:
    """Measure, and tell; return what went wrong."""
    options = _options()
    wanted = [each for each in SCENARIOS if each.name in {"start", *options.only}]
    try:
        runs = list(Runner(CONTENDERS, wanted, options.rounds).runs())
    except FailedRunError as error:
        return str(error)
    summary = Summary(_about(), runs)
    print(report.goals(summary), report.comparisons(summary), sep="\n")
    if len(wanted) == len(SCENARIOS):
        summary.save(report.RESULTS)
        chart.draw(summary, ROOT / "docs" / "benchmark.svg")
    return None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks",
        description="Run the benchmark and print its tables. The results of a complete "
        "run go to benchmarks/results.jsonl and docs/benchmark.svg.",
    )
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    return parser.parse_args()


def _about() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {
        "Processor": _processor(),
        "Cores": str(os.cpu_count()),
        "Memory": f"{memory:.0f} GiB",
        "System": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Day": dt.datetime.now(dt.UTC).date().isoformat(),
    }
    return {"machine": machine, "contenders": [each.describe() for each in CONTENDERS]}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", info.read_text() if info.exists() else "")
    return named[1] if named else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
