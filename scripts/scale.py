"""What many accounts cost in requests: measured, then 1,000 made-up accounts.

`make scale` reads sandboxes of several sizes over HTTP, counts the requests that they
got, and writes docs/scale.json. `make docs` writes the tables of docs/scale.md from it.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import typing as t
from collections.abc import Iterator, Sequence
from functools import cache
from operator import attrgetter
from pathlib import Path
from statistics import median

from commands import ROOT, run_tap
from page import block, table

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS

MEASURED = ROOT / "docs" / "scale.json"
SIZES = (20, 200, 2_000, 10_000)
CHANGED_SHARE = 0.01
HOUR = 3600
SEED = 1

ACCOUNTS = 1_000
MEDIAN_CLIENTS = 400
SIGMA = 1.2
SMALLEST, LARGEST = 20, 10_000
LIMITS = (60, 300, 1_000)
"""Requests a minute."""

DAYS = 7
NIGHTS: tuple[dict[str, int], ...] = ({}, {"clients": 0, "contracts": 0}, {"*": 0})
"""Intervals that make due what the default intervals make due on no day, every day, and
once a week."""


class Cost(t.NamedTuple):
    """Requests that an account takes.

    Attributes:
        clients: Its size.
        records: Records of all streams.
        first: Requests of a first read.
        quiet: Of a sync in which nothing changed.
        nightly: Of a sync after 1 % of the records of each stream changed.
        daily: Of one in which clients and contracts are read in full as well.
        weekly: Of one in which all streams are.
    """

    clients: float
    records: float
    first: float
    quiet: float
    nightly: float
    daily: float
    weekly: float

    @property
    def night(self) -> float:
        """Requests of a night with the default intervals, on average over a week."""
        return ((DAYS - 1) * self.daily + self.weekly) / DAYS


def main() -> None:
    """Measure, and write the results."""
    costs = [measured(clients)._asdict() for clients in SIZES]
    MEASURED.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")


def measured(clients: int) -> Cost:
    """Sync a sandbox of this size again and again and count its requests."""
    with Sandbox(seed=SEED, clients=clients, clock_offset=-6 * HOUR) as sandbox:
        sizes = {kind: sandbox.store.count(kind) for kind in KINDS}
        return Cost(clients, sum(sizes.values()), *_requests(sandbox))


def _requests(sandbox: Sandbox) -> Iterator[int]:
    """Yield the requests of each sync."""
    state = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.jsonl"
        for number, intervals in enumerate(({}, {}, *NIGHTS)):
            for kind in KINDS if number > 1 else ():
                changed = math.ceil(sandbox.store.count(kind) * CHANGED_SHARE)
                for _ in range(changed):
                    sandbox.store.random_edits(kind, operations=("edit",))
            # The tap reads all tasks twice where one changed within the lookback.
            sandbox.clock.offset += HOUR
            before = len(sandbox.requests)
            settings = {"full_read_interval_days": intervals}
            state = run_tap(path, sandbox, state, **settings).state
            yield len(sandbox.requests) - before


def costs() -> list[Cost]:
    """Return what was measured, smallest account first."""
    return [Cost(**each) for each in json.loads(MEASURED.read_text(encoding="utf-8"))]


@cache
def accounts() -> list[Cost]:
    """Draw accounts of different sizes, smallest first."""
    drawn, known = random.Random(SEED), costs()  # noqa: S311
    sizes = sorted(
        drawn.lognormvariate(math.log(MEDIAN_CLIENTS), SIGMA) for _ in range(ACCOUNTS)
    )
    return [_cost_of(min(max(size, SMALLEST), LARGEST), known) for size in sizes]


def _cost_of(clients: float, known: Sequence[Cost]) -> Cost:
    """Interpolate between the two measured accounts next to this size."""
    above = next(n for n, cost in enumerate(known) if cost.clients >= clients)
    low, high = known[max(above - 1, 0)], known[max(above, 1)]
    share = (clients - low.clients) / (high.clients - low.clients)
    pairs = zip(low, high, strict=True)
    return Cost(*(less + share * (more - less) for less, more in pairs))


def measured_table() -> str:
    """Write what was measured."""
    head = ("Clients", "Records", "First read", "Nothing changed", "1 % changed")
    more = ("… clients and contracts in full", "… all in full")
    rows = [[f"{value:,.0f}" for value in cost] for cost in costs()]
    return block(table((*head, *more), rows, numbers=True))


def simulated_table() -> str:
    """Write the requests of the made-up accounts, and minutes at each limit."""
    head = ("", "Requests", *(f"at {limit:,} a minute" for limit in LIMITS))
    rows = []
    for what, of in (
        ("First read", attrgetter("first")),
        ("Night without full reads", attrgetter("nightly")),
        ("Night with full reads", attrgetter("night")),
    ):
        requests = [of(cost) for cost in accounts()]
        for whose, count in (
            ("median account", median(requests)),
            ("largest account", max(requests)),
            (f"all {ACCOUNTS:,} one after the other", sum(requests)),
        ):
            times = (_time(count / limit) for limit in LIMITS)
            rows.append((f"{what}, {whose}", f"{count:,.0f}", *times))
    return block(table(head, rows, numbers=True))


def sizes() -> str:
    """Say in words how large the made-up accounts are."""
    clients = [cost.clients for cost in accounts()]
    records = sum(cost.records for cost in accounts())
    tenth = clients[len(clients) // 10], clients[-len(clients) // 10]
    return block(
        f"The median account has {median(clients):,.0f} clients, a tenth have fewer "
        f"than {tenth[0]:,.0f} and a tenth more than {tenth[1]:,.0f};",
        f"all of them have {records / 1e6:,.1f} million records.",
    )


def _time(minutes: float) -> str:
    if minutes < 1:
        return f"{minutes * 60:,.0f} s"
    return f"{minutes:,.0f} min" if minutes < 120 else f"{minutes / 60:,.1f} h"  # noqa: PLR2004


if __name__ == "__main__":
    main()
