"""A chain asks for pages, one after the other; several run side by side.

A chain is a generator that yields requests and is sent their pages. It does no I/O, so
whatever takes more than one request (a group of equal times, a check of the filter) is
straight code: ``page = yield request``. `run` is the only place that requests anything.
"""

from __future__ import annotations

import typing as t
from collections import deque

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_clientsuccess.paging.page import Chain, Page, PageRequest, Submit, Wait
    from tap_clientsuccess.paging.proof import Proof


def run(
    chains: Iterable[Chain[None] | None],
    submit: Submit,
    width: Callable[[], int],
    proof: Proof,
) -> Iterator[tuple[Page, list[t.Any]]]:
    """Run chains, and yield each page, and its records that are still to be sent.

    A page is yielded once what follows it has been requested, as details take long.

    Args:
        chains: Gives the next one when there is room for a request; None if there is
            none until another page is there.
        submit: Requests a page in the background.
        width: How many requests may be in flight.
        proof: Takes each page before its chain does.

    Raises:
        NotByTimeError: A chain did; all pages taken by then have been yielded.
    """
    waiting = iter(chains)
    in_flight: deque[tuple[Chain[None], PageRequest, int, Wait]] = deque()

    def go_on(chain: Chain[None], page: Page | None) -> None:
        try:
            request = chain.send(page)  # type: ignore[arg-type] # None begins it
        except StopIteration:
            return
        in_flight.append((chain, request, proof.pages, submit(request)))

    def fill() -> None:
        while len(in_flight) < width() and (chain := next(waiting, None)):
            go_on(chain, None)

    fill()
    while in_flight:
        chain, request, pages_before, wait = in_flight.popleft()
        page = wait()
        records = proof.take(page, request, pages_before)
        try:
            go_on(chain, page.without_records())
            fill()
        finally:
            # Also where the chain ends with an error: the page counts as sent.
            yield page, records
