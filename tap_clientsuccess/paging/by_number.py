"""Read by page number, for searches that cannot filter or sort by time.

Pages are read in order, newest first, several in flight. Where the total is less than
on the page before, records moved to pages that were already read: these are read again.
What proves that a pass is complete stands in `Pass`.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import DEPTH, PageRequest
from tap_clientsuccess.paging.proof import PASSES

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from tap_clientsuccess.paging.chains import Phase
    from tap_clientsuccess.paging.page import Chain, Page
    from tap_clientsuccess.paging.proof import Proof

_REQUESTS_PER_PAGE = 3
_SPARE_REQUESTS = 20
"""Beyond this many requests, the list never settles."""


def read_by_number(proof: Proof, after: dt.datetime | None) -> Iterator[Phase]:
    """Give the phases of a read of all pages by number.

    If the proof knows how many records without a time are missing, only these are
    looked for. The server is asked for what was modified after a time, but need not
    filter.
    """
    undated = proof.undated
    for _ in range(PASSES):
        yield _Pages(proof, after).chains()
        if undated.total is not None:
            yield [undated.count()]
        if proof.verdict.is_complete or proof.sent.without_key:
            return  # Without keys, another pass cannot tell old from new.


class _Pages:
    """Decides which pages a pass requests, and when the list has ended."""

    def __init__(self, proof: Proof, after: dt.datetime | None) -> None:
        self._proof = proof
        self._after = after
        proof.begin_pass()
        self._in_flight = 0
        self._came = 0
        """How many distinct records came in this pass."""
        self._again: list[int] = []
        """The numbers of pages to be read again."""
        self._size = 0
        self._furthest = 0
        """How many places the pages that came span."""
        self._was_last = False
        self._is_stuck = False
        """Whether the server repeats itself, or refuses to go on."""

    def chains(self) -> Iterator[Chain[None] | None]:
        """Give a chain for each page, until the list ends."""
        this, number = self._proof.passes[-1], 0
        while not (self._is_stuck or self._has_found_undated):
            if self._again:
                yield self._read(self._again.pop())
            elif not self._in_flight and this.has_ended:
                return
            elif self._in_flight and number * self._size >= this.total:
                yield None
            else:
                yield self._read(number)
                number += 1

    @property
    def _has_found_undated(self) -> bool:
        """Whether only what has no time is looked for, and all of it is there."""
        undated = self._proof.undated
        is_counted = undated.total and not undated.is_capped(len(self._proof.sent))
        return bool(is_counted) and not undated.missing

    def _read(self, number: int) -> Chain[None]:
        self._in_flight += 1
        try:
            # A server that caps a page may reckon places with the size that was asked
            # for, so what it sends is asked for from the second page on.
            size = self._size if self._size > 1 else None  # The first may be empty.
            page = yield PageRequest(number, size, self._after, newest_first=True)
        except RefusedError:
            counted = self._proof.passes[-1].total or DEPTH
            if self._furthest < min(DEPTH, counted):
                raise
            self._is_stuck = True  # The server reads no deeper.
        else:
            self._add(number, page)
        finally:
            self._in_flight -= 1

    def _add(self, number: int, page: Page) -> None:
        """Take a page that the pass has taken."""
        this = self._proof.passes[-1]
        news, self._came = len(this.sent) - self._came, len(this.sent)
        self._size = self._size or max(1, len(page.keys))
        place = number * self._size
        if this.fall:
            back = -(-this.fall // self._size)
            self._again += range(max(0, number - back), number)
        if place >= self._furthest:
            is_repeated = this.pages > 1 and not news and not this.fall
            says_last = bool(page.is_said_to_be_last)
            this.has_ended = not page.goes_on(place) or (
                is_repeated
                and (page.total is None or not page.keys)
                and (says_last or self._was_last)
            )
            self._is_stuck |= is_repeated and not this.has_ended
            self._was_last = says_last
            self._furthest = place + self._size
        most = _REQUESTS_PER_PAGE * (len(this.sent) // self._size + 1)
        self._is_stuck |= this.pages > most + _SPARE_REQUESTS
