"""The sandbox's control over itself: truth, observation, misbehaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from clientsuccess_sandbox.faults.reading import rule_from_json
from clientsuccess_sandbox.routes.replies import (
    Json,
    backend,
    body_as,
    json_body,
)
from clientsuccess_sandbox.settings import Behaviour
from clientsuccess_sandbox.store import MOST_RANDOM_EDITS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_DONE = {"done": True}
_NO_EDIT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class _KeyChange(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[str] | None = None
    add: str | None = None
    revoke: str | None = None
    expire_tokens: bool = False


class _ClockChange(msgspec.Struct):
    offset: float


async def records(request: Request) -> Response:
    """List all records of a kind, as the search gives them."""
    try:
        store, kind = backend(request).store, request.path_params["kind"]
        return await run_in_threadpool(lambda: Json(store.raws(kind)))
    except ValueError as problem:
        raise HTTPException(404, str(problem)) from None


async def requests(request: Request) -> Response:
    """List the requests so far, or forget them."""
    log = backend(request).requests
    if request.method == "DELETE":
        log.clear()
        return Json(_DONE)
    return Json([msgspec.to_builtins(entry) for entry in list(log)])


async def faults(request: Request) -> Response:
    """List the rules in force, add one, or take all away."""
    rules = backend(request).faults
    if request.method == "DELETE":
        rules.clear()
        return Json(_DONE)
    if request.method == "POST":
        return Json({"number": rules.add(_rule(await json_body(request)))}, 201)
    return Json(rules.describe())


async def fault(request: Request) -> Response:
    """Take one rule away."""
    number = request.path_params["number"]
    if not backend(request).faults.remove(number):
        raise HTTPException(404, f"There is no rule {number}.")
    return Json(_DONE)


async def edits(request: Request) -> Response:
    """Make one given edit, or a number of random ones."""
    body = await json_body(request)
    try:
        return Json(await run_in_threadpool(_edit, request, body))
    except _NO_EDIT as problem:
        raise HTTPException(400, f"Not an edit: {problem}") from None


async def keys(request: Request) -> Response:
    """Change the API keys that open: replace, add or revoke."""
    wish = await body_as(request, _KeyChange)
    known = backend(request).keys
    if wish.keys is not None:
        known.replace(*wish.keys)
    if wish.add is not None:
        known.add(wish.add)
    if wish.revoke is not None:
        known.revoke(wish.revoke)
    if wish.expire_tokens:
        known.expire_tokens()
    return Json(_DONE)


async def clock(request: Request) -> Response:
    """Set the clock ahead or behind, in seconds."""
    known = backend(request).clock
    if request.method == "POST":
        known.offset = (await body_as(request, _ClockChange)).offset
    return Json({"offset": known.offset, "now": known.now_ms()})


async def behaviour(request: Request) -> Response:
    """Show the server's habits, or change some of them."""
    known = backend(request).behaviour
    if request.method == "PATCH":
        for name, value in _habits(await json_body(request)).items():
            setattr(known, name, value)
    names = Behaviour.__dataclass_fields__
    return Json({name: getattr(known, name) for name in names})


async def custom_fields(request: Request) -> Response:
    """Define one more custom field."""
    body = await json_body(request)
    try:
        store = backend(request).store
        store.add_custom_field(request.path_params["resource"], body)
    except (TypeError, ValueError) as problem:
        raise HTTPException(400, str(problem)) from None
    return Json(_DONE, 201)


def _rule(body: Any) -> Any:
    try:
        return rule_from_json(body)
    except ValueError as problem:
        raise HTTPException(400, str(problem)) from None


def _edit(request: Request, body: Any) -> Any:
    store, kind = backend(request).store, body.get("kind", "clients")
    if "random" in body:
        count = body["random"]
        if not 0 <= count <= MOST_RANDOM_EDITS:
            raise ValueError(f"random: {count} is not within 0 and {MOST_RANDOM_EDITS}")
        made = store.random_edits(kind, count, seed=body.get("seed"))
        return [change._asdict() for change in made]
    op, changes = body["op"], body.get("changes", {})
    if op == "insert":
        return store.insert(kind, **changes)
    if op == "edit":
        return store.edit(kind, body["id"], **changes)
    if op == "restore":
        return store.restore(kind, body["id"])
    if op == "delete":
        store.delete(kind, body["id"])
        return _DONE
    raise ValueError(f"there is no op {op!r}")


def _habits(body: Any) -> dict[str, Any]:
    try:
        checked = msgspec.convert(body, Behaviour)
        return {name: getattr(checked, name) for name in body}
    except (AttributeError, msgspec.ValidationError) as problem:
        raise HTTPException(400, str(problem)) from None


ROUTES = [
    Route("/records/{kind}", records),
    Route("/requests", requests, methods=["GET", "DELETE"]),
    Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
    Route("/faults/{number:int}", fault, methods=["DELETE"]),
    Route("/edits", edits, methods=["POST"]),
    Route("/keys", keys, methods=["POST"]),
    Route("/clock", clock, methods=["GET", "POST"]),
    Route("/behaviour", behaviour, methods=["GET", "PATCH"]),
    Route("/custom-fields/{resource}", custom_fields, methods=["POST"]),
]
