"""The routes: the API's own, and the sandbox's control over itself."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.messages import Answer, Request
from clientsuccess_sandbox.routes import control, v1, v2
from clientsuccess_sandbox.security import CONTROL

V2_BASES = ("/api", "/v2")
_V1_BASE = "/v1"
_ROUTES = [
    Route(base + path, endpoint, methods=methods)
    for base, routes in (
        *((base, v2.ROUTES) for base in V2_BASES),
        (_V1_BASE, v1.ROUTES),
        (CONTROL, control.ROUTES),
    )
    for path, endpoint, *methods in routes
]


def respond(backend: Backend, request: Request) -> Answer:
    """Answer a request as the server does that has no faults."""
    refusal = _refusal(backend, request)
    if refusal is not None:
        return refusal
    scope = {"type": "http", "path": request.path, "method": request.method}
    status = 404
    for route in _ROUTES:
        match, child = route.matches(scope)
        if match is Match.FULL:
            request.params = child["path_params"]
            answer: Answer = route.endpoint(backend, request)
            return answer
        status = 405 if match is Match.PARTIAL else status
    raise HTTPException(status)


def _refusal(backend: Backend, request: Request) -> Answer | None:
    base = f"/{request.path.split('/')[1]}"
    if base not in {*V2_BASES, _V1_BASE} or request.path == _V1_BASE + v1.LOGIN:
        return None
    access = backend.keys.check(request.headers)
    closed = base == _V1_BASE and not backend.key_opens_v1
    if access == "unknown" or (access == "key" and closed):
        return Answer.of_error(401, "The request carries no valid API key.")
    body = {"error": "invalidToken", "userMessage": "The session has expired."}
    return Answer.of_json(body, 401) if access == "expired" else None
