"""From a request to the steps of its response: security, log, faults, routes."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.messages import HTTPError, Pause, Request, Response, Step
from clientsuccess_sandbox.routes import respond
from clientsuccess_sandbox.security import CONTROL, PAGE, refusal

_LOG = logging.getLogger(__name__)
_MISTAKES = (ArithmeticError, LookupError, TypeError, ValueError)


def handle(backend: Backend, request: Request) -> Iterator[Step]:
    """Yield the steps of the response to a request."""
    hosts = {backend.host, *backend.allowed_hosts}
    refused = refusal(request, hosts)
    if refused:
        yield from _finished(backend, request, refused).steps()
    elif _is_control(request):
        yield from _finished(backend, request, _answer(backend, request)).steps()
    else:
        yield from _with_faults(backend, request)


def _is_control(request: Request) -> bool:
    return request.path == PAGE or request.path.startswith(f"{CONTROL}/")


def _with_faults(backend: Backend, request: Request) -> Iterator[Step]:
    entry = backend.log(request)
    faults = backend.faults.matching(request)
    entry.faults = [fault.kind for fault in faults]
    if seconds := backend.latency + sum(fault.wait() for fault in faults):
        yield Pause(seconds)
    for fault in faults:
        fault.rewrite(request)
    response = _answer(backend, request)
    # Of two faults that change the same, the one that was added first changes it last.
    for fault in reversed(faults):
        fault.afterwards(request, backend.store)
        response = fault.change(response)
    for name, value in backend.headers.items():
        response.headers.setdefault(name.lower(), value)
    entry.status = response.status
    _LOG.info("%s %s: %s", request.method, request.path, response.status)
    response = _finished(backend, request, response)
    ways = filter(None, (fault.steps(response) for fault in faults))
    yield from next(ways, response.steps())


def _finished(backend: Backend, request: Request, response: Response) -> Response:
    if backend.gzip and "gzip" in request.headers.get("accept-encoding", ""):
        response.compress()
    response.headers.setdefault("date", backend.clock.http_date())
    return response


def _answer(backend: Backend, request: Request) -> Response:
    """Respond as a server without faults does, to whatever is asked.

    Here alone, what a route raises becomes a response.
    """
    try:
        return respond(backend, request)
    except HTTPError as problem:
        return problem.response
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        return Response.of_error(400, f"Not possible: {problem}")
    except RecursionError:
        return Response.of_error(400, "The body is nested too deeply.")
    except Exception as problem:  # noqa: BLE001 - whatever it is, it must be logged
        # Who controls the sandbox is told what is wrong with the request.
        if _is_control(request) and isinstance(problem, _MISTAKES):
            return Response.of_error(400, f"Not possible: {problem}")
        _LOG.exception("%s %s failed", request.method, request.path)
        return Response.of_error(500)
