"""Read by page number, for searches that cannot filter or sort by time.

The order is unknown, so only a count proves that a pass is complete: it must return as
many distinct records that existed when it began as the server counted then.
``docs/completeness.md`` explains why.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.keys import KeySet
from tap_clientsuccess.paging.page import Batch, Completeness, Outcome, PageRequest

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator

    from tap_clientsuccess.paging.page import Page, Submit

PASSES = 3
CAP = 10_000
"""Search engines stop counting here by default, so this total proves nothing."""

_REQUESTS_PER_PAGE = 3
_SPARE_REQUESTS = 20


class NumberReader:
    """Reads all pages of a search, newest first; iterate over it once.

    Yields batches of records. A record may come more than once.

    Attributes:
        outcome: How the read ended, after the iteration.
    """

    def __init__(
        self, submit: Submit, *, start: dt.datetime | None, width: Callable[[], int]
    ) -> None:
        """Prepare to read.

        Args:
            submit: Sends a request for a page in the background.
            start: The server is asked for what was modified after this, but need not
                filter; None asks for all.
            width: Returns how many requests may be in flight now.
        """
        self.outcome = Outcome()
        self._submit = submit
        self._start = start
        self._width = width
        self._seen = KeySet()
        self._newest: dt.datetime | None = None

    def __iter__(self) -> Iterator[Batch]:
        quiet = []
        for _ in range(PASSES):
            count = _Count(self._seen)
            yield from self._pass(count)
            self._seen.update(count.seen)
            self.outcome.completeness = count.completeness
            self.outcome.missing = max(0, count.total - len(self._seen))
            if count.completeness is Completeness.COMPLETE:
                self._set_high_watermark(count)
                return
            if count.without_key:
                return  # Without keys, another pass cannot tell old from new.
            quiet.append(count.is_quiet and (count.total, len(self._seen)))
        if all(quiet) and len(set(quiet)) == 1:
            # The server's total is wrong: accept that.
            is_short = self.outcome.missing > 0
            self.outcome.completeness = (
                Completeness.MISSING if is_short else Completeness.COMPLETE
            )
            self._set_high_watermark(count)

    def _set_high_watermark(self, count: _Count) -> None:
        times = [time for time in (self._newest, count.began) if time]
        self.outcome.high_watermark = min(times) if self._newest else None

    def _pass(self, count: _Count) -> Iterator[Batch]:
        """Read all pages, several at once; step back if records were deleted."""
        number, furthest, width = 0, 0, 1
        while True:
            pages = self._fetch(range(number, number + width))
            deleted, seen = count.deleted, len(count)
            for page in pages:
                count.add(page)
                self._newest = max(
                    filter(None, [self._newest, page.newest]), default=None
                )
                yield Batch(page, page.records)
            number += len(pages)
            is_further, furthest = number > furthest, max(number, furthest)
            deleted = count.deleted - deleted
            if deleted:
                # That many records moved to pages that were already read.
                back = len(pages) + -(-deleted // page.full_size)
                number = max(0, number - back)
            if not page.has_next and not deleted:
                count.has_ended = True
                return
            is_repeated = is_further and len(count) == seen and not deleted
            if is_repeated or count.is_too_long(page):
                return  # The server repeats itself.
            width = max(1, min(self._width(), (page.pages or 0) - number))

    def _fetch(self, numbers: Iterable[int]) -> list[Page]:
        waits = [
            self._submit(PageRequest(number, after=self._start, newest_first=True))
            for number in numbers
        ]
        return [wait() for wait in waits]


class _Count:
    """What one pass has read.

    Attributes:
        seen: The keys read.
        without_key: Number of records without a key.
        began: When the pass began, by the server's clock.
        total: The server's latest count.
        deleted: Sum of all drops of that count.
        has_ended: Whether the last page was reached.
    """

    def __init__(self, seen_before: KeySet) -> None:
        self.seen = KeySet()
        self.without_key = 0
        self.began: dt.datetime | None = None
        self.total = self.deleted = 0
        self.has_ended = False
        self._seen_before = seen_before
        self._existed = KeySet()
        self._totals: list[int | None] = []

    def __len__(self) -> int:
        """Return the number of records read, each key counted once."""
        return len(self.seen) + self.without_key

    def add(self, page: Page) -> None:
        """Count a page."""
        is_first = not self._totals
        self._totals.append(page.total)
        if is_first:
            self.total = page.total or 0
            self.began = _began(page)
        elif page.total is not None:
            self.deleted += max(0, self.total - page.total)
            self.total = page.total
        keyed = [
            (key, time)
            for key, time in zip(page.keys, page.times, strict=True)
            if key is not None
        ]
        self.without_key += len(page.keys) - len(keyed)
        self._existed.add(
            key
            for key, time in keyed
            if is_first
            or time is None
            or (self.began is not None and time <= self.began)
            or key in self._seen_before
        )
        self.seen.add(key for key, _ in keyed)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing changed during the pass, and the count is not capped."""
        return self.has_ended and set(self._totals) == {self.total} != {CAP}

    def is_too_long(self, page: Page) -> bool:
        """Tell whether far more pages were read than exist."""
        needed = len(self) // page.full_size + 1
        return len(self._totals) > _REQUESTS_PER_PAGE * needed + _SPARE_REQUESTS

    @property
    def completeness(self) -> Completeness:
        """Whether the pass read everything that existed when it began."""
        expected = self._totals[0]
        if not self.has_ended:
            return Completeness.UNCERTAIN
        is_empty = not any(self._totals) and not len(self)
        if is_empty or set(self._totals) == {None}:
            return Completeness.COMPLETE  # Nothing to read, or no totals at all.
        if expected == CAP or expected is None or None in self._totals:
            return Completeness.UNCERTAIN
        found = len(self._existed) + self.without_key
        if found >= expected:
            # A total that is too small is wrong and proves nothing.
            is_proof = found == expected
            return Completeness.COMPLETE if is_proof else Completeness.UNCERTAIN
        is_short = self.total > len(self)
        return Completeness.MISSING if is_short else Completeness.UNCERTAIN


def _began(first: Page) -> dt.datetime:
    """Return when a pass began, if possible by the clock that sets record times."""
    times = [time for time in first.times if time is not None]
    if times and times == sorted(times, reverse=True):
        return min(times[0], first.sent_at)
    return first.sent_at
