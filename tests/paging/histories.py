"""Histories: a server that changes during syncs, and what the target then holds."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass
from random import Random

from server_model import TIED, ServerModel
from warehouse import LOOKBACK, Warehouse

SECONDS = (0.2, 0.5, 1.0)
OTHER_ORDER = "ties in another order each time"
SYNCS = 3

CASES: dict[str, dict[str, t.Any]] = {
    "distinct times": {},
    "exclusive filter": {"filter": "exclusive"},
    "filter by the second": {"filter": "by the second", "ticks": SECONDS},
    "exclusive by the second": {"filter": "exclusive by the second", "ticks": SECONDS},
    "filter by the day": {"filter": "by the day"},
    "exclusive by the day": {"filter": "exclusive by the day"},
    "filter ignored": {"filter": "ignored"},
    "ties": {"ticks": TIED, "tied": 40},
    "ties in another order each time": {
        "ticks": TIED,
        "tied": 40,
        "order": OTHER_ORDER,
    },
    "by id": {"order": "by id"},
    "in no order": {"order": "by name"},
    "sort reversed": {"order": "reversed"},
    "by id, filter ignored": {"order": "by id", "filter": "ignored"},
    "in no order, filter ignored": {"order": "by name", "filter": "ignored"},
    "replicas that lag": {"lag": dt.timedelta(seconds=20)},
    "bulk edits": {"bulk": True},
    "pages of a size of its own": {"heeds_size": False},
    "records without a time": {"undated": 5},
    "records without a time, last": {"undated": 5, "undated_are": "last"},
    "no total": {"tells_total": False},
}
KILLS: dict[str, t.Any] = {"kills": 3}
SECOND = dt.timedelta(seconds=1)
CASES |= {
    f"clock {seconds:+} s": {"clock": seconds * SECOND}
    for seconds in (-90_000, -600, -30, 30, 600, 90_000)
}
CASES |= {
    f"clock {seconds:+} s, in no order": {
        "clock": seconds * SECOND,
        "order": "by name",
    }
    for seconds in (-600, 600)
}
CASES |= {
    f"records without a time {where}, kills": {
        "undated": 5,
        "undated_are": where,
        **KILLS,
    }
    for where in ("first", "last", "always last")
}
CASES |= {
    "records without a time always last": {"undated": 5, "undated_are": "always last"},
    "many records without a time": {"undated": 25, "undated_are": "always last"},
    "records without a time that pass the filter": {
        "undated": 5,
        "undated_are": "always last",
        "shows_undated": True,
    },
    "hints of a larger size": {"hints_at": 500},
    "hints of a larger size, in no order": {"hints_at": 500, "order": "by name"},
    "pages of changing sizes": {"other_sizes": (2, 4, 7)},
    "pages of changing sizes, ties": {
        "other_sizes": (2, 4, 7),
        "ticks": TIED,
        "tied": 40,
    },
    "zone ahead, kills": {"filter": "zone ahead", **KILLS},
    "zone behind, kills": {"filter": "zone behind", **KILLS},
    "zone ahead, records without a time, kills": {
        "filter": "zone ahead",
        "undated": 5,
        "undated_are": "always last",
        **KILLS,
    },
    "kills": KILLS,
    "ties, kills": {"ticks": TIED, "tied": 40, **KILLS},
    "filter by the day, kills": {"filter": "by the day", **KILLS},
    "replicas that lag, kills": {"lag": dt.timedelta(seconds=20), **KILLS},
    "clock +600 s, bulk edits": {"clock": 600 * SECOND, "bulk": True},
}
"""What a server may do; `kills` is how many syncs are ended early, at any batch."""


@dataclass
class History:
    """The result of some syncs during edits.

    Attributes:
        syncs: How many there were.
        told: How many said that records may be missing.
        lost: What was lost without a word.
        pages: Pages that the first sync read at least.
        changes: Changes that happened.
    """

    syncs: int
    told: int
    lost: list[int]
    pages: int
    changes: int


def run(
    seed: int,
    case: dict[str, t.Any],
    *,
    changes: float | None = None,
    light: bool = False,
) -> History:
    """Fill a server, sync while it changes, then once without changes, and compare.

    Args:
        seed: Decides all that is random.
        case: How the server is; see `CASES`.
        changes: Changes per request; None draws it.
        light: Whether the pages are of a usual size.
    """
    random = Random(seed)  # noqa: S311
    case = dict(case)
    tied, is_bulk = case.pop("tied", 0), case.pop("bulk", False)
    kills = case.pop("kills", 0)
    size = random.choice([50, 100] if light else [3, 5, 10, 20])
    server = ServerModel(random, size=size, **case)
    server.fill(random.choice([30, 80, 150, 300]) * (4 if light else 1), tied=tied)
    pages, changes_before = -(-len(server.records) // size), server.changes
    if is_bulk:
        server.on_request = lambda: edit_half_sometimes(server)
    drawn = random.choice([0.1, 0.5, 1, 1.5])
    server.changes_per_read = drawn if changes is None else changes
    warehouse = Warehouse(width=random.choice([1, 2, 4, 8]))
    told = 0
    for _ in range(kills):
        warehouse.sync(server, batches=random.randint(1, 2 * pages))
    for _ in range(SYNCS):
        warehouse.sync(server)
        told += warehouse.is_told
    server.on_request = lambda: None
    server.changes_per_read = 0
    server.now += LOOKBACK
    warehouse.sync(server)
    lost = [] if warehouse.is_told else warehouse.lacks(server)
    return History(SYNCS, told, lost, pages, server.changes - changes_before)


def edit_half_sometimes(server: ServerModel) -> None:
    if len(server.requests) % 17 == 5:
        server.edit_half()
