"""The old API: logging in, and short lists that are not paged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.routing import Route

from clientsuccess_sandbox.answer import JSON
from clientsuccess_sandbox.data.contracts import subscriptions
from clientsuccess_sandbox.data.custom_fields import normal_type
from clientsuccess_sandbox.routes.replies import Json, backend, json_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

_OLD_TYPES = {
    "integer": "INTEGER",
    "decimal": "DECIMAL",
    "number": "DECIMAL",
    "currency": "DECIMAL",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "DATE",
}


async def log_in(request: Request) -> Response:
    """Give a session token for username and password."""
    parts = backend(request)
    given = await _credentials(request)
    seconds = parts.behaviour.token_seconds
    token = parts.keys.log_in(
        str(given.get("username")), str(given.get("password")), seconds
    )
    if token is None:
        raise HTTPException(401, "Username or password are wrong.")
    return Json(
        {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
    )


def records(kind: str) -> Callable[[Request], Awaitable[Response]]:
    """Make the list of all records of a kind."""

    async def endpoint(request: Request) -> Response:
        return Json(backend(request).store.raws(kind))

    return endpoint


async def list_subscriptions(request: Request) -> Response:
    """List the subscriptions."""
    return Json(subscriptions(backend(request).store.records("contracts")))


async def contact_fields(request: Request) -> Response:
    """List the contacts' custom fields under their old type names."""
    known = backend(request).store.definitions("CONTACT")
    return Json(
        [
            {
                "id": item.get("fieldId"),
                "label": item.get("fieldLabel"),
                "type": _old_type(item.get("fieldTypeName")),
            }
            for item in known
        ]
    )


def _old_type(name: Any) -> str:
    return _OLD_TYPES.get(normal_type(str(name)), "STRING")


async def _credentials(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith(JSON):
        body = await json_body(request)
        return body if isinstance(body, dict) else {}
    text = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(text))


LOGIN = Route("/v1/auth", log_in, methods=["POST"])
ROUTES = [
    Route("/employees", records("employees")),
    Route("/client-statuses", records("client_statuses")),
    Route("/client-segments", records("client_segments")),
    Route("/products", records("products")),
    Route("/subscriptions", list_subscriptions),
    Route("/contact-custom-fields", contact_fields),
]
