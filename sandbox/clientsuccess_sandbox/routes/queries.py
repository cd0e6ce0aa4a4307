"""Parse search parameters, as the server's behaviour interprets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data import Kind
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.messages import HTTPError, Request
from clientsuccess_sandbox.store import Search

_HOUR: Final = 3_600_000
_UNITS: Final = {"millisecond": 1, "second": 1000, "day": 24 * _HOUR}
_MOST: Final = 10**9
_TASKS: Final = {"page": "taskPage", "size": "taskSize"}


def read_search(backend: Backend, kind: Kind, request: Request) -> Search:
    """Parse the parameters of a search, or raise `HTTPError`."""
    ignored = backend.ignored(request.path)
    given = {k: value for k, value in request.query.items() if k not in ignored}
    query: dict[str, Any] = {"size": backend.default_size, "sortBy": "id", **given}
    return _read(backend, kind, request, query)._replace(
        since=_since(backend, query.get("modifiedAfter")),
        client=_whole(query, kind.owner, 0) if kind.owner in query else None,
    )


def read_tasks(backend: Backend, kind: Kind, request: Request) -> Search:
    """Parse a search of tasks, whose page and order are in the body."""
    body = request.json()
    try:
        asked, sort = body.get("pagination", {}), (body.get("sortBy") or [{}])[0]
        query = {name: asked[key] for name, key in _TASKS.items() if key in asked}
        order = sort.get("key", "dueDate"), sort.get("value", "asc")
    except (AttributeError, LookupError, TypeError):
        raise HTTPError(400, "The body does not say which tasks.") from None
    query |= zip(("sortBy", "sortDirection"), order, strict=True)
    search = _read(backend, kind, request, {"size": 50, **query})
    return search._replace(size=min(search.size, backend.max_size))


def as_of(backend: Backend, request: Request) -> int | None:
    """Return the time as of which a lagging replica responds, or None."""
    if not backend.lag_seconds:
        return None
    random = backend.random
    if backend.lag_by == "query":
        query = sorted(request.query.items())
        random = Random(f"{request.path}?{query}{request.body!r}")
    if not random.chance(backend.lag_share):
        return None
    return backend.clock.now_ms() - round(backend.lag_seconds * 1000)


def _read(
    backend: Backend, kind: Kind, request: Request, query: Mapping[str, Any]
) -> Search:
    sort, direction = query["sortBy"], str(query.get("sortDirection", "asc")).lower()
    if sort not in ("modifiedTime", "createdTime", "id", *kind.sortable):
        raise HTTPError(400, f"sortBy: cannot sort by {sort!r}.")
    if direction not in {"asc", "desc"}:
        message = f"sortDirection: {direction!r} is neither asc nor desc."
        raise HTTPError(400, message)
    return Search(
        page=_whole(query, "page", 0),
        size=_whole(query, "size", 1),
        sort=sort,
        descending=direction == "desc",
        unstable_ties=backend.unstable_ties,
        as_of=as_of(backend, request),
    )


def _whole(query: Mapping[str, Any], name: str | None, least: int) -> int:
    value = query.get(name or "", 0)
    try:
        number = int(str(value))
    except ValueError:
        raise HTTPError(400, f"{name}: {value!r} is no whole number.") from None
    if number < least:
        raise HTTPError(400, f"{name}: {number} is less than {least}.")
    return min(number, _MOST)


def _since(backend: Backend, value: str | None) -> int | None:
    """Return the earliest time that passes `modifiedAfter`."""
    if value is None:
        return None
    unit, zone = _UNITS[backend.filter_precision], round(backend.filter_zone * _HOUR)
    try:
        moment = from_iso(value, keep_offset=not zone)
    except ValueError:
        raise HTTPError(400, f"modifiedAfter: {value!r} is no time.") from None
    return moment - moment % unit + (0 if backend.inclusive else unit) - zone
