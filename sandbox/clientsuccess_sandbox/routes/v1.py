"""API v1: login, and lists that are not paged."""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.clock import to_date, to_iso
from clientsuccess_sandbox.data import KINDS, Kind
from clientsuccess_sandbox.data.custom_fields import normal_type
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.messages import JSON, HTTPError, Request, Response

_OLD_TYPES: Final = {
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    **dict.fromkeys(("decimal", "number", "currency"), "DECIMAL"),
    **dict.fromkeys(("date", "datetime"), "DATE"),
}
_TIMES: Final = {"createdTime", "modifiedTime", "lastUsedTime"}


def _log_in(backend: Backend, request: Request) -> Record:
    """Return a session token for username and password."""
    if request.headers.get("content-type", "").startswith(JSON):
        given = request.json()
    else:
        given = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    given = given if isinstance(given, dict) else {}
    login = str(given.get("username")), str(given.get("password"))
    token = backend.keys.log_in(*login, backend.token_seconds)
    if token is None:
        raise HTTPError(401, "Username or password are wrong.")
    seconds = int(backend.token_seconds)
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds}


def _list(kind: Kind, backend: Backend, request: Request) -> Response:
    raws, notation = backend.store.raws(kind.name), backend.v1_times
    client = request.query.get(kind.owner)
    if client is not None:
        raws = [raw for raw in raws if str(decode(raw)[kind.owner]) == client]
    if kind.numeric_times and notation != "number":
        raws = [encode(_with_times(decode(raw), notation)) for raw in raws]
    return Response.of_list(raws)


def _with_times(record: Record, notation: str) -> Record:
    write = to_date if notation == "date" else to_iso
    numbers = {key for key in _TIMES if isinstance(record.get(key), int)}
    return record | {key: write(record[key]) for key in numbers}


def _contact_fields(backend: Backend, _: Request) -> list[Record]:
    """List the contacts' custom fields under their old type names."""
    fields = []
    for item in backend.store.definitions("CONTACT"):
        old = _OLD_TYPES.get(normal_type(str(item.get("fieldTypeName"))), "STRING")
        names = {"id": item.get("fieldId"), "label": item.get("fieldLabel")}
        fields.append({**names, "type": old})
    return fields


LOGIN: Final = "/auth"
ROUTES: Final[list[tuple[str, str, Any]]] = [
    ("POST", LOGIN, _log_in),
    *(("GET", kind.v1, partial(_list, kind)) for kind in KINDS.values() if kind.v1),
    ("GET", "/contact-custom-fields", _contact_fields),
]
