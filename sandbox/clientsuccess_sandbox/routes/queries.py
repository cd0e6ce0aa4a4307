"""Search parameters, checked, and what the server's habits make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.store import Search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clientsuccess_sandbox.backend import Backend
    from clientsuccess_sandbox.data import Kind
    from clientsuccess_sandbox.messages import Request
    from clientsuccess_sandbox.settings import Behaviour

_DIRECTIONS: Final = {"asc": False, "desc": True}
_HOUR: Final = 3_600_000
_UNITS: Final = {"millisecond": 1, "second": 1000, "day": 24 * _HOUR}
_MOST: Final = 10**9


def read_search(backend: Backend, kind: Kind, request: Request) -> Search:
    """Read what a search asks for.

    Raises:
        HTTPException: A parameter makes no sense.
    """
    habits = backend.behaviour
    ignored = habits.ignored(request.path)
    query = {k: value for k, value in request.query.items() if k not in ignored}
    owned = kind.owner is not None and kind.owner in query
    return Search(
        page=whole(query, "page", 0, least=0),
        size=whole(query, "size", habits.default_size, least=1),
        sort=sort_field(kind, query.get("sortBy", "id")),
        descending=direction(query.get("sortDirection", "asc")),
        since=_since(query, "modifiedAfter", habits),
        client=whole(query, kind.owner or "", 0, least=0) if owned else None,
        unstable_ties=habits.unstable_ties,
        as_of=as_of(backend, request),
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
    return min(number, _MOST)


def direction(text: str) -> bool:
    """Read a sort direction; true means descending."""
    try:
        return _DIRECTIONS[text.lower()]
    except KeyError:
        message = f"sortDirection: {text!r} is neither asc nor desc."
        raise HTTPException(400, message) from None


def sort_field(kind: Kind, name: str) -> str:
    """Check the field to sort by."""
    if name not in {"modifiedTime", "createdTime", "id", *kind.sortable}:
        raise HTTPException(400, f"sortBy: cannot sort by {name!r}.")
    return name


def as_of(backend: Backend, request: Request) -> int | None:
    """Return the time whose data a request sees, if a lagging replica answers it."""
    habits = backend.behaviour
    if not habits.lag_seconds:
        return None
    random = backend.random
    if habits.lag_by == "query":
        random = Random(
            f"{request.path}?{sorted(request.query.items())}{request.body!r}"
        )
    if not random.chance(habits.lag_share):
        return None
    return backend.clock.now_ms() - round(habits.lag_seconds * 1000)


def _since(query: Mapping[str, str], name: str, habits: Behaviour) -> int | None:
    """Return the earliest time that passes the filter."""
    value = query.get(name)
    if value is None:
        return None
    unit, zone = _UNITS[habits.filter_precision], round(habits.filter_zone * _HOUR)
    try:
        moment = from_iso(value, keep_offset=not zone)
    except ValueError:
        raise HTTPException(400, f"{name}: {value!r} is no time.") from None
    return moment - moment % unit + (0 if habits.inclusive else unit) - zone
