"""The bodies of the answers."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from benchmarks.serving import records

_ENVELOPE = (
    b'{"data":[%s],"first":%s,"last":%s,"page":%d,"size":%d,'
    b'"totalPages":%d,"totalElements":%d}'
)
_CACHED_PAGES = 256


class Query(NamedTuple):
    """What a search asks for.

    Attributes:
        page: The page's number, from 0.
        size: How many records a page has.
        total: How many records match.
        ascending: Whether the record that changed first comes first.
    """

    page: int
    size: int
    total: int
    ascending: bool = False


@lru_cache(_CACHED_PAGES)
def search(query: Query) -> bytes:
    """Compose a page of a search; the pages asked for last are kept.

    Args:
        query: What is asked for.

    Returns:
        The JSON text.
    """
    pages = -(-query.total // query.size)
    return _ENVELOPE % (
        b",".join(map(records.encoded, _numbers(query))),
        _boolean(query.page == 0),
        _boolean(query.page >= pages - 1),
        query.page,
        query.size,
        pages,
        query.total,
    )


def _numbers(query: Query) -> range:
    first = query.page * query.size
    places = range(first, min(first + query.size, query.total))
    if query.ascending:
        return range(query.total - places.start, query.total - places.stop, -1)
    return range(places.start + 1, places.stop + 1)


def _boolean(value: bool) -> bytes:  # noqa: FBT001
    return b"true" if value else b"false"


def prepare(size: int, total: int) -> None:
    """Compose as many pages as are kept, before anybody asks.

    Args:
        size: How many records a page has.
        total: How many records there are.
    """
    for page in range(min(_CACHED_PAGES, -(-total // size))):
        search(Query(page, size, total))
