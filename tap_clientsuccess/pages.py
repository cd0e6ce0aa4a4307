"""A page of a search: what is asked for, and what the server tells of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Sequence


class PageRequest(t.NamedTuple):
    """Which page to ask for.

    Attributes:
        number: Which page, from 0.
        size: Records to a page; None for as many as usual.
    """

    number: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search, as the server tells it. What it does not tell is None.

    Attributes:
        number: Which page, from 0.
        records: Its records.
        keys: The primary key of each record that has one.
        total: ``totalElements``: records in the whole search at that moment.
        pages: ``totalPages``.
        size: Records in a full page; the server may give fewer than asked for.
        last: Whether the server calls it the last page.
        stamps: When each record was changed, as the server writes it; or nothing,
            where that is not to be looked at.
        is_dated: Whether the search is sorted by `stamps`; where the server hides
            when a record was modified, they are other times of it.
        sent_at: When the page was asked for, by the server's clock.
    """

    number: int
    records: Sequence[t.Any]
    keys: Sequence[Hashable]
    total: int | None = None
    pages: int | None = None
    size: int | None = None
    last: bool | None = None
    stamps: Sequence[t.Any] = ()
    is_dated: bool = True
    sent_at: dt.datetime | None = None

    @property
    def tells_all(self) -> bool:
        """Whether it has records, and each has a key and the time it is sorted by."""
        is_full = len(self.stamps) == len(self.keys) == len(self.records) > 0
        return is_full and self.is_dated

    def without_records(self) -> Page:
        """Return the same page to be kept; its records are but counted."""
        return replace(self, records=range(len(self.records)))

    @property
    def has_next(self) -> bool:
        """Whether anything that the server tells speaks for more pages."""
        if self.last is False:
            return True
        if self.pages is not None and self.number + 1 < self.pages:
            return True
        return bool(self.records) and self.last is None and self.pages is None
