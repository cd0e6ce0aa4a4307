"""A target in memory, and the syncs that fill it."""

from __future__ import annotations

import datetime as dt
import typing as t

from server_model import MILLISECOND, START

from tap_clientsuccess.paging.page import Window
from tap_clientsuccess.paging.reader import Reader

if t.TYPE_CHECKING:
    from server_model import ServerModel

NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
LOOKBACK = dt.timedelta(seconds=60)


class Warehouse:
    """The contents of a target after some syncs."""

    def __init__(self, *, width: int = 1, lookback: dt.timedelta = LOOKBACK) -> None:
        self.width = width
        self.lookback = lookback
        self.rows: dict[int, dict[str, t.Any]] = {}
        self.bookmark: dt.datetime | None = None
        self.is_first = True
        self.reader: Reader
        self.records = 0
        self.batches = 0
        self.checks_each_bookmark = False
        self.went_back = False
        """Whether an older version of a record arrived after a newer one."""

    def sync(
        self, server: ServerModel, *, by_time: bool = True, batches: int | None = None
    ) -> None:
        """Read once.

        Args:
            server: What is read.
            by_time: Whether to try to read by time.
            batches: The read is killed after so many batches.
        """
        before = self.bookmark
        self.reader = Reader(
            server.submit,
            Window(self.bookmark, None, self.lookback, wants_undated=self.is_first),
            width=lambda: self.width,
            by_time=by_time,
        )
        self.records = self.batches = 0
        for batch in self.reader:
            self.batches += 1
            for record in batch.records:
                before_it = self.rows.get(record["id"], record)
                self.went_back |= before_it["version"] > record["version"]
                self.rows[record["id"]] = record
                self.records += 1
            if not self.reader.trusts_times:
                self.bookmark = before
            self._move_bookmark(batch.bookmark)
            if self.checks_each_bookmark:
                # Another record may get the time of one that was just read.
                until = self.bookmark and self.bookmark - MILLISECOND
                assert self.lacks(server, until=until) == []
            if self.batches == batches:
                server.drop_requests()
                return
        self._move_bookmark(self.reader.bookmark)
        verdict = self.reader.proof.verdict
        self.is_first &= not (verdict.is_complete or verdict.is_accepted)

    def _move_bookmark(self, time: dt.datetime | None) -> None:
        if time is not None:
            self.bookmark = max(time, self.bookmark or time)

    @property
    def is_told(self) -> bool:
        """Whether the last sync warned that records may be missing."""
        return not self.reader.proof.verdict.is_complete

    def lacks(
        self, server: ServerModel, until: dt.datetime | None = NEVER
    ) -> list[int]:
        """Return the records up to a time whose newest version is missing here."""
        return [
            key
            for key, record in server.records.items()
            if self.rows.get(key) != record
            and until is not None
            and (record["modified"] or START) <= until
        ]
