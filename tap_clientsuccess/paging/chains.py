"""A chain asks for pages, one after the other; several run side by side.

A chain is a generator that yields requests and is sent their pages. It does no I/O, so
whatever takes more than one request (a group of equal times, a check of the filter) is
straight code: ``page = yield request``, which raises what the server refused. `run` is
the only place that requests anything. It runs the chains of a *phase* to their ends.
"""

from __future__ import annotations

import typing as t
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import Chain

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.paging.page import Page, PageRequest, Submit
    from tap_clientsuccess.paging.proof import Proof

Phase = Iterable[Chain[None] | None]
"""Gives the next chain when there is room for a request; None if there is none before
the next page. If no page is in flight then, the phase ends."""


def run(
    phase: Phase, submit: Submit, width: Callable[[], int], proof: Proof
) -> Iterator[tuple[Page, list[t.Any]]]:
    """Run chains; yield each page, and its records that are still to be sent.

    The proof takes each page before its chain does. A page is yielded once what follows
    is requested, as the caller may take long. All pages that were taken have been
    yielded when a chain raises an error. No chain begins while `width` requests or more
    are in flight.
    """
    waiting = iter(phase)
    in_flight: deque[tuple[Chain[None], PageRequest, int, Callable[[], Page]]] = deque()

    def go_on(chain: Chain[None], resume: Callable[[], PageRequest]) -> None:
        with suppress(StopIteration):
            request = resume()
            in_flight.append((chain, request, proof.pages, submit(request)))

    def fill() -> None:
        while len(in_flight) < width() and (chain := next(waiting, None)):
            go_on(chain, partial(next, chain))

    fill()
    while in_flight:
        chain, request, pages_before, wait = in_flight.popleft()
        try:
            page = wait()
        except RefusedError as refusal:
            go_on(chain, partial(chain.throw, refusal))
            fill()
            continue
        records = proof.take(page, request, pages_before)
        try:
            # Without its records, which may take much memory.
            go_on(chain, partial(chain.send, replace(page, records=())))
            fill()
        finally:
            # Also where the chain ends with an error: the page counts as sent.
            yield page, records
