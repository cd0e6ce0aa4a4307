"""API v2: searches, details, custom field definitions, tasks."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.data import KINDS, Kind
from clientsuccess_sandbox.data.choices import Choices
from clientsuccess_sandbox.data.custom_fields import RESOURCES
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.messages import JSON, HTTPError, Request, Response
from clientsuccess_sandbox.routes.queries import as_of, read_search, read_tasks
from clientsuccess_sandbox.settings import SearchBehaviour
from clientsuccess_sandbox.table import Page, Search

# The clients of these segments have old shapes, if any has.
_OLD_SEGMENTS: Final = (1, 3)


def _search(kind: Kind, backend: Backend, request: Request) -> Response:
    """Return a page of a search; tasks are searched by POST."""
    how, is_posted = backend.at(request.path), request.method == "POST"
    asked = (read_tasks if is_posted else read_search)(backend, kind, request)
    search = asked._replace(size=min(asked.size, how.max_size))
    records, total = _find(backend, how, kind, search)
    pages = -(-total // search.size)
    paging: dict[str, int] = {
        "first": search.page == 0,
        "last": search.page >= pages - 1,
    }
    if not is_posted:
        size = asked.size if how.echo_size else search.size
        paging |= {"page": search.page + how.first_page, "size": size}
    if how.totals:
        paging |= {"totalPages": pages, "totalElements": total}
    key = b"content" if is_posted else b"data"
    body = b'{"%b":[%b],%b' % (key, b",".join(records), encode(paging)[1:])
    return Response(200, body, {"content-type": JSON})


def _custom_search(backend: Backend, request: Request) -> Response:
    name = request.params["name"]
    if name not in backend.custom_searches:
        raise HTTPError(404, f"The sandbox has no search of {name}.")
    return _search(backend.store.kinds[name], backend, request)


def _one(kind: Kind, backend: Backend, request: Request) -> Response | Record:
    text = request.params[kind.key]
    value = int(text) if kind.key == "id" else text
    moment = as_of(backend, request)
    record = backend.store.get(kind.name, value, moment, by=kind.key)
    if record is None and backend.missing_detail == "null":
        return Response.of_json(None)
    if record is None:
        status = int(backend.missing_detail)
        raise HTTPError(status, f"There is no record {text} in {kind.name}.")
    if kind.detail:
        choices = Choices(backend.store.company, kind.name, record["id"], "detail")
        record |= kind.detail(choices, record)
    return _odd(backend, kind, record)


def _custom_fields(backend: Backend, request: Request) -> list[Record]:
    resource = request.params["resource"]
    if resource not in RESOURCES:
        raise HTTPError(404, f"There is no resource type {resource}.")
    status = backend.missing_custom_fields.get(resource)
    if status is not None:
        raise HTTPError(status, f"{resource} is not part of this account.")
    return backend.store.definitions(resource)


def _find(backend: Backend, how: SearchBehaviour, kind: Kind, search: Search) -> Page:
    """Return a page within the maximum depth, and the total to report."""
    depth, beyond, found = how.max_depth, how.beyond_depth, search
    if depth is not None and (search.page + 1) * search.size > depth:
        if beyond in {"400", "500"}:
            message = f"A search reaches no deeper than {depth} records."
            raise HTTPError(int(beyond), message)
        if beyond == "repeat":
            last = (depth - 1) // search.size
            found = search._replace(page=min(search.page, last))
    records, total = backend.store.search(kind.name, found)
    if not how.filtered_totals:
        everything = search._replace(size=0, modified_from=None)
        total = backend.store.search(kind.name, everything).total
    total += how.extra_total
    if depth is not None:
        records = records[: max(0, depth - found.page * found.size)]
        total = min(total, depth) if how.cap_total else total
    if kind.name == "clients" and (backend.odd_types or backend.old_shapes):
        records = [encode(_odd(backend, kind, decode(raw))) for raw in records]
    return Page(records, total)


def _odd(backend: Backend, kind: Kind, record: Record) -> Record:
    """Return a record in the shapes that the behaviour asks for."""
    if kind.name != "clients":
        return record
    if backend.odd_types and record.get("clientType"):
        record["clientType"]["key"] = 7
    if backend.old_shapes and record.get("clientSegmentId") in _OLD_SEGMENTS:
        record["segment"] = record.get("clientSegmentId")
        for role in record.get("accTeamingRoles") or ():
            role["employee"] = role["employee"]["name"]
    return record


ROUTES: Final[list[tuple[str, str, Any]]] = [
    *(
        ("POST" if kind.name == "tasks" else "GET", kind.v2, partial(_search, kind))
        for kind in KINDS.values()
        if kind.v2
    ),
    *(
        ("GET", f"{kind.v2.rpartition('/')[0]}/{{{kind.key}}}", partial(_one, kind))
        for kind in KINDS.values()
        if kind.key
    ),
    ("GET", "/{name}/search", _custom_search),
    ("GET", "/customfield/all/{resource}", _custom_fields),
]
