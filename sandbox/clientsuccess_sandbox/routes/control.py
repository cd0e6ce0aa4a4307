"""Control of the sandbox, and the page at `/` that shows it.

What an endpoint raises about a request's content becomes a 400 that says why.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Annotated, Any, Final, Literal

import msgspec

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.faults.registry import fault_from_json
from clientsuccess_sandbox.messages import HTTPError, Request, Response
from clientsuccess_sandbox.security import CONTROL, PAGE
from clientsuccess_sandbox.settings import DEFAULT_KEY, Behaviour
from clientsuccess_sandbox.store import MAX_RANDOM_EDITS

_DONE: Final = {"done": True}
_SHOWN_REQUESTS: Final = 200
_HTML: Final = resources.files(__package__).joinpath("page.html").read_bytes()
_SCRIPT: Final = _HTML.partition(b"<script>")[2].partition(b"</script>")[0]
_SCRIPT_HASH: Final = base64.b64encode(hashlib.sha256(_SCRIPT).digest()).decode()
_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; connect-src 'self'; img-src data:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'"
    ),
}


class _Edit(msgspec.Struct):
    kind: str = "clients"
    op: Literal["insert", "edit", "delete", "restore"] = "edit"
    id: int = 0
    changes: dict[str, Any] = {}
    random: Annotated[int, msgspec.Meta(ge=0, le=MAX_RANDOM_EDITS)] | None = None
    seed: int | None = None


class _KeyChange(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[str] | None = None
    add: str | None = None
    revoke: str | None = None
    expire_tokens: bool = False


class _ClockChange(msgspec.Struct):
    offset: float


def _page(_: Backend, __: Request) -> Response:
    return Response(200, _HTML, dict(_HEADERS))


def _status(backend: Backend, _: Request) -> Response:
    """Return what the page shows. Any other key may be in use elsewhere."""
    opens = backend.keys.check({"x-api-key": DEFAULT_KEY}) == "key"
    return Response.of_json(
        {
            "key": DEFAULT_KEY if opens else None,
            "records": {kind: backend.store.count(kind) for kind in KINDS},
            "faults": backend.faults.describe(),
            "requests": backend.requests[-_SHOWN_REQUESTS:],
        }
    )


def _records(backend: Backend, request: Request) -> Response:
    """List all records of a kind, as the search returns them."""
    kind = request.params["kind"]
    if kind not in KINDS:
        raise HTTPError(404, f"There is no kind {kind}, only {', '.join(KINDS)}.")
    return Response.of_list(backend.store.raws(kind))


def _requests(backend: Backend, request: Request) -> Response:
    """List the requests so far, or clear them."""
    if request.method == "DELETE":
        backend.requests.clear()
        return Response.of_json(_DONE)
    return Response.of_json(list(backend.requests))


def _faults(backend: Backend, request: Request) -> Response:
    """List the active faults, add one, or remove all."""
    if request.method == "DELETE":
        backend.faults.clear()
        return Response.of_json(_DONE)
    if request.method == "GET":
        return Response.of_json(backend.faults.describe())
    number = backend.faults.add(fault_from_json(request.json()))
    return Response.of_json({"number": number}, 201)


def _fault(backend: Backend, request: Request) -> Response:
    """Remove one fault."""
    number = int(request.params["number"])
    if not backend.faults.remove(number):
        raise HTTPError(404, f"There is no fault {number}.")
    return Response.of_json(_DONE)


def _edits(backend: Backend, request: Request) -> Response:
    """Make one given edit, or a number of random ones."""
    store, edit = backend.store, msgspec.convert(request.json(), _Edit)
    if edit.random is not None:
        made = store.random_edits(edit.kind, edit.random, seed=edit.seed)
        return Response.of_json([change._asdict() for change in made])
    which = () if edit.op == "insert" else (edit.id,)
    changes = edit.changes if edit.op in {"insert", "edit"} else {}
    record = getattr(store, edit.op)(edit.kind, *which, **changes)
    return Response.of_json(record or _DONE)


def _keys(backend: Backend, request: Request) -> Response:
    """Change the accepted API keys: replace, add or revoke."""
    change: _KeyChange = request.json(_KeyChange)
    if change.keys is not None:
        backend.keys.replace(*change.keys)
    if change.add is not None:
        backend.keys.add(change.add)
    if change.revoke is not None:
        backend.keys.revoke(change.revoke)
    if change.expire_tokens:
        backend.keys.expire_tokens()
    return Response.of_json(_DONE)


def _clock(backend: Backend, request: Request) -> Response:
    """Set the clock fast or slow, in seconds."""
    clock = backend.clock
    if request.method == "POST":
        clock.offset = request.json(_ClockChange).offset
    return Response.of_json({"offset": clock.offset, "now": clock.now_ms()})


def _behaviour(backend: Backend, request: Request) -> Response:
    """Return the server's behaviour, or change some of it."""
    names = Behaviour.__dataclass_fields__
    if request.method == "PATCH":
        changes = msgspec.convert(request.json(), dict[str, Any])
        if unknown := changes.keys() - names:
            raise HTTPError(400, f"Unknown: {', '.join(sorted(unknown))}.")
        checked = msgspec.convert(changes, Behaviour)
        for name in changes:
            setattr(backend, name, getattr(checked, name))
    return Response.of_json({name: getattr(backend, name) for name in names})


def _custom_fields(backend: Backend, request: Request) -> Response:
    """Define another custom field."""
    backend.store.add_custom_field(request.params["resource"], request.json())
    return Response.of_json(_DONE, 201)


ROUTES: Final[list[tuple[Any, ...]]] = [
    (PAGE, _page, "GET"),
    (f"{CONTROL}/status", _status, "GET"),
    (f"{CONTROL}/records/{{kind}}", _records, "GET"),
    (f"{CONTROL}/requests", _requests, "GET", "DELETE"),
    (f"{CONTROL}/faults", _faults, "GET", "POST", "DELETE"),
    (f"{CONTROL}/faults/{{number}}", _fault, "DELETE"),
    (f"{CONTROL}/edits", _edits, "POST"),
    (f"{CONTROL}/keys", _keys, "POST"),
    (f"{CONTROL}/clock", _clock, "GET", "POST"),
    (f"{CONTROL}/behaviour", _behaviour, "GET", "PATCH"),
    (f"{CONTROL}/custom-fields/{{resource}}", _custom_fields, "POST"),
]
