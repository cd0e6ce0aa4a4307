"""How deep a search reads, and whether its total is true: asked a record at a time."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.page import DEPTH

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Generator

    from tap_clientsuccess.paging.page import Page

_ROUND = 1000
"""A server that counts no further stops at a multiple of this."""

Reply = tuple["Page | None", "int | None"]
"""The page of one record, or None and the status."""


class Depth(t.NamedTuple):
    """What was found.

    Attributes:
        total: Whether the total is exact, inexact or capped; None if that is open.
        reads_to: How many records it returns; None if all, or if that is open.
        beyond: What it answers further on: ``empty``, ``repeat``, or a status.
        deepest: Place and time of a record at the end of what it returns, where that is
            not the last one: counted from the other end, its place tells the total.
        missing: How many are counted and not there.
    """

    total: str | None = None
    reads_to: int | None = None
    beyond: str | None = None
    deepest: tuple[int, dt.datetime | None] | None = None
    missing: int = 0


def find_depth(
    total: int,
    known: int,
    *,
    likely: int | None = None,
    newest: dt.datetime | None = None,
) -> Generator[int, Reply, Depth]:
    """Yield places to ask for, from 0, and be sent the answers.

    Args:
        total: What the server counts.
        known: How many of the first records are known to be returned.
        likely: How deep another search reads.
        newest: The time of the last record, where the search sorts.
    """
    last = yield total - 1
    if _key(last) is None:
        return (yield from _bisect(total, known, last, likely, newest))
    following = yield total
    if _shows(last, newest):
        return Depth("inexact" if _is_new(following, last) else "exact")
    if total - 2 >= known and not _is_new((yield total - 2), last):
        return (yield from _bisect(total, known, last, likely, newest))
    if _is_new(following, last):
        return Depth("inexact" if total % _ROUND else "capped")
    if newest is None:
        return Depth("exact")
    # There are newer records than the last that is counted.
    return Depth("capped", total, _kind(following))


def _bisect(
    total: int,
    known: int,
    last: Reply,
    likely: int | None,
    newest: dt.datetime | None,
) -> Generator[int, Reply, Depth]:
    """Find the first place where nothing new is."""
    kind, deepest = _kind(last), None
    # Where pages repeat, the first one that does is the last record itself.
    shift = kind == "repeat"
    depths = [depth - shift for depth in (likely, DEPTH) if depth]
    edges = [depth - before for depth in depths for before in (1, 0)]
    low, high = min(known, total) - 1, total - 1
    while high - low > 1:
        likeliest = (place for place in edges if low < place < high)
        place = next(likeliest, (low + high) // 2)
        reply = yield place
        if not _is_new(reply, last):
            high = place
            continue
        low, deepest = place, (place, reply[0].newest if reply[0] else None)
        if _shows(reply, newest):
            return Depth("inexact", missing=total - 1 - place)
    return Depth(None, high + shift, kind, deepest)


def _key(reply: Reply) -> t.Any:
    page, _ = reply
    return page.keys[0] if page and page.keys else None


def _is_new(reply: Reply, last: Reply) -> bool:
    """Tell whether a record came that is not the one of the last place."""
    page, _ = reply
    return bool(page and page.keys) and (
        _key(last) is None or _key(reply) != _key(last)
    )


def _shows(reply: Reply, newest: dt.datetime | None) -> bool:
    page, _ = reply
    return bool(newest and page and page.newest and page.newest >= newest)


def _kind(reply: Reply) -> str:
    """Say in a word what came instead of a new record."""
    page, status = reply
    if page:
        return "repeat" if page.keys else "empty"
    return "no usable response" if status is None else str(status)
