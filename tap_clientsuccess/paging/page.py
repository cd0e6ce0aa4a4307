"""A page of a search: its request, and its response."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
MILLISECOND = dt.timedelta(milliseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def floor(time: dt.datetime, unit: dt.timedelta = MILLISECOND) -> dt.datetime:
    """Round a time down to a unit."""
    return time - (time - _EPOCH) % unit


@dataclass(frozen=True, slots=True)
class Window:
    """Which records to read.

    Attributes:
        start: Skip records modified before this; None reads all.
        bookmark: The newest change that an earlier read has sent, if any.
        lookback: How long a change may take to become visible on all replicas.
    """

    start: dt.datetime | None
    bookmark: dt.datetime | None
    lookback: dt.timedelta


class PageRequest(t.NamedTuple):
    """Which page to request.

    Attributes:
        number: Page number, from 0.
        size: Records per page; None uses the setting `page_size`.
        after: Filter: records modified after this; None for all.
        newest_first: Sort order.
    """

    number: int = 0
    size: int | None = None
    after: dt.datetime | None = None
    newest_first: bool = False

    @classmethod
    def since(cls, time: dt.datetime) -> t.Self:
        """Request records modified at a time or later.

        Starts a millisecond earlier, as the server's comparison may be exclusive.
        """
        if time - BEGINNING < MILLISECOND:
            return cls()
        return cls(after=floor(time) - MILLISECOND)


@dataclass(frozen=True)
class Page:
    """One page of a search. Values that the server does not send are None.

    Attributes:
        number: Page number, from 0.
        records: The records.
        keys: The primary key of each record; None if it has none.
        times: The modification time of each record, else its creation time, else None.
        total: ``totalElements``: number of records in the whole search.
        pages: ``totalPages``.
        size: Records in a full page; may be fewer than requested.
        last: Whether the server calls it the last page.
        sent_at: When the page was requested, by the server's clock.
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
        """Whether anything in the response suggests more pages."""
        if self.last is False:
            return True
        if self.pages is not None and self.number + 1 < self.pages:
            return True
        return bool(self.keys) and self.last is None and self.pages is None

    @cached_property
    def oldest(self) -> dt.datetime | None:
        """The oldest time of its records."""
        return min(filter(None, self.times), default=None)

    @cached_property
    def newest(self) -> dt.datetime | None:
        """The newest time of its records."""
        return max(filter(None, self.times), default=None)

    @property
    def full_size(self) -> int:
        """Records in a full page: what the server says, or fewer if it sent fewer."""
        count = len(self.keys)
        stated = self.size or count
        return max(1, min(stated, count) if count and self.has_next else stated)

    def without_records(self) -> Page:
        """Return the page without its records, which may take much memory."""
        return replace(self, records=())

    def shows(self, time: dt.datetime) -> bool:
        """Tell whether one of its records was modified in the millisecond of a time."""
        return any(shown and floor(shown) == floor(time) for shown in self.times)


Submit = Callable[[PageRequest], Callable[[], Page]]
"""Requests a page in the background; returns a function that waits for it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to send.

    Attributes:
        page: The page they are on.
        records: Those of its records to send, in the page's order.
        high_watermark: Once they are sent, so is every change up to this time: a safe
            bookmark. None if there is none yet.
    """

    page: Page
    records: Sequence[t.Any]
    high_watermark: dt.datetime | None = None


class Completeness(Enum):
    """Whether a read got everything."""

    COMPLETE = "complete"
    MISSING = "the server counts more records than it returned"
    UNCERTAIN = "records may be missing"


@dataclass(slots=True)
class Outcome:
    """How a read ended.

    Attributes:
        completeness: Whether everything was read.
        missing: How many records were not, if known.
        high_watermark: The bookmark that the read allows; None for none.
        started_earlier: Whether it started earlier than wanted, because the filter may
            hide records.
    """

    completeness: Completeness = Completeness.COMPLETE
    missing: int = 0
    high_watermark: dt.datetime | None = None
    started_earlier: bool = False
