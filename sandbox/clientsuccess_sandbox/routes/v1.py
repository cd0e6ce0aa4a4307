"""API v1: login, and lists that are not paged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import KINDS, Kind
from clientsuccess_sandbox.data.custom_fields import normal_type
from clientsuccess_sandbox.jsontext import Record
from clientsuccess_sandbox.messages import JSON, HTTPError, Request, Response

_OLD_TYPES: Final = {
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    **dict.fromkeys(("decimal", "number", "currency"), "DECIMAL"),
    **dict.fromkeys(("date", "datetime"), "DATE"),
}
_TIMES: Final = {"createdTime", "modifiedTime", "lastUsedTime"}
_DATE_LENGTH: Final = len("2018-08-17")
# What no subscription here has, of what recorded ones had.
_NEVER_SET: Final = dict.fromkeys(
    (
        *("noteId", "clientNoteId", "renewedById", "potentialRenewedById"),
        *("salesforceId", "salesforceProductId", "salesforceOpportunityId"),
        *("salesforceForecastId", "reasonCodesNote", "potentialAmount"),
        *("potentialQuantity", "potentialProbability", "potentialNote"),
        *("potentialStartDate", "potentialEndDate", "renewedDate"),
    )
)


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


def _list(kind: Kind) -> Callable[[Backend, Request], Response]:
    def endpoint(backend: Backend, _: Request) -> Response:
        if not kind.numeric_times or backend.v1_times == "number":
            return Response.of_list(backend.store.raws(kind.name))
        length = _DATE_LENGTH if backend.v1_times == "date" else None
        records = backend.store.records(kind.name)
        for record in records:
            for key in _TIMES & record.keys():
                if isinstance(record[key], int):
                    record[key] = to_iso(record[key])[:length]
        return Response.of_json(records)

    return endpoint


def _subscriptions(backend: Backend, request: Request) -> Response:
    """List the items of contracts as v1 knew them: each is a subscription."""
    wanted, store = request.query.get("clientId"), backend.store
    names = {client["id"]: client["name"] for client in store.records("clients")}
    found = [
        {"clientName": names.get(contract.get("tenantClientId"))}
        | _subscription(contract, item)
        for contract in store.records("contracts")
        for item in contract.get("items") or ()
    ]
    found = _so_many(found, backend.subscriptions)
    return Response.of_json(
        [each for each in found if wanted in {None, str(each["clientId"])}]
    )


def _so_many(found: list[Record], count: int | None) -> list[Record]:
    """Return so many records, with new ids where there are not enough."""
    if count is None or not found:
        return found
    more = max((each["id"] for each in found), default=0)
    copies = (
        {**found[place % len(found)], "id": more + place + 1}
        for place in range(count - len(found))
    )
    return [*found[:count], *copies]


def _subscription(contract: Record, item: Record) -> Record:
    return {
        "id": item["id"],
        "clientId": contract.get("tenantClientId"),
        "productId": int(item["productCode"].rpartition("-")[2]),
        "productName": item["description"],
        "contractId": contract["id"],
        "csmId": contract.get("createdByEmployeeId"),
        "statusId": 1,
        "attachmentIds": [],
        "amount": item["total"],
        "quantity": item["quantity"],
        "probability": contract.get("probability"),
        "isRecurring": item["recurring"],
        "isPotential": False,
        "autoRenew": contract.get("autoRenew"),
        "note": contract.get("note"),
        "reasonCodes": [],
        "startDate": item["termStartDate"][:_DATE_LENGTH],
        "endDate": item["termEndDate"][:_DATE_LENGTH],
        "createdDate": item["createdTime"][:_DATE_LENGTH],
        "clientAsOfDate": item["createdTime"][:_DATE_LENGTH],
        "terminationDate": (contract.get("terminatedDate") or "")[:_DATE_LENGTH]
        or None,
        **_NEVER_SET,
    }


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
    *((kind.v1, _list(kind), "GET") for kind in KINDS.values() if kind.v1),
    ("/subscriptions", _subscriptions, "GET"),
    ("/contact-custom-fields", _contact_fields, "GET"),
]
