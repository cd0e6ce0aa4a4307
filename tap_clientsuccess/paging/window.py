"""What one read of a search is to bring, and where it starts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tap_clientsuccess.paging.page import EPOCH

FURTHER_BACK = dt.timedelta(days=1, hours=14)
"""A day and the farthest time zone: how far off a server's filter may be."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one read of a search is to bring.

    Attributes:
        bookmark: Every change up to this time has been sent by earlier reads, if any.
        start_date: Records that were last modified before this are not wanted.
        lookback: How long a change may take to become visible on all replicas.
        is_first: Whether records without a time are to be read: in a full read, and in
            each read until a first one was complete.
        is_place: Whether the bookmark is where a full read was interrupted, which need
            not be the time of a record.
    """

    bookmark: dt.datetime | None = None
    start_date: dt.datetime | None = None
    lookback: dt.timedelta = dt.timedelta()
    is_first: bool = True
    is_place: bool = False

    @property
    def start(self) -> dt.datetime | None:
        """Where to start: the lookback before the bookmark, or `start_date`."""
        if self.bookmark is None:
            return self.start_date
        start = max(self.bookmark, EPOCH) - self.lookback
        return max(start, self.start_date or EPOCH)

    @property
    def known(self) -> dt.datetime | None:
        """The bookmark, if the record with that time has to come again."""
        is_wanted = self.bookmark and self.start and self.bookmark >= self.start
        return self.bookmark if is_wanted and not self.is_place else None

    @property
    def oldest(self) -> dt.datetime | None:
        """The time before which no record is sent."""
        return self.start_date if self.is_first else self.start
