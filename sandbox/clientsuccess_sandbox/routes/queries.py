"""Parse search parameters, as the server's behaviour interprets them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data import Kind
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.messages import HTTPError, Request
from clientsuccess_sandbox.settings import SearchBehaviour
from clientsuccess_sandbox.table import ORDERS, Search

_HOUR: Final = 3_600_000
_UNITS: Final = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "day": 24 * _HOUR,
}
_WEEK: Final = timedelta(days=7)
_STATES: Final = {"TASKS": None, "OPEN_TASKS": False, "COMPLETED_TASKS": True}
# The employee whose tasks `MY_` means.
_ME: Final = 1
_COMPLETED: Final = "json_extract(body, '$.completed')"
_DUE: Final = "substr(json_extract(body, '$.dueDate'), 1, 10)"

_Page = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Size = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class _Query(msgspec.Struct, rename="camel"):
    size: _Size
    page: _Page = 0
    sort_by: str = "id"
    sort_direction: str = "asc"
    modified_after: str | None = None


class _Pagination(msgspec.Struct, rename="camel"):
    task_page: _Page = 0
    task_size: _Size = 50


class _Order(msgspec.Struct):
    key: str = "dueDate"
    value: str = "asc"


class _Filter(msgspec.Struct, rename="camel"):
    affiliation_task: str = "ALL_TASKS"


class _Tasks(msgspec.Struct, rename="camel"):
    """The body with which tasks are searched."""

    pagination: _Pagination = msgspec.field(default_factory=_Pagination)
    sort_by: list[_Order] | None = None
    filter_by: _Filter = msgspec.field(default_factory=_Filter)


def read_search(backend: Backend, kind: Kind, request: Request) -> Search:
    """Parse the parameters of a search, or raise `HTTPError`."""
    ignored, how = backend.ignored(request.path), backend.at(request.path)
    given = {k: value for k, value in request.query.items() if k not in ignored}
    query = msgspec.convert({"size": how.default_size, **given}, _Query, strict=False)
    return _search(backend, kind, request, query)._replace(
        modified_from=_modified_from(how, query.modified_after),
        client=msgspec.convert(given.get(kind.owner), _Page | None, strict=False),
    )


def read_tasks(backend: Backend, kind: Kind, request: Request) -> Search:
    """Parse a search of tasks, whose parameters are in the body."""
    body: _Tasks = request.json(_Tasks)
    page, order = body.pagination, (body.sort_by or [_Order()])[0]
    query = _Query(page.task_size, page.task_page, order.key, order.value)
    where = _conditions(backend, body.filter_by.affiliation_task)
    return _search(backend, kind, request, query)._replace(where=where)


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


def _search(backend: Backend, kind: Kind, request: Request, query: _Query) -> Search:
    sort, direction = query.sort_by, query.sort_direction.lower()
    if sort not in ("modifiedTime", "createdTime", "id", *kind.sortable):
        raise HTTPError(400, f"sortBy: cannot sort by {sort!r}.")
    if direction not in {"asc", "desc"}:
        message = f"sortDirection: {direction!r} is neither asc nor desc."
        raise HTTPError(400, message)
    return Search(
        page=max(0, query.page - backend.at(request.path).first_page),
        size=query.size,
        sort=sort,
        descending=direction == "desc",
        shuffle=backend.random.count(ORDERS) if backend.unstable_ties else 0,
        as_of=as_of(backend, request),
    )


def _modified_from(how: SearchBehaviour, value: str | None) -> int | None:
    """Return the earliest time that passes `modifiedAfter`."""
    if value is None:
        return None
    unit, zone = _UNITS[how.filter_precision], round(how.filter_zone * _HOUR)
    try:
        moment = from_iso(value, keep_offset=not zone)
    except ValueError:
        raise HTTPError(400, f"modifiedAfter: {value!r} is no time.") from None
    return moment - moment % unit + (0 if how.inclusive else unit) - zone


def _conditions(backend: Backend, affiliation: str) -> tuple[tuple[str, Any], ...]:
    """Return the conditions for the tasks that `affiliationTask` means."""
    whose, _, state = affiliation.partition("_")
    if whose in {"ALL", "MY"} and state in _STATES:
        me = _ME if whose == "MY" else None
        mine = ("json_extract(body, '$.assignedToEmployee.id') = ?", me)
        return mine, (f"{_COMPLETED} = ?", _STATES[state])
    if affiliation == "NO_DUE_DATE":
        return ((f"({_DUE} IS NULL) = ?", True),)
    first, end = _days(
        datetime.fromtimestamp(backend.clock.now(), UTC).date(), affiliation
    )
    return (
        (f"{_COMPLETED} = ?", False),
        (f"{_DUE} >= ?", first and first.isoformat()),
        (f"{_DUE} < ?", end.isoformat()),
    )


def _days(today: date, period: str) -> tuple[date | None, date]:
    """Return the first day of a period, if it has one, and the day after its last."""
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    periods = {
        "OVERDUE": (None, today),
        "TODAY": (today, today + timedelta(days=1)),
        "THIS_WEEK": (monday, monday + _WEEK),
        "NEXT_WEEK": (monday + _WEEK, monday + 2 * _WEEK),
        "THIS_MONTH": (first, (first + timedelta(days=31)).replace(day=1)),
    }
    if period not in periods:
        raise HTTPError(400, f"affiliationTask: {period!r} is not known.")
    return periods[period]
