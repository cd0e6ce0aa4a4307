"""API v1: login, and lists that are not paged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.data.custom_fields import normal_type
from clientsuccess_sandbox.messages import JSON, HTTPError, Request, Response

_OLD_TYPES: Final = {"integer": "INTEGER", "boolean": "BOOLEAN"}
_OLD_TYPES.update(dict.fromkeys(("decimal", "number", "currency"), "DECIMAL"))
_OLD_TYPES.update(dict.fromkeys(("date", "datetime"), "DATE"))


def _log_in(backend: Backend, request: Request) -> Response:
    """Return a session token for username and password."""
    if request.headers.get("content-type", "").startswith(JSON):
        given = request.json()
    else:
        given = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    seconds = backend.token_seconds
    given = given if isinstance(given, dict) else {}
    login = str(given.get("username")), str(given.get("password"))
    token = backend.keys.log_in(*login, seconds)
    if token is None:
        raise HTTPError(401, "Username or password are wrong.")
    return Response.of_json(
        {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
    )


def _records(kind: str) -> Callable[[Backend, Request], Response]:
    return lambda backend, _: Response.of_list(backend.store.raws(kind))


def _subscriptions(backend: Backend, _: Request) -> Response:
    """List the items of contracts under their old names."""
    names = {"name": "description", "amount": "total"}
    names |= {"startDate": "termStartDate", "endDate": "termEndDate"}
    names |= {name: name for name in ("id", "uuid", "quantity")}
    subscriptions = [
        {"clientId": contract.get("tenantClientId")}
        | {new: item[old] for new, old in names.items()}
        for contract in backend.store.records("contracts")
        for item in contract.get("items") or ()
    ]
    return Response.of_json(subscriptions)


def _contact_fields(backend: Backend, _: Request) -> Response:
    """List the contacts' custom fields under their old type names."""
    fields = []
    for item in backend.store.definitions("CONTACT"):
        old = _OLD_TYPES.get(normal_type(str(item.get("fieldTypeName"))), "STRING")
        names = {"id": item.get("fieldId"), "label": item.get("fieldLabel")}
        fields.append({**names, "type": old})
    return Response.of_json(fields)


LOGIN: Final = "/auth"
ROUTES: Final[list[tuple[Any, ...]]] = [
    (LOGIN, _log_in, "POST"),
    ("/employees", _records("employees"), "GET"),
    ("/client-statuses", _records("client_statuses"), "GET"),
    ("/client-segments", _records("client_segments"), "GET"),
    ("/products", _records("products"), "GET"),
    ("/subscriptions", _subscriptions, "GET"),
    ("/contact-custom-fields", _contact_fields, "GET"),
]
