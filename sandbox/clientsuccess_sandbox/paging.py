"""One page of a search."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import msgspec

    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.table import Table


class Search(NamedTuple):
    """What a search asks for.

    Attributes:
        page: Number of the page, from 0.
        size: Records of a page.
        sort: Field to sort by.
        descending: Largest first.
        since: Only records touched then or later, in milliseconds since 1970.
        client: Only records of this client.
        unstable_ties: Shuffle records of equal sort value.
    """

    page: int = 0
    size: int = 50
    sort: str = "id"
    descending: bool = False
    since: int | None = None
    client: int | None = None
    unstable_ties: bool = False


class Page(NamedTuple):
    """The records of a page as JSON text, and how many the whole search has."""

    records: list[msgspec.Raw]
    total: int


def select(table: Table, search: Search, dice: Dice) -> Page:
    """Find the records of a page."""
    ids = _matching(table, search)
    begin = search.page * search.size
    end = min(len(ids), begin + search.size)
    if search.descending:
        begin, end = len(ids) - end, max(0, len(ids) - begin)
    value = table.order(search.sort).value
    shuffle = search.unstable_ties and begin < end
    part = _shuffled(ids, begin, end, value, dice) if shuffle else ids[begin:end]
    if search.descending:
        part = part[::-1]
    return Page([table.raw(number) for number in part], len(ids))


def _matching(table: Table, search: Search) -> Sequence[int]:
    order = table.order(search.sort)
    if search.client is not None:
        return _of_client(table, search)
    if search.since is None:
        return order.ids
    if search.sort == "modifiedTime":
        return order.since(search.since)
    return [number for number in order.ids if _recent(table, search, number)]


def _of_client(table: Table, search: Search) -> list[int]:
    value = table.order(search.sort).value
    owned = sorted(table.owned_by(search.client or 0))
    owned.sort(key=value)
    return [number for number in owned if _recent(table, search, number)]


def _recent(table: Table, search: Search, number: int) -> bool:
    return search.since is None or table.touched(number) >= search.since


def _shuffled(
    ids: Sequence[int], begin: int, end: int, value: Callable[[int], Any], dice: Dice
) -> Sequence[int]:
    """Cut a page out of ids whose ties were shuffled, across its edges too."""
    low, high = begin, end
    while low > 0 and value(ids[low - 1]) == value(ids[begin]):
        low -= 1
    while high < len(ids) and value(ids[high]) == value(ids[end - 1]):
        high += 1
    mixed: list[int] = []
    for _, group in groupby(ids[low:high], key=value):
        ties = list(group)
        dice.shuffle(ties)
        mixed += ties
    return mixed[begin - low : end - low]
