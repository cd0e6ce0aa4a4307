"""A paged search in memory that changes while somebody reads it."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, field, replace
from functools import partial

from tap_clientsuccess.pages import Page, PageRequest
from tap_clientsuccess.timestamps import format_time

if t.TYPE_CHECKING:
    from random import Random

ORDERS = ["newest first", "by id", "by name", "oldest first"]
TIES = ["ties in a new order each time", "ties in another order on each page"]
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(eq=False)
class Flight:
    """A request that is under way."""

    number: int
    size: int
    start: dt.datetime | None
    asked_at: dt.datetime
    page: Page | None = None


@dataclass
class ServerModel:
    """Records by id, each with the tick of its last change and a version."""

    random: Random
    size: int = 3
    heeds_size: bool = True
    shows_times: bool = True
    tells_total: float = 1.0
    empties: float = 0.0
    changes_per_read: int = 0
    order: str = "newest first"
    ticks: tuple[int, ...] = (0, 1, 1)
    clock: int = 0
    versions: dict[int, int] = field(default_factory=dict)
    modified: dict[int, int] = field(default_factory=dict)
    names: dict[int, float] = field(default_factory=dict)
    requests: int = 0
    next_id: int = 1
    in_flight: list[Flight] = field(default_factory=list)

    @property
    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.clock)

    def fill(self, records: int, tied: int = 0) -> None:
        """Change it until it has some records.

        Args:
            records: Changes to make.
            tied: Records that are given the same time.
        """
        for _ in range(records):
            self.change()
        for key in list(self.modified)[:tied]:
            self.modified[key] = self.clock // 2

    def change(self) -> None:
        """Insert, edit or delete; the clock may stand still meanwhile."""
        self.clock += self.random.choice(self.ticks)
        kind = self.random.choice(["insert", "edit", "edit", "delete"])
        if kind == "insert" or not self.versions:
            self._touch(self.next_id)
            self.next_id += 1
            return
        key = self.random.choice(sorted(self.versions))
        if kind == "edit":
            self._touch(key)
        else:
            del self.versions[key], self.modified[key]

    def _touch(self, key: int) -> None:
        self.versions[key] = self.versions.get(key, 0) + 1
        self.modified[key] = self.clock
        self.names[key] = self.random.random()

    def search(self, number: int, size: int, start: dt.datetime | None) -> Page:
        self.requests += 1
        found = [
            key
            for key, tick in self.modified.items()
            if start is None or START + dt.timedelta(seconds=tick) >= start
        ]
        found.sort(key=partial(self._place, page=(number, size)), reverse=True)
        keys = found[number * size : (number + 1) * size]
        pages = -(-len(found) // size)
        if self.random.random() < self.empties:
            keys = []
        return Page(
            number=number,
            records=[self.record(key) for key in keys],
            keys=keys,
            total=len(found) if self.random.random() < self.tells_total else None,
            pages=pages,
            size=size,
            last=number + 1 >= pages,
            stamps=[self.record(key)["modifiedTime"] for key in keys],
            is_dated=self.shows_times,
        )

    def _place(self, key: int, page: tuple[int, int]) -> tuple[float, float]:
        match self.order:
            case "by id":
                return -key, 0
            case "oldest first":
                return -self.modified[key], -key
            case "by name":
                return self.names[key], key
            case "ties in a new order each time":
                return self.modified[key], self.random.random()
            case "ties in another order on each page":
                return self.modified[key], hash((key, page))
        return self.modified[key], key

    def record(self, key: int) -> dict[str, t.Any]:
        changed = START + dt.timedelta(seconds=self.modified[key])
        return {
            "id": key,
            "version": self.versions[key],
            "modifiedTime": format_time(changed),
        }

    def fetch(
        self, wanted: PageRequest, start: dt.datetime | None
    ) -> t.Callable[[], Page]:
        """Begin to answer; what is in flight together is answered in any order."""
        size = wanted.size if self.heeds_size and wanted.size else self.size
        flight = Flight(wanted.number, size, start, self.now)
        self.in_flight.append(flight)

        def wait() -> Page:
            while flight.page is None:
                self._answer(self.random.choice(self.in_flight))
            return flight.page

        return wait

    def _answer(self, flight: Flight) -> None:
        for _ in range(self.random.randint(0, self.changes_per_read)):
            self.change()
        found = self.search(flight.number, flight.size, flight.start)
        flight.page = replace(found, sent_at=flight.asked_at)
        self.in_flight.remove(flight)
