"""Search parameters, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.paging import Search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clientsuccess_sandbox.data import Kind
    from clientsuccess_sandbox.settings import Behaviour

_DIRECTIONS = {"asc": False, "desc": True}
_HOUR = 3_600_000
_UNITS = {"millisecond": 1, "second": 1000, "day": 24 * _HOUR}
_TIMES = ("modifiedTime", "createdTime", "id")


def read_search(
    kind: Kind, query: Mapping[str, str], behaviour: Behaviour, ignored: set[str]
) -> Search:
    """Read what a search asks for.

    Raises:
        HTTPException: A parameter makes no sense.
    """
    query = {name: value for name, value in query.items() if name not in ignored}
    return Search(
        page=whole(query, "page", 0, least=0),
        size=whole(query, "size", behaviour.default_size, least=1),
        sort=sort_field(kind, query.get("sortBy", "id")),
        descending=direction(query.get("sortDirection", "asc")),
        since=_since(query, "modifiedAfter", behaviour),
        client=_client(kind, query),
        unstable_ties=behaviour.unstable_ties,
    )


def whole(query: Mapping[str, object], name: str, default: int, *, least: int) -> int:
    """Read a whole number."""
    value = query.get(name, default)
    try:
        number = int(str(value))
    except ValueError:
        raise HTTPException(400, f"{name}: {value!r} is no whole number.") from None
    if number < least:
        raise HTTPException(400, f"{name}: {number} is less than {least}.")
    return number


def direction(text: str) -> bool:
    """Read a sort direction; true means descending."""
    try:
        return _DIRECTIONS[text.lower()]
    except KeyError:
        raise HTTPException(
            400, f"sortDirection: {text!r} is neither asc nor desc."
        ) from None


def sort_field(kind: Kind, name: str) -> str:
    """Check the field to sort by."""
    if name not in (*_TIMES, *kind.sortable):
        raise HTTPException(400, f"sortBy: cannot sort by {name!r}.")
    return name


def _since(query: Mapping[str, str], name: str, behaviour: Behaviour) -> int | None:
    """Tell the earliest time that passes the filter."""
    value = query.get(name)
    if value is None:
        return None
    unit, zone = (
        _UNITS[behaviour.filter_precision],
        round(behaviour.filter_zone * _HOUR),
    )
    try:
        moment = from_iso(value, keep_offset=not zone)
    except ValueError:
        raise HTTPException(400, f"{name}: {value!r} is no time.") from None
    return moment - moment % unit + (0 if behaviour.inclusive else unit) - zone


def _client(kind: Kind, query: Mapping[str, str]) -> int | None:
    if kind.owner is None or kind.owner not in query:
        return None
    return whole(query, kind.owner, 0, least=0)
