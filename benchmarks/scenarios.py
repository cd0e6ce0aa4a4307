"""What the contenders have to read, and from which server."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE_SIZE = 200
"""Clients on a page of the server, at most."""
QUICK = 10
"""A quick run reads this many times fewer records."""
TAPS = ("ours", "plain")
STREAM_MAP = {"stream_maps": {"clients": {"company": "name"}}}
FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 1}
ALL = (*TAPS, "dlt", "airbyte", "bare")
A_YEAR = 31_536_000


@dataclass(frozen=True)
class Scenario:
    """A task for the contenders.

    Attributes:
        name: Its name in the results and on the command line.
        title: Its name in the report.
        records: How many clients the server has.
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


def scenarios(*, quick: bool = False) -> dict[str, Scenario]:
    """Return all scenarios by name."""
    scale = QUICK if quick else 1
    few, many, night = 20_000 // scale, 50_000 // scale, 100_000 // scale
    nights = [
        Scenario(
            f"night-{changes}",
            f"A night with {changes:,} changes in {night:,} clients",
            night,
            changes=changes,
        )
        for changes in (0, 10, 1000)
    ]
    found = [
        Scenario("start", "One client", 1, ALL),
        Scenario("speed", f"No latency, {many:,} clients", many, ALL),
        Scenario("odd", "An odd type in every record", many, ALL, odd=True),
        Scenario("deselected", "One field deselected", many, TAPS, deselected="note"),
        Scenario("mapped", "One stream map", many, TAPS, config=STREAM_MAP),
        Scenario("flattened", "Flattening", many, TAPS, config=FLATTENING),
        Scenario(
            "waiting",
            f"200 ms latency, {40_000 // scale:,} clients, 8 requests in flight",
            40_000 // scale,
            ALL,
            latency_ms=200,
            concurrency=8,
        ),
        Scenario(
            "details",
            f"100 ms latency, details of {500 // scale} clients, 16 requests in flight",
            500 // scale,
            ALL,
            stream="client_details",
            latency_ms=100,
            concurrency=16,
            config={"read_details": True},
        ),
        Scenario("memory", f"No latency, {10 * many:,} clients", 10 * many),
        *(
            Scenario(name, f"Random ids, {clients:,} clients", clients, spread=True)
            for name, clients in (("ids", few), ("more-ids", 10 * few))
        ),
        Scenario(
            "tied",
            "9,000 clients with the same time, 900 pages",
            9_000,
            tied=True,
            config={"page_size": 10},
        ),
        Scenario(
            "fresh",
            "6,000 clients changed within the lookback, 300 pages",
            6_000,
            config={"page_size": 20, "lookback_seconds": A_YEAR},
        ),
        *nights,
    ]
    return {scenario.name: scenario for scenario in found}
