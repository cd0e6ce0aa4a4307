"""Pages, and a walk over them."""

from __future__ import annotations

import typing as t
from functools import partial

from tap_clientsuccess.pages import Page, PageRequest
from tap_clientsuccess.paging import Walk


def page(number: int, keys: t.Iterable[int], **told: t.Any) -> Page:
    """Return a page of records that have nothing but a key."""
    keys = list(keys)
    return Page(number, [{"id": key} for key in keys], keys, **told)


def walk_over(
    answer: t.Callable[[int], Page], width: int = 1
) -> tuple[Walk, list[int], int]:
    """Walk through the pages that come, whatever size is asked for.

    Returns:
        The walk, when it has ended; the keys that came; how many pages were asked for.
    """
    requests = 0

    def fetch(wanted: PageRequest) -> t.Callable[[], Page]:
        nonlocal requests
        requests += 1
        return partial(answer, wanted.number)

    walk = Walk(fetch, width=width)
    keys = [t.cast("int", key) for page in walk for key in page.keys]
    return walk, keys, requests
