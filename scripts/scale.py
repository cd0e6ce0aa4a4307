"""What many accounts cost in requests: measured, then 1,000 made-up accounts.

`python scripts/scale.py` reads sandboxes of several sizes over HTTP, counts the
requests that they got, and writes docs/scale.json. `make docs` writes the tables of
docs/scale.md from it.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import typing as t
from pathlib import Path
from statistics import median

from commands import ROOT, run_tap

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEASURED = ROOT / "docs" / "scale.json"
SIZES = (20, 200, 2_000, 10_000)
CHANGED_SHARE = 0.01
SEED = 1

ACCOUNTS = 1_000
MEDIAN_CLIENTS = 400
SIGMA = 1.2
SMALLEST, LARGEST = 20, 10_000
LIMITS = (60, 300, 1_000)
"""Requests a minute."""

DAYS = 7
DAILY = {"clients": 0, "contracts": 0}
WEEKLY = {"*": 0}
"""Intervals of 0 make due what the default intervals make due every day, and once a
week."""


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
    with Sandbox(seed=SEED, clients=clients) as sandbox:
        records = sum(sandbox.store.count(kind) for kind in KINDS)
        state, first = _sync(sandbox, None)
        state, quiet = _sync(sandbox, state)
        nights = []
        for intervals in ({}, DAILY, WEEKLY):
            for kind in KINDS:
                changed = math.ceil(sandbox.store.count(kind) * CHANGED_SHARE)
                for _ in range(changed):
                    sandbox.store.random_edits(kind, operations=("edit",))
            state, requests = _sync(sandbox, state, intervals)
            nights.append(requests)
    return Cost(clients, records, first, quiet, *nights)


def _sync(
    sandbox: Sandbox, state: t.Any, intervals: dict[str, int] | None = None
) -> tuple[t.Any, int]:
    """Run the tap; return its last state and the number of its requests."""
    before = len(sandbox.requests)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"full_read_interval_days": intervals or {}}
        messages = run_tap(Path(folder) / "messages.jsonl", sandbox, state, **settings)
        return messages.state, len(sandbox.requests) - before


def costs() -> list[Cost]:
    """Return what was measured, smallest account first."""
    return [Cost(**each) for each in json.loads(MEASURED.read_text(encoding="utf-8"))]


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
    return _table((*head, *more), rows)


def simulated_table() -> str:
    """Write the requests of the made-up accounts, and minutes at each limit."""
    drawn = accounts()
    found: dict[str, float] = {}
    for name, requests in (
        ("First read", [cost.first for cost in drawn]),
        ("Night without full reads", [cost.nightly for cost in drawn]),
        ("Night with full reads", [cost.night for cost in drawn]),
    ):
        found[f"{name}, median account"] = median(requests)
        found[f"{name}, largest account"] = max(requests)
        found[f"{name}, all {ACCOUNTS:,} one after the other"] = sum(requests)
    head = ("", "Requests", *(f"at {limit:,} a minute" for limit in LIMITS))
    rows = [
        (name, f"{requests:,.0f}", *(_time(requests / limit) for limit in LIMITS))
        for name, requests in found.items()
    ]
    return _table(head, rows)


def sizes() -> str:
    """Say in words how large the made-up accounts are."""
    drawn = accounts()
    clients = [cost.clients for cost in drawn]
    records = sum(cost.records for cost in drawn)
    tenth = clients[len(clients) // 10], clients[-len(clients) // 10]
    return (
        f"\nThe median account has {median(clients):,.0f} clients, a tenth have fewer "
        f"than {tenth[0]:,.0f} and a tenth more than {tenth[1]:,.0f};\nall of them "
        f"have {records / 1e6:,.1f} million records.\n"
    )


def _time(minutes: float) -> str:
    if minutes < 1:
        return f"{minutes * 60:,.0f} s"
    return f"{minutes:,.0f} min" if minutes < 120 else f"{minutes / 60:,.1f} h"  # noqa: PLR2004


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
