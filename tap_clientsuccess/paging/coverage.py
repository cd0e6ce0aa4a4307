"""Which times have been read without a gap."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.page import BEGINNING

if t.TYPE_CHECKING:
    import datetime as dt


class Coverage:
    """Half-open intervals, merged: the first time of each belongs to it."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._intervals = [(start or BEGINNING, start or BEGINNING)]

    @property
    def reached(self) -> dt.datetime:
        """The time up to which everything has been read."""
        return self._intervals[0][1]

    def gaps(self, newest: dt.datetime) -> list[dt.datetime]:
        """Return where the gaps begin, up to the newest time that is to be read."""
        return [end for _, end in self._intervals if end <= newest]

    def add(self, since: dt.datetime, until: dt.datetime) -> dt.datetime:
        """Add an interval; return where the gap behind it begins."""
        merged: list[tuple[dt.datetime, dt.datetime]] = []
        for begin, end in sorted([*self._intervals, (since, max(since, until))]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self._intervals = merged
        return next(end for begin, end in merged if begin <= since <= end)
