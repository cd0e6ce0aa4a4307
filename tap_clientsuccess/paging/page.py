"""A page of a search: what is asked for, and what the server says."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum

BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
MILLISECOND = dt.timedelta(milliseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def floor(time: dt.datetime, unit: dt.timedelta = MILLISECOND) -> dt.datetime:
    """Round a time down to a unit."""
    return time - (time - _EPOCH) % unit


@dataclass(frozen=True, slots=True)
class Window:
    """Which records a read wants.

    Attributes:
        start: Records modified before this are not wanted; None wants all.
        bookmark: The newest change that an earlier read has sent, if any.
        lookback: How long a change may take to be visible everywhere.
    """

    start: dt.datetime | None
    bookmark: dt.datetime | None
    lookback: dt.timedelta


class PageRequest(t.NamedTuple):
    """Which page to ask for.

    Attributes:
        number: Which page, from 0.
        size: Records per page; None for the page size of the settings.
        after: The filter: records modified after this; None for all.
        newest_first: The order.
    """

    number: int = 0
    size: int | None = None
    after: dt.datetime | None = None
    newest_first: bool = False

    @classmethod
    def since(cls, time: dt.datetime) -> t.Self:
        """Ask for what was modified at a time or later.

        A millisecond earlier, as the server's comparison may be exclusive.
        """
        if time - BEGINNING < MILLISECOND:
            return cls()
        return cls(after=floor(time) - MILLISECOND)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search. What the server does not tell is None.

    Attributes:
        number: Which page, from 0.
        records: Its records.
        keys: The primary key of each record; None for a record without one.
        times: When each record was modified, or created where the server does not show
            when it was modified; None where it shows neither.
        total: ``totalElements``: records in the whole search at that moment.
        pages: ``totalPages``.
        size: Records in a full page; the server may give fewer than asked for.
        last: Whether the server calls it the last page.
        sent_at: When the page was asked for, by the server's clock.
    """

    number: int
    records: Sequence[t.Any]
    keys: Sequence[Hashable]
    times: Sequence[dt.datetime | None] = ()
    total: int | None = None
    pages: int | None = None
    size: int | None = None
    last: bool | None = None
    sent_at: dt.datetime = field(kw_only=True)

    @property
    def has_next(self) -> bool:
        """Whether anything that the server tells speaks for more pages."""
        if self.last is False:
            return True
        if self.pages is not None and self.number + 1 < self.pages:
            return True
        return bool(self.records) and self.last is None and self.pages is None

    @property
    def oldest(self) -> dt.datetime | None:
        """The oldest time of its records."""
        return min((time for time in self.times if time), default=None)

    @property
    def newest(self) -> dt.datetime | None:
        """The newest time of its records."""
        return max((time for time in self.times if time), default=None)

    @property
    def full_size(self) -> int:
        """Records in a full page: what is told, or what is there where that is less."""
        count = len(self.records)
        told = self.size or count
        return max(1, min(told, count) if count and self.has_next else told)

    def shows(self, time: dt.datetime) -> bool:
        """Tell whether one of its records was modified in the millisecond of a time."""
        return any(shown and floor(shown) == floor(time) for shown in self.times)


Submit = Callable[[PageRequest], Callable[[], Page]]
"""Sends a request for a page in the background; returns what waits for the page."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to send.

    Attributes:
        page: The page they are on.
        records: Those of its records that are to be sent, in the page's order.
        high_watermark: When they have been sent, every change up to this has been
            sent: a bookmark that is safe. None where there is none yet.
    """

    page: Page
    records: Sequence[t.Any]
    high_watermark: dt.datetime | None = None


class Completeness(Enum):
    """Whether a read got all that there is."""

    COMPLETE = "complete"
    MISSING = "the server counts more records than it gave"
    UNCERTAIN = "records may be missing"


@dataclass(slots=True)
class Outcome:
    """How a read ended.

    Attributes:
        completeness: Whether all came.
        missing: How many did not, where that is known.
        high_watermark: The bookmark that the read allows; None for none.
    """

    completeness: Completeness = Completeness.COMPLETE
    missing: int = 0
    high_watermark: dt.datetime | None = None
