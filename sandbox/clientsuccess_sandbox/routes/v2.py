"""The present API: searches, details, custom field definitions, tasks."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clientsuccess_sandbox.data import KINDS, SEARCHES, Kind
from clientsuccess_sandbox.data.custom_fields import RESOURCES
from clientsuccess_sandbox.paging import Page, Search
from clientsuccess_sandbox.routes.queries import (
    direction,
    read_search,
    sort_field,
    whole,
)
from clientsuccess_sandbox.routes.replies import Json, backend, json_body

if TYPE_CHECKING:
    from clientsuccess_sandbox.backend import Backend

_TYPE_KEY = re.compile(rb'"key":"[A-Z]+"')
_Endpoint = Callable[[Request], Awaitable[Response]]


async def health(_: Request) -> Response:
    """Tell that the account can be reached."""
    return Json({"status": "UP"})


def search(kind: Kind) -> _Endpoint:
    """Make the search of a kind."""

    async def endpoint(request: Request) -> Response:
        parts = backend(request)
        ignored = parts.behaviour.ignored(request.url.path)
        query = dict(request.query_params)
        asked = read_search(kind, query, parts.behaviour, ignored)
        true = asked._replace(size=min(asked.size, parts.behaviour.max_size))
        page = _find(parts, kind.name, true)
        size = asked.size if parts.behaviour.echo_size else true.size
        return Json({"data": page.records, **_paging(true, page, size)})

    return endpoint


def by_uuid(kind: str) -> _Endpoint:
    """Make the read of one record by its uuid."""

    async def endpoint(request: Request) -> Response:
        uuid = request.path_params["uuid"]
        record = backend(request).store.get_by_uuid(kind, uuid)
        return _found(record, f"{KINDS[kind].resource} {uuid}")

    return endpoint


def by_id(kind: str) -> _Endpoint:
    """Make the read of one record by its id."""

    async def endpoint(request: Request) -> Response:
        number = request.path_params["id"]
        return _found(backend(request).store.get(kind, number), f"{kind} {number}")

    return endpoint


async def custom_fields(request: Request) -> Response:
    """List the custom field definitions of a resource type."""
    resource = request.path_params["resource"]
    parts = backend(request)
    if resource not in RESOURCES:
        raise HTTPException(404, f"There is no resource type {resource}.")
    status = parts.behaviour.missing_custom_fields.get(resource)
    if status is not None:
        raise HTTPException(status, f"{resource} is not part of this account.")
    return Json(parts.store.definitions(resource))


async def tasks(request: Request) -> Response:
    """List tasks; the body says which page, in which order."""
    parts = backend(request)
    body = await json_body(request)
    asked = _task_search(body)
    asked = asked._replace(
        size=min(asked.size, parts.behaviour.max_size),
        unstable_ties=parts.behaviour.unstable_ties,
    )
    page = _find(parts, "tasks", asked)
    paging = _paging(asked, page, asked.size)
    shown = ("first", "last", "totalPages", "totalElements")
    return Json({"content": page.records, **{key: paging[key] for key in shown}})


def _find(parts: Backend, kind: str, search: Search) -> Page:
    """Give a page as far as the search reaches, and the total that it tells."""
    habits = parts.behaviour
    depth = habits.max_depth
    end = (search.page + 1) * search.size
    repeated = search
    if depth is not None and end > depth:
        if habits.beyond_depth in {"400", "500"}:
            message = f"A search reaches no deeper than {depth} records."
            raise HTTPException(int(habits.beyond_depth), message)
        if habits.beyond_depth == "repeat":
            repeated = search._replace(
                page=min(search.page, (depth - 1) // search.size)
            )
    page = parts.store.search(kind, repeated)
    records, total = page.records, page.total + habits.extra_total
    if depth is not None:
        records = records[: max(0, depth - repeated.page * repeated.size)]
        total = min(total, depth) if habits.cap_total else total
    if habits.odd_types and kind == "clients":
        records = [_with_odd_type(record) for record in records]
    return Page(records, total)


def _with_odd_type(record: msgspec.Raw) -> msgspec.Raw:
    return msgspec.Raw(_TYPE_KEY.sub(rb'"key":7', bytes(record)))


def _task_search(body: Any) -> Search:
    try:
        pagination = body.get("pagination", {})
        sort = (body.get("sortBy") or [{}])[0]
        return Search(
            page=whole(pagination, "taskPage", 0, least=0),
            size=whole(pagination, "taskSize", 50, least=1),
            sort=sort_field(KINDS["tasks"], sort.get("key", "dueDate")),
            descending=direction(sort.get("value", "asc")),
        )
    except (AttributeError, IndexError, KeyError, TypeError):
        raise HTTPException(400, "The body does not say which tasks.") from None


def _paging(search: Search, page: Page, size: int) -> dict[str, Any]:
    pages = -(-page.total // search.size)
    return {
        "first": search.page == 0,
        "last": search.page >= pages - 1,
        "page": search.page,
        "size": size,
        "totalPages": pages,
        "totalElements": page.total,
    }


def _found(record: Any, what: str) -> Response:
    if record is None:
        raise HTTPException(404, f"There is no {what}.")
    return Json(record)


ROUTES = [
    Route("/health", health),
    *(Route(f"/{name}/search", search(kind)) for name, kind in SEARCHES.items()),
    Route("/client/{uuid}", by_uuid("clients")),
    Route("/contact/{uuid}", by_uuid("contacts")),
    Route("/pulse/{uuid}", by_uuid("pulses")),
    Route("/clientNote/{id:int}", by_id("client_notes")),
    Route("/task/{id:int}", by_id("tasks")),
    Route("/task/all", tasks, methods=["POST"]),
    Route("/customfield/all/{resource}", custom_fields),
]
