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

from benchmarks import report
from benchmarks.contenders import CONTENDERS
from benchmarks.runner import measure
from benchmarks.scenarios import scenarios
from benchmarks.summary import Summary
from benchmarks.verify import FailedRunError


def main() -> str | None:
    """Measure, and tell; return what went wrong."""
    options = _options()
    rounds = options.rounds or (1 if options.quick else 3)
    wanted = [
        scenario
        for name, scenario in scenarios(quick=options.quick).items()
        if name in {"start", *options.only}
    ]
    about = _about() | {"quick": options.quick, "rounds": rounds}
    try:
        runs = list(measure(CONTENDERS, wanted, rounds))
    except FailedRunError as error:
        return str(error)
    summary = Summary(about, runs)
    print(report.goals(summary), report.comparisons(summary), sep="\n")
    if options.save or (set(options.only) == set(scenarios()) and not options.quick):
        summary.save(report.RESULTS)
    return None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks",
        description="Run the benchmark and print its tables. A complete run writes "
        "benchmarks/results.jsonl.",
    )
    names = list(scenarios())
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, help="default: 3, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="a tenth of the records")
    parser.add_argument("--save", action="store_true", help="write any run's results")
    return parser.parse_args()


def _about() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {
        "Processor": _processor(),
        "Cores": str(os.cpu_count()),
        "Memory": f"{memory:.0f} GiB",
        "System": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Load before": f"{os.getloadavg()[0]:.1f}",
        "Day": dt.datetime.now(dt.UTC).date().isoformat(),
    }
    return {"machine": machine, "contenders": [each.describe() for each in CONTENDERS]}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    named = re.search(
        r"model name\s*: (.+)",
        info.read_text(encoding="utf-8") if info.exists() else "",
    )
    return named[1] if named else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
