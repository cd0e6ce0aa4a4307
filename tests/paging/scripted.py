"""Pages and answers that are written down, to show one rule each."""

from __future__ import annotations

import typing as t

from server_model import SECOND, START

from tap_clientsuccess.paging.page import Page

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator

    from tap_clientsuccess.paging.page import PageRequest

R = t.TypeVar("R")


def at(seconds: float | None) -> dt.datetime | None:
    """Return a time so many seconds after the start; None for none."""
    return None if seconds is None else moment(seconds)


def moment(seconds: float) -> dt.datetime:
    """Return a time so many seconds after the start."""
    return START + seconds * SECOND


def page(
    *records: tuple[t.Any, float | None],
    asked: float = 1000,
    number: int = 0,
    **told: t.Any,
) -> Page:
    """Return a page of records: the key and the time of each.

    A record is its key and its time, so that what is sent shows which version it is.
    """
    return Page(
        number,
        list(records),
        [key for key, _ in records],
        [at(time) for _, time in records],
        sent_at=moment(asked),
        **told,
    )


def talk(
    chain: Generator[PageRequest, Page, R], answer: Callable[[PageRequest], Page]
) -> tuple[list[PageRequest], R]:
    """Answer a chain until it ends; return its requests, and what it returns."""
    requests = []
    try:
        request = next(chain)
        while True:
            requests.append(request)
            request = chain.send(answer(request))
    except StopIteration as end:
        return requests, end.value


def in_turn(*pages: Page) -> Callable[[PageRequest], Page]:
    """Return answers that come in this order, whatever is asked."""
    waiting = iter(pages)
    return lambda _: next(waiting)
