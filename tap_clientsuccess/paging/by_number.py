"""Read by page number, for searches that cannot filter or sort by time.

Pages are read in order, newest first, several in flight. Where the total is less than
on the page before, records moved to pages that were already read: these are read again.
What proves that a pass is complete stands in `Pass`.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.chains import run
from tap_clientsuccess.paging.page import DEPTH, PageRequest
from tap_clientsuccess.paging.proof import PASSES

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.paging.page import Chain, Page, Submit
    from tap_clientsuccess.paging.passes import Pass
    from tap_clientsuccess.paging.proof import Proof

_REQUESTS_PER_PAGE = 3
_SPARE_REQUESTS = 20


class NumberReader:
    """Reads all pages of a search by number; iterate over it once."""

    def __init__(
        self,
        submit: Submit,
        proof: Proof,
        width: Callable[[], int],
        after: dt.datetime | None,
    ) -> None:
        """Prepare to read.

        Args:
            submit: Requests a page in the background.
            proof: Takes every page. If it knows how many records without a time are
                missing, only these are looked for.
            width: How many requests may be in flight now.
            after: The server is asked for what was modified after this, but need not
                filter; None asks for all.
        """
        self._submit = submit
        self._proof = proof
        self._width = width
        self._after = after

    def __iter__(self) -> Iterator[tuple[Page, list[t.Any]]]:
        undated = self._proof.undated
        for _ in range(PASSES):
            this = _Places(self._proof.begin_pass())
            try:
                yield from self._run(self._chains(this))
            except RefusedError:
                if this.furthest < DEPTH:
                    raise  # Else the server reads no deeper.
            if undated.total is not None:
                yield from self._run([undated.count()])
            if self._proof.verdict.is_complete or self._proof.sent.without_key:
                return  # Without keys, another pass cannot tell old from new.

    def _run(
        self, chains: t.Iterable[Chain[None] | None]
    ) -> Iterator[tuple[Page, list[t.Any]]]:
        return run(chains, self._submit, self._width, self._proof)

    def _chains(self, this: _Places) -> Iterator[Chain[None] | None]:
        """Give a chain for each page, until the list ends."""
        number = 0
        while not (this.is_stuck or self._has_found_undated):
            if this.again:
                yield self._read(this, this.again.pop())
            elif not this.in_flight and this.has_ended:
                return
            elif this.in_flight and number >= this.pages:
                yield None
            else:
                yield self._read(this, number)
                number += 1

    @property
    def _has_found_undated(self) -> bool:
        """Whether only what has no time is looked for, and all of it is there."""
        undated = self._proof.undated
        is_counted = undated.total and not undated.is_capped(len(self._proof.sent))
        return bool(is_counted) and not undated.missing

    def _read(self, this: _Places, number: int) -> Chain[None]:
        this.in_flight += 1
        page = yield PageRequest(number, after=self._after, newest_first=True)
        this.in_flight -= 1
        this.add(number, page)


class _Places:
    """Which pages of a pass are there, and which are to be read again.

    Attributes:
        in_flight: How many pages are requested and not there.
        again: The numbers of pages to be read again.
        pages: How many pages there are, as far as is known.
        furthest: How many places the pages span that are there.
        is_stuck: Whether the server repeats itself.
    """

    def __init__(self, this: Pass) -> None:
        self.in_flight = self.pages = self.furthest = 0
        self.again: list[int] = []
        self.is_stuck = False
        self._pass = this
        self._taken = self._size = 0
        self._was_last = False

    @property
    def has_ended(self) -> bool:
        """Whether the list ends with what was read."""
        return self._pass.has_ended

    def add(self, number: int, page: Page) -> None:
        """Take a page that the pass has taken."""
        this = self._pass
        self._taken += 1
        self._size = self._size or max(1, len(page.keys))
        self.pages = -(-(page.total or 0) // self._size)
        place = number * self._size
        if this.fall:
            back = -(-this.fall // self._size)
            self.again += range(max(0, number - back), number)
        if place >= self.furthest:
            is_repeated = self._taken > 1 and not this.news and not this.fall
            says_last = bool(page.is_said_to_be_last)
            ends = not page.goes_on(place) or (
                is_repeated
                and (page.total is None or not page.keys)
                and (says_last or self._was_last)
            )
            self.is_stuck = is_repeated and not ends
            this.has_ended, self._was_last = ends, says_last
            self.furthest = place + self._size
        most = _REQUESTS_PER_PAGE * (len(this.sent) // self._size + 1)
        self.is_stuck |= self._taken > most + _SPARE_REQUESTS
