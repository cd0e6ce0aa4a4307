"""What the contenders have to read, and from which server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

PAGE_SIZE = 200
"""Clients on a page of the server, at most."""
QUICK = 10
"""A quick run reads this many times fewer records."""
TAPS = ("ours", "plain")
STREAM_MAP = {"stream_maps": {"clients": {"company": "name"}}}
FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 1}
ALL = (*TAPS, "dlt", "airbyte", "bare")
A_YEAR = 31_536_000
NIGHT = "A night with {changes:,} changes in {records:,} clients"


@dataclass(frozen=True)
class Scenario:
    """A task for the contenders.

    Attributes:
        name: Its name in the results and on the command line.
        title: Its name in the report.
        records: How many clients the server has; `{records}` in the title.
        contenders: Who takes part.
        stream: The stream to read.
        latency_ms: Milliseconds before each response.
        concurrency: Requests in flight, for contenders that have such a setting.
        odd: Whether `clientType.key` is an integer in every client.
        spread: Whether ids are random integers, and not sequential.
        tied: Whether all clients were modified at the same time.
        changes: Clients edited since the last sync; None: there was no last sync.
        config: More configuration of the taps.
        deselected: A field that is not selected.
        scales: Whether a quick run has fewer clients.
    """

    name: str
    title: str
    records: int
    contenders: tuple[str, ...] = ("ours",)
    stream: str = "clients"
    latency_ms: int = 0
    concurrency: int = 0
    odd: bool = False
    spread: bool = False
    tied: bool = False
    changes: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    deselected: str | None = None
    scales: bool = True

    @property
    def pages(self) -> int:
        """How many pages the clients fill."""
        size: int = self.config.get("page_size", PAGE_SIZE)
        return ceil(self.records / size)

    @property
    def round_trips(self) -> int:
        """Responses to wait for one after the other, at best."""
        if self.stream == "client_details":
            return ceil(self.records / self.concurrency)
        # Only the first page tells how many there are.
        return 1 + ceil((self.pages - 1) / self.concurrency)

    @property
    def ideal(self) -> float:
        """Seconds that waiting takes at best."""
        return self.round_trips * self.latency_ms / 1000


_SCENARIOS = (
    Scenario("start", "One client", 1, ALL, scales=False),
    Scenario("speed", "No latency, {records:,} clients", 50_000, ALL),
    Scenario("odd", "An odd type in every record", 50_000, ALL, odd=True),
    Scenario("deselected", "One field deselected", 50_000, TAPS, deselected="note"),
    Scenario("mapped", "One stream map", 50_000, TAPS, config=STREAM_MAP),
    Scenario("flattened", "Flattening", 50_000, TAPS, config=FLATTENING),
    Scenario(
        "waiting",
        "200 ms latency, {records:,} clients, 8 requests in flight",
        40_000,
        ALL,
        latency_ms=200,
        concurrency=8,
    ),
    Scenario(
        "details",
        "100 ms latency, details of {records} clients, 16 requests in flight",
        500,
        ALL,
        stream="client_details",
        latency_ms=100,
        concurrency=16,
        config={"read_details": True},
    ),
    Scenario("memory", "No latency, {records:,} clients", 500_000),
    Scenario("ids", "Random ids, {records:,} clients", 20_000, spread=True),
    Scenario("more-ids", "Random ids, {records:,} clients", 200_000, spread=True),
    Scenario(
        "tied",
        "9,000 clients with the same time, 900 pages",
        9_000,
        tied=True,
        config={"page_size": 10},
        scales=False,
    ),
    Scenario(
        "fresh",
        "6,000 clients changed within the lookback, 300 pages",
        6_000,
        config={"page_size": 20, "lookback_seconds": A_YEAR},
        scales=False,
    ),
    Scenario("night-0", NIGHT, 100_000, changes=0),
    Scenario("night-10", NIGHT, 100_000, changes=10),
    Scenario("night-1000", NIGHT, 100_000, changes=1000),
)


def scenarios(*, quick: bool = False) -> dict[str, Scenario]:
    """Return all scenarios by name."""
    found = {}
    for each in _SCENARIOS:
        records = each.records // (QUICK if quick and each.scales else 1)
        title = each.title.format(records=records, changes=each.changes)
        found[each.name] = replace(each, records=records, title=title)
    return found
