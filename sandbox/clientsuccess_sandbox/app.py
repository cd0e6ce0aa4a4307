"""From a request to its response: security, log, faults, routes, compression."""

from __future__ import annotations

import logging
from functools import partial

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.faults.rule import Call
from clientsuccess_sandbox.messages import HTTPError, Request, Response
from clientsuccess_sandbox.routes import respond
from clientsuccess_sandbox.security import CONTROL, PAGE, refusal
from clientsuccess_sandbox.server import Connection

_LOG = logging.getLogger(__name__)


def handle(backend: Backend, request: Request, connection: Connection) -> Response:
    """Return the response to a request."""
    hosts = {backend.host, *backend.allowed_hosts}
    response = refusal(request, hosts)
    is_control = request.path == PAGE or request.path.startswith(f"{CONTROL}/")
    if response is None and is_control:
        response = _route(backend, request)
    elif response is None:
        response = _with_faults(backend, request, connection)
    if backend.gzip and "gzip" in request.headers.get("accept-encoding", ""):
        response.compress()
    response.headers.setdefault("date", backend.clock.http_date())
    return response


def _with_faults(
    backend: Backend, request: Request, connection: Connection
) -> Response:
    entry = backend.log(request)
    faults = backend.faults.matching(request)
    entry.faults = [fault.kind for fault in faults]
    if backend.latency:
        connection.pause(backend.latency)
    proceed = partial(_route, backend, request)
    for fault in reversed(faults):
        call = Call(request, connection, backend.store, fault, proceed)
        proceed = partial(fault.rule.handle, call)
    response = proceed()
    entry.status = response.status
    _LOG.info("%s %s: %s", request.method, request.path, response.status)
    return response


def _route(backend: Backend, request: Request) -> Response:
    try:
        return respond(backend, request)
    except HTTPError as problem:
        return problem.response
    except RecursionError:
        return Response.of_error(400, "The body is nested too deeply.")
    except Exception:  # noqa: BLE001 - whatever it is, it must be logged
        _LOG.exception("%s %s failed", request.method, request.path)
        return Response.of_error(500)
