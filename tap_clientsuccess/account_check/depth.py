"""How deep a search reads, and whether its total is true: asked a record at a time."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.page import DEPTH

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from tap_clientsuccess.paging.page import Page


class DepthSearch:
    """Finds the deepest record that a search returns, by place, from 0.

    Attributes:
        total: Whether the total is exact, inexact or capped; None if that is open.
        reads_to: How many records it returns; None if all, or if that is open.
        beyond: What it answers further on: a status, ``empty`` or ``repeat``.
        deepest: Place and time of a record at the end of what it returns; None where
            that is the last one. From the other end, its place tells the total.
    """

    def __init__(
        self,
        total: int,
        *,
        known: int,
        likely: int | None = None,
        newest: dt.datetime | None = None,
    ) -> None:
        """Begin at the last record.

        Args:
            total: What the server counts.
            known: How many of the first records are known to be returned.
            likely: How deep another search reads.
            newest: The time of the last record, where the search sorts.
        """
        self.total: str | None = None
        self.reads_to: int | None = None
        self.beyond: str | None = None
        self.deepest: tuple[int, dt.datetime | None] | None = None
        self._total = total
        self._newest = newest
        self._likely = [place for place in (likely, DEPTH) if place]
        self._last: Hashable = None
        self._low = min(known, total) - 1
        self._steps = self._questions()
        self._answer: tuple[Page | None, int | None] = (None, None)

    def next(self) -> int | None:
        """Return the place to ask for; None if everything is found."""
        try:
            return next(self._steps)
        except StopIteration:
            return None

    def tell(self, page: Page | None, status: int | None) -> None:
        """Take the answer: the page of one record, or None and a status."""
        self._answer = page, status

    def _questions(self) -> t.Iterator[int]:
        yield self._total - 1
        last, status = self._answer
        self._last = last.keys[0] if last and last.keys else None
        yield self._total
        following, beyond = self._answer
        goes_on = bool(following and following.keys)
        repeats = goes_on and following and following.keys[0] == self._last
        if self._last is None:
            yield from self._bisect(_kind(last, status))
            return
        if self._shows_newest(last):
            is_more = goes_on and not repeats
            self.total = "inexact" if is_more else "exact"
            return
        if self._total > 1 and self._total - 2 > self._low:
            yield self._total - 2
            before, _ = self._answer
            if before and before.keys and before.keys[0] == self._last:
                yield from self._bisect("repeat")
                return
        if self._newest is None:
            is_more = goes_on and not repeats
            self.total = "inexact" if is_more else "exact"
            return
        # There are newer records than the last that is counted.
        self.total = "capped"
        if not goes_on or repeats:
            self.reads_to = self._total
            self.beyond = "repeat" if repeats else _kind(following, beyond)

    def _shows_newest(self, last: Page | None) -> bool:
        return bool(
            self._newest and last and last.newest and last.newest >= self._newest
        )

    def _bisect(self, kind: str) -> t.Iterator[int]:
        """Find the first place where nothing new is."""
        self.beyond = kind
        # Where pages repeat, the first one that does is the last record itself.
        shift = kind == "repeat"
        edges = [d - shift - before for d in self._likely for before in (1, 0)]
        low, high = self._low, self._total - 1
        while high - low > 1:
            likely = [place for place in edges if low < place < high]
            place = likely[0] if likely else (low + high) // 2
            yield place
            page, _ = self._answer
            is_there = bool(page and page.keys) and (
                kind != "repeat" or page.keys[0] != self._last  # type: ignore[union-attr]
            )
            low, high = (place, high) if is_there else (low, place)
            if is_there and page:
                self.deepest = place, page.newest
                if self._shows_newest(page):  # The rest is counted and not there.
                    self.total, self.beyond = "inexact", None
                    return
        self.reads_to = high + shift


def _kind(page: Page | None, status: int | None) -> str:
    """Say in a word what came instead of a record."""
    if page is not None:
        return "empty"
    return "no complete response" if status is None else str(status)
