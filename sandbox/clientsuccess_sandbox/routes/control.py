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
from clientsuccess_sandbox.settings import DEFAULT_KEY, Behaviour
from clientsuccess_sandbox.store import MAX_RANDOM_EDITS

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


def _status(backend: Backend, _: Request) -> Any:
    """Return what the page shows. Any other key may be in use elsewhere."""
    opens = backend.keys.check({"x-api-key": DEFAULT_KEY}) == "key"
    return {
        "key": DEFAULT_KEY if opens else None,
        "records": {kind: backend.store.count(kind) for kind in KINDS},
        "faults": backend.faults.describe(),
        "requests": backend.requests[-_SHOWN_REQUESTS:],
    }


def _records(backend: Backend, request: Request) -> Response:
    """List all records of a kind, as the search returns them."""
    kind = request.params["kind"]
    if kind not in KINDS:
        raise HTTPError(404, f"There is no kind {kind}, only {', '.join(KINDS)}.")
    return Response.of_list(backend.store.raws(kind))


def _add_fault(backend: Backend, request: Request) -> Response:
    number = backend.faults.add(fault_from_json(request.json()))
    return Response.of_json({"number": number}, 201)


def _remove_fault(backend: Backend, request: Request) -> None:
    number = int(request.params["number"])
    if not backend.faults.remove(number):
        raise HTTPError(404, f"There is no fault {number}.")


def _edit(backend: Backend, request: Request) -> Any:
    """Make one given edit, or a number of random ones."""
    store, edit = backend.store, msgspec.convert(request.json(), _Edit)
    if edit.random is not None:
        made = store.random_edits(edit.kind, edit.random, seed=edit.seed)
        return [change._asdict() for change in made]
    which = () if edit.op == "insert" else (edit.id,)
    changes = edit.changes if edit.op in {"insert", "edit"} else {}
    return getattr(store, edit.op)(edit.kind, *which, **changes)


def _change_keys(backend: Backend, request: Request) -> None:
    change: _KeyChange = request.json(_KeyChange)
    if change.keys is not None:
        backend.keys.replace(*change.keys)
    if change.add is not None:
        backend.keys.add(change.add)
    if change.revoke is not None:
        backend.keys.revoke(change.revoke)
    if change.expire_tokens:
        backend.keys.expire_tokens()


def _clock(backend: Backend, _: Request) -> Any:
    return {"offset": backend.clock.offset, "now": backend.clock.now_ms()}


def _set_clock(backend: Backend, request: Request) -> Any:
    backend.clock.offset = request.json(_ClockChange).offset
    return _clock(backend, request)


def _behaviour(backend: Backend, _: Request) -> Any:
    return {name: getattr(backend, name) for name in Behaviour.__dataclass_fields__}


def _change_behaviour(backend: Backend, request: Request) -> Any:
    changes = msgspec.convert(request.json(), dict[str, Any])
    if unknown := changes.keys() - Behaviour.__dataclass_fields__:
        raise HTTPError(400, f"Unknown: {', '.join(sorted(unknown))}.")
    checked = msgspec.convert(changes, Behaviour)
    for name in changes:
        setattr(backend, name, getattr(checked, name))
    return _behaviour(backend, request)


def _add_custom_field(backend: Backend, request: Request) -> Response:
    backend.store.add_custom_field(request.params["resource"], request.json())
    return Response.of_json({"done": True}, 201)


def page(_: Backend, __: Request) -> Response:
    """Return the page at `/`."""
    return Response(200, _HTML, dict(_HEADERS))


ROUTES: Final[list[tuple[str, str, Any]]] = [
    ("GET", "/status", _status),
    ("GET", "/records/{kind}", _records),
    ("GET", "/requests", lambda backend, _: list(backend.requests)),
    ("DELETE", "/requests", lambda backend, _: backend.requests.clear()),
    ("GET", "/faults", lambda backend, _: backend.faults.describe()),
    ("POST", "/faults", _add_fault),
    ("DELETE", "/faults", lambda backend, _: backend.faults.clear()),
    ("DELETE", "/faults/{number}", _remove_fault),
    ("POST", "/edits", _edit),
    ("POST", "/keys", _change_keys),
    ("GET", "/clock", _clock),
    ("POST", "/clock", _set_clock),
    ("GET", "/behaviour", _behaviour),
    ("PATCH", "/behaviour", _change_behaviour),
    ("POST", "/custom-fields/{resource}", _add_custom_field),
]
