"""All paths of the server, and who may request them.

An endpoint is given the backend and the request. It returns a response, or what is sent
as JSON; nothing is sent as `{"done": true}`.
"""

from __future__ import annotations

import re

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.messages import HTTPError, Request, Response
from clientsuccess_sandbox.routes import control, v1, v2
from clientsuccess_sandbox.security import CONTROL, PAGE


def _pattern(path: str) -> re.Pattern[str]:
    numbers = re.sub(r"\{(id|number)\}", r"(?P<\1>[0-9]{1,18})", path)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", numbers))


V2_BASES = ("/api", "/v2")
_V1_BASE = "/v1"
_ROUTES = [
    (method, _pattern(base + path), endpoint)
    for bases, routes in (
        (V2_BASES, v2.ROUTES),
        ((_V1_BASE,), v1.ROUTES),
        ((CONTROL,), control.ROUTES),
        (("",), [("GET", PAGE, control.page)]),
    )
    for base in bases
    for method, path, endpoint in routes
]


def respond(backend: Backend, request: Request) -> Response:
    """Respond to a request as a server without faults does.

    Raises:
        HTTPError: The request is invalid.
    """
    _check_access(backend, request)
    if backend.health_path and request.path in {
        base + backend.health_path for base in V2_BASES
    }:
        if request.method not in {"GET", "HEAD"}:
            raise HTTPError(405)
        return Response.of_json({"status": "UP"})
    matches = [
        (method, match, endpoint)
        for method, path, endpoint in _ROUTES
        if (match := path.fullmatch(request.path))
    ]
    asked = "GET" if request.method == "HEAD" else request.method
    for method, match, endpoint in matches:
        if method == asked:
            request.params = match.groupdict()
            found = endpoint(backend, request)
            if isinstance(found, Response):
                return found
            return Response.of_json({"done": True} if found is None else found)
    if matches:
        raise HTTPError(405)
    raise HTTPError(404, f"The sandbox has no {request.path}: no kind is found there.")


def _check_access(backend: Backend, request: Request) -> None:
    base = f"/{request.path.split('/')[1]}"
    if base not in {*V2_BASES, _V1_BASE} or request.path == _V1_BASE + v1.LOGIN:
        return
    access = backend.keys.check(request.headers, backend.key_header)
    is_closed = base == _V1_BASE and not backend.key_opens_v1
    if access == "unknown" or (access == "key" and is_closed):
        raise HTTPError(401, "The request has no valid API key.")
    if access == "expired":
        raise HTTPError(401, "The session has expired.", error="invalidToken")
