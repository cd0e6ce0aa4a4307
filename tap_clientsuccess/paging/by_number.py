"""Read by page number: what cannot be read by time, or has no time.

Pages are requested in order, newest first, several in flight. Which are read again,
when the list has ended, and what proves that a pass is complete, stands in `Pass`.
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
    from tap_clientsuccess.paging.page import Chain
    from tap_clientsuccess.paging.passes import Pass
    from tap_clientsuccess.paging.proof import Proof


def read_by_number(proof: Proof, after: dt.datetime | None) -> Iterator[Phase]:
    """Give the phases of a read of all pages by number.

    If the proof knows how many records without a time are missing, only these are
    looked for. The server is asked for what was modified after a time, but need not
    filter.
    """
    undated = proof.undated
    for _ in range(PASSES):
        yield _pages(proof, after)
        if undated.total is not None:
            yield [undated.count()]
        if proof.verdict.is_complete or proof.sent.without_key:
            return  # Without keys, another pass cannot tell old from new.


def _pages(proof: Proof, after: dt.datetime | None) -> Phase:
    """Give a chain for each page of a pass, until the list ends."""
    this, undated, asked, number = proof.begin_pass(), proof.undated, 0, 0
    while not this.is_stuck:
        is_there = undated.total and not undated.missing
        if is_there and not undated.is_capped(len(proof.sent)):
            return  # Only what has no time was looked for.
        if not this.again:
            is_in_flight = this.pages < asked
            if this.has_ended and not is_in_flight:
                return
            if is_in_flight and number * this.size >= this.total:
                yield None
                continue
            this.again.append(number)
            number += 1
        asked += 1
        yield _read(this, this.again.pop(), after)


def _read(this: Pass, number: int, after: dt.datetime | None) -> Chain[None]:
    # A server that caps a page may reckon places with the size that was asked for, so
    # what it sends is asked for from the second page on. One record tells nothing: the
    # first page may have been empty.
    size = this.size if this.size > 1 else None
    try:
        yield PageRequest(number, size, after, newest_first=True)
    except RefusedError:
        if this.furthest < min(DEPTH, this.total or DEPTH):
            raise
        this.is_stuck = True  # The server reads no deeper.
