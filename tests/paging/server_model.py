"""A paged search in memory that changes while it is read."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, field

from tap_clientsuccess.paging.page import BEGINNING, DEPTH, Page

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tap_clientsuccess.paging.page import PageRequest

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
MILLISECOND = dt.timedelta(milliseconds=1)

DISTINCT = (1.0, 2.0, 3.0)
TIED = (0.0, 0.0, 0.0, 1.0)
"""Seconds between two changes."""


class Record(dict[str, t.Any]):
    """A record as the API has it, and what the reader asks of it."""

    @property
    def key(self) -> t.Any:
        number = self["id"]
        return number if number is None else int(number)

    @property
    def modified(self) -> dt.datetime | None:
        return t.cast("dt.datetime | None", self["modified"])

    time = modified


def round_down(time: dt.datetime, unit: dt.timedelta) -> dt.datetime:
    return time - (time - START) % unit


FILTERS: dict[str, Callable[[dt.datetime, dt.datetime], bool]] = {
    "inclusive": lambda time, after: time >= after,
    "exclusive": lambda time, after: time > after,
    "by the second": lambda time, after: time >= round_down(after, SECOND),
    "exclusive by the second": lambda time, after: (
        round_down(time, SECOND) > round_down(after, SECOND)
    ),
    "by the day": lambda time, after: time >= round_down(after, DAY),
    "exclusive by the day": lambda time, after: (
        round_down(time, DAY) > round_down(after, DAY)
    ),
    "ignored": lambda _time, _after: True,
    "zone ahead": lambda time, after: time >= after + 5 * HOUR,
    "zone behind": lambda time, after: time >= after - 5 * HOUR,
}


@dataclass
class ServerModel:
    """Records by id, with the time of their last change and a version.

    Attributes:
        size: Records on a page at most.
        other_sizes: Sizes that a page may have as well, now and then.
        hints_at: The page size that `last` and `pages` are reckoned from, if another.
        places_at: The page size that places are reckoned from if none is asked for: it
            caps a page, and forgets that.
        clock: How far the clock of the responses is ahead of that of the records.
        undated: How many records have no time.
        missing_time: What the filter takes a missing time for, if anything.
        undated_are: Where these are sorted: first, last (first where the order is
            reversed), or always last.
    """

    random: Random
    size: int = 5
    other_sizes: tuple[int, ...] = ()
    hints_at: int | None = None
    places_at: int | None = None
    clock: dt.timedelta = dt.timedelta()
    heeds_size: bool = True
    filter: str = "inclusive"
    order: str = "time"
    ticks: tuple[float, ...] = DISTINCT
    changes_per_read: float = 0.0
    lag: dt.timedelta | None = None
    tells_total: bool = True
    most_counted: int | None = None
    is_shallow: bool = True
    undated: int = 0
    undated_are: str = "first"
    shows_undated: bool = False
    missing_time: dt.datetime | None = None
    total_heeds_filter: bool = True
    now: dt.datetime = START
    records: dict[int, Record] = field(default_factory=dict)
    requests: list[PageRequest] = field(default_factory=list)
    sent: int = 0
    changes: int = 0
    depth: int = DEPTH
    on_request: Callable[[], None] = lambda: None
    _waiting: list[_Waiting] = field(default_factory=list)
    _history: list[tuple[dt.datetime, dict[int, Record]]] = field(default_factory=list)
    _next_id: int = 1
    _deleted: list[Record] = field(default_factory=list)

    def fill(self, count: int, tied: int = 0) -> None:
        """Insert records; then give some of them in the middle the same time."""
        for _ in range(count):
            self.insert()
        middle = sorted(self.records)[count // 3 : count // 3 + tied]
        for key in middle:
            self.records[key]["modified"] = self.records[middle[-1]]["modified"]
        for key in sorted(self.records)[: self.undated]:
            self.records[key]["modified"] = None
        self.now += DAY

    def insert(self) -> None:
        self._tick()
        self.records[self._next_id] = Record(
            id=self._next_id, version=1, modified=self.now
        )
        self._next_id += 1

    def edit(self, key: int) -> None:
        self._tick()
        self._touch(key)

    def _touch(self, key: int) -> None:
        version = self.records[key]["version"] + 1
        self.records[key] = Record(id=key, version=version, modified=self.now)

    def edit_half(self) -> None:
        """Edit half of the records, all at one time."""
        self._tick()
        for key in self.random.sample(sorted(self.records), len(self.records) // 2):
            self._touch(key)

    def delete(self, key: int) -> None:
        self._tick()
        self._deleted.append(self.records.pop(key))

    def restore(self, *, index: int = -1) -> int:
        """Restore a deleted record with its old time."""
        self._tick()
        record = self._deleted.pop(index)
        self.records[record["id"]] = record
        return int(record["id"])

    def _tick(self) -> None:
        self.changes += 1
        self.now += self.random.choice(self.ticks) * SECOND
        if self.lag:
            copies = {key: Record(record) for key, record in self.records.items()}
            self._history.append((self.now, copies))

    def change(self) -> None:
        """Insert, edit or delete."""
        kind = self.random.choice(["insert", "edit", "edit", "delete"])
        if kind == "insert" or not self.records:
            self.insert()
        elif kind == "edit":
            self.edit(self.random.choice(sorted(self.records)))
        else:
            self.delete(self.random.choice(sorted(self.records)))

    def _seen_by_replica(self) -> dict[int, Record]:
        if not self.lag:
            return self.records
        as_of = self.now - self.random.random() * self.lag
        seen = self.records
        for time, before in reversed(self._history):
            if time < as_of:
                break
            seen = before
        return seen

    def search(self, request: PageRequest) -> Page:
        self.requests.append(request)
        self.on_request()
        size = self.random.choice([self.size, *self.other_sizes])
        if request.size and self.heeds_size:
            size = min(request.size, size)
        place = request.number * (request.size or self.places_at or size)
        if self.is_shallow:
            assert place + size <= self.depth or self.order != "time", request
        found = [
            record
            for record in self._seen_by_replica().values()
            if request.after is None
            or (
                FILTERS[self.filter](time, request.after)
                if (time := record["modified"] or self.missing_time)
                else self.shows_undated
            )
        ]
        found.sort(key=self._place, reverse=self._is_descending(request))
        if self.undated_are == "always last":
            found.sort(key=lambda record: record["modified"] is None)
        records = [Record(record) for record in found[place : place + size]]
        self.sent += len(records)
        count = len(found if self.total_heeds_filter else self.records)
        total: int | None = count
        if self.most_counted is not None:
            total = min(count, self.most_counted)
        pages = -(-t.cast("int", total) // (self.hints_at or size))
        times = [record["modified"] for record in records]
        return Page(
            number=request.number,
            records=records,
            keys=[record["id"] for record in records],
            times=times,
            total=total if self.tells_total else None,
            size=self.hints_at or size,
            last=request.number + 1 >= pages,
            sent_at=self.now + self.clock,
        )

    def _is_descending(self, request: PageRequest) -> bool:
        if self.order == "reversed":
            return not request.newest_first
        return request.newest_first and self.order not in {
            "by id",
            "always oldest first",
        }

    def _place(self, record: Record) -> tuple[t.Any, ...]:
        extreme = BEGINNING if self.undated_are == "first" else START + 1000 * DAY
        time = record["modified"] or extreme
        match self.order:
            case "by id":
                return (record["id"],)
            case "by name":
                return (hash((record["id"], "name")),)
            case "ties in another order each time":
                return time, self.random.random()
        return time, record["id"]

    def drop_requests(self) -> None:
        """Forget the requests in flight: nobody waits for them any more."""
        self._waiting.clear()

    def submit(self, request: PageRequest) -> Callable[[], Page]:
        """Start a request; those in flight together are answered in any order."""
        waiting = _Waiting(request)
        self._waiting.append(waiting)

        def wait() -> Page:
            while waiting.page is None:
                self._answer(self.random.choice(self._waiting))
            return waiting.page

        return wait

    def _answer(self, waiting: _Waiting) -> None:
        for _ in range(self._number_of_changes()):
            self.change()
        self._waiting.remove(waiting)
        waiting.page = self.search(waiting.request)

    def _number_of_changes(self) -> int:
        whole = int(self.changes_per_read)
        rest = self.changes_per_read - whole
        more = int(self.random.random() < rest)
        return self.random.randint(0, 2 * whole) + more


@dataclass(eq=False)
class _Waiting:
    """A request in flight."""

    request: PageRequest
    page: Page | None = None
