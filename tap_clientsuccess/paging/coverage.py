"""Which times a read has covered, and which records it has sent."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.keys import KeySet
from tap_clientsuccess.paging.page import BEGINNING

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from tap_clientsuccess.paging.page import Page

_FEW = 5_000
"""Number of recent times that are always kept."""


class Coverage:
    """Times that have been read without a gap: half-open intervals, merged."""

    def __init__(self, start: dt.datetime | None) -> None:
        start = start or BEGINNING
        self._intervals = [(start, start)]

    @property
    def reached(self) -> dt.datetime:
        """The time up to which everything has been read."""
        return self._intervals[0][1]

    def add(self, since: dt.datetime, until: dt.datetime) -> None:
        """Add an interval, ``since`` included, ``until`` not."""
        if until <= since:
            return
        merged: list[tuple[dt.datetime, dt.datetime]] = []
        for begin, end in sorted([*self._intervals, (since, until)]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self._intervals = merged

    def gaps(self) -> list[dt.datetime]:
        """Return where the gaps begin."""
        return [end for _, end in self._intervals[:-1]]


class SentRecords:
    """Which records were sent: the keys of all, and the times of the recent ones.

    Attributes:
        count: How many were sent, repetitions included.
    """

    def __init__(self) -> None:
        self.count = 0
        self._keys = KeySet()
        self._without_key = 0
        self._recent: dict[Hashable, dt.datetime | None] = {}
        self._most_recent = _FEW

    def __len__(self) -> int:
        """Return how many distinct records were sent."""
        return len(self._keys) + self._without_key

    def add_new(
        self, page: Page, *, before: dt.datetime | None, settled: dt.datetime
    ) -> list[t.Any]:
        """Return the records of a page that are still to be sent, and mark them sent.

        Args:
            page: The page.
            before: Hold back records modified at this time or later; None holds back
                none.
            settled: Records modified before this will not be read again unless they
                change, so their times can be forgotten.
        """
        if len(self._recent) > self._most_recent:
            self._recent = {
                key: time
                for key, time in self._recent.items()
                if time is None or time >= settled
            }
            self._most_recent = 2 * (len(self._recent) + len(page.keys))
        if before and page.newest and page.newest < before:
            before = None
        recent = self._recent
        records, keys = [], []
        for record, key, time in zip(page.records, page.keys, page.times, strict=True):
            if before is not None and time is not None and time >= before:
                continue
            if key is None:
                self._without_key += 1
            elif key in recent and recent[key] == time:
                continue
            else:
                recent[key] = time
                keys.append(key)
            records.append(record)
        self._keys.add(keys)
        self.count += len(records)
        return records
