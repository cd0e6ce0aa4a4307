"""The ASGI app: routes behind the door, misbehaviour around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router

from clientsuccess_sandbox.exchange import App, Exchange, FindTransport
from clientsuccess_sandbox.guard import Guard
from clientsuccess_sandbox.routes import control, v1, v2
from clientsuccess_sandbox.routes.replies import error
from clientsuccess_sandbox.security import CONTROL, protect

if TYPE_CHECKING:
    from collections.abc import Collection

    from clientsuccess_sandbox.backend import Backend

V2_BASES = ("/api", "/v2")
V1_BASE = "/v1"


def make_app(
    backend: Backend, transport: FindTransport, hosts: Collection[str] = ()
) -> App:
    """Put the app together.

    Args:
        backend: What the routes share.
        transport: Finds the connection of a request, for rules that break it.
        hosts: Names by which the sandbox may be called, besides those of loopback.
    """
    present = Guard(Router(v2.ROUTES, redirect_slashes=False), backend)
    old = Guard(Router(v1.ROUTES, redirect_slashes=False), backend, old=True)
    app = Starlette(
        routes=[
            v1.LOGIN,
            *(Mount(base, present) for base in V2_BASES),
            Mount(V1_BASE, old),
            Mount(CONTROL, Router(control.ROUTES, redirect_slashes=False)),
        ],
        exception_handlers={HTTPException: error},
    )
    app.router.redirect_slashes = False
    app.state.backend = backend
    return protect(Exchange(app, backend, transport), hosts)
