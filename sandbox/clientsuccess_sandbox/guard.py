"""The door: only requests with a good key or token come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from clientsuccess_sandbox.keys import Entry
from clientsuccess_sandbox.routes.replies import Json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from clientsuccess_sandbox.backend import Backend

_REFUSED = {"userMessage": "The request carries no valid API key."}
_EXPIRED = {"error": "invalidToken", "userMessage": "The session has expired."}


class Guard:
    """ASGI middleware that refuses strangers with 401."""

    def __init__(self, app: ASGIApp, backend: Backend, *, old: bool = False) -> None:
        """Stand before an app.

        Args:
            app: What is behind the door.
            backend: Knows the keys.
            old: It is the old API, which keys may not open.
        """
        self._app = app
        self._backend = backend
        self._old = old

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        entry = self._backend.keys.check(Request(scope).headers)
        if (
            entry is Entry.KEY
            and self._old
            and not self._backend.behaviour.key_opens_v1
        ):
            entry = Entry.NONE
        if entry in {Entry.KEY, Entry.TOKEN}:
            await self._app(scope, receive, send)
            return
        body = _EXPIRED if entry is Entry.EXPIRED else _REFUSED
        await Json(body, 401)(scope, receive, send)
