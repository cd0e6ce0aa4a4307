"""Which requests are refused because a web page may have made them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from clientsuccess_sandbox.messages import JSON

CONTROL: Final = "/_sandbox"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_OWN_SITE: Final = ("same-origin", "none")
_CHANGES: Final = ("POST", "PUT", "PATCH")


def protect(app: ASGIApp, hosts: Iterable[str]) -> ASGIApp:
    """Refuse what a page that is open in the user's browser may send.

    Args:
        app: What is protected.
        hosts: Names by which the sandbox may be called, besides those of loopback.
    """
    names = [f"[{host}]" if ":" in host else host for host in hosts]
    return TrustedHostMiddleware(
        SameOriginMiddleware(app), [*_LOOPBACK, *names], www_redirect=False
    )


class SameOriginMiddleware:
    """ASGI middleware that refuses requests made by pages of another origin.

    A page can send simple requests (forms, images, `fetch` with `no-cors`) anywhere
    without being asked whether it may. Their answers stay hidden from it, but what they
    change is changed: hence the content type, which makes a browser ask first.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if _is_foreign(headers):
            message = "Requests of other origins are refused."
            await JSONResponse({"userMessage": message}, 403)(scope, receive, send)
        elif _is_change_of_unknown_type(scope, headers):
            message = f"Changes need the header Content-Type: {JSON}."
            await JSONResponse({"userMessage": message}, 415)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{headers['host']}".lower():
        return True
    return headers.get("sec-fetch-site", "none") not in _OWN_SITE


def _is_change_of_unknown_type(scope: Scope, headers: Headers) -> bool:
    if scope["method"] not in _CHANGES or not scope["path"].startswith(f"{CONTROL}/"):
        return False
    return headers.get("content-type", "").partition(";")[0].strip() != JSON
