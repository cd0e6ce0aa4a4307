"""What the contenders have to read, and from which server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORDS = 50_000


@dataclass(frozen=True)
class Scenario:
    """A task for the contenders.

    Attributes:
        name: Its name in the results and on the command line.
        title: Its name in the report.
        records: How many clients the server has.
        stream: The stream to read.
        latency_ms: Milliseconds before each response.
        concurrency: Requests in flight, for contenders that have such a setting.
        round_trips: Responses to wait for one after the other, at best.
        odd: Whether `clientType.key` is an integer in every client.
        changes: Clients edited since the last sync; None: there was no last sync.
        config: More configuration of this tap.
        deselected: A field that is not selected.
        peers: Whether all contenders take part, or this tap alone.
    """

    name: str
    title: str
    records: int = RECORDS
    stream: str = "clients"
    latency_ms: int = 0
    concurrency: int | None = None
    round_trips: int = 0
    odd: bool = False
    changes: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    deselected: str | None = None
    peers: bool = False

    @property
    def ideal(self) -> float:
        """Seconds that waiting takes at best."""
        return self.round_trips * self.latency_ms / 1000


SCENARIOS = (
    Scenario("start", "One client", records=1, peers=True),
    Scenario("speed", "No latency, 50,000 clients", peers=True),
    Scenario("odd", "The same, each with a field of an odd type", odd=True, peers=True),
    Scenario("deselected", "The same, a field deselected", deselected="note"),
    Scenario(
        "mapped",
        "The same, with a stream map",
        config={"stream_maps": {"clients": {"company": "name"}}},
    ),
    Scenario(
        "flattened",
        "The same, flattened",
        config={"flattening_enabled": True, "flattening_max_depth": 1},
    ),
    Scenario(
        "waiting",
        "200 ms latency, 40,000 clients in 200 pages, 8 requests in flight",
        records=40_000,
        latency_ms=200,
        concurrency=8,
        round_trips=26,
        peers=True,
    ),
    Scenario(
        "details",
        "100 ms latency, details of 500 clients, 16 requests in flight",
        records=500,
        stream="client_details",
        latency_ms=100,
        concurrency=16,
        round_trips=32,
        peers=True,
    ),
    Scenario("memory", "No latency, 500,000 clients", records=10 * RECORDS),
    Scenario("night-0", "A night without changes", records=100_000, changes=0),
    Scenario("night-10", "A night with 10 changes", records=100_000, changes=10),
    Scenario("night-1000", "A night with 1,000 changes", records=100_000, changes=1000),
)
