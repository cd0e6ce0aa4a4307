"""A sandbox: from a request to the steps of its response, served over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Self

import msgspec

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.messages import HTTPError, Pause, Request, Response, Step
from clientsuccess_sandbox.routes import V2_BASES, respond
from clientsuccess_sandbox.security import CONTROL, PAGE, refusal
from clientsuccess_sandbox.server import HttpServer

_LOG = logging.getLogger(__name__)
_MISTAKES = (ArithmeticError, LookupError, TypeError, ValueError)


@dataclass(kw_only=True)
class Sandbox(Backend):
    """A simulated ClientSuccess on this machine; use it as a context manager."""

    _server: HttpServer | None = field(init=False, repr=False, default=None)

    @property
    def url(self) -> str:
        """Root of the server, such as `http://127.0.0.1:8765`."""
        if self._server is None:
            raise RuntimeError("The sandbox is not running.")
        return self._server.url

    @property
    def base_url(self) -> str:
        """Base URL for the tap."""
        return self.url + V2_BASES[0]

    def start(self) -> Self:
        """Start the server in a thread.

        Raises:
            OSError: The port is taken, or the host is not an address of this machine.
        """
        self._server = HttpServer(self.handle, self.host, self.port)
        return self

    def stop(self) -> None:
        """Stop the server, even if requests are still waiting."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self, request: Request) -> Iterator[Step]:
        """Yield the steps of the response to a request."""
        refused = refusal(request, {self.host, *self.allowed_hosts})
        if refused or _is_control(request):
            response = refused or self._answer(request)
            return self._finished(request, response).steps()
        return self._with_faults(request)

    def _with_faults(self, request: Request) -> Iterator[Step]:
        entry = self.log(request)
        faults = self.faults.matching(request)
        entry.faults = [fault.kind for fault in faults]
        if seconds := self.latency + sum(fault.wait() for fault in faults):
            yield Pause(seconds)
        for fault in faults:
            fault.rewrite(request)
        response = self._answer(request)
        # Of two that change the same, the one that was added first changes it last.
        for fault in reversed(faults):
            fault.afterwards(request, self.store)
            response = fault.change(response)
        for name, value in self.headers.items():
            response.headers.setdefault(name.lower(), value)
        entry.status = response.status
        _LOG.info("%s %s: %s", request.method, request.path, response.status)
        response = self._finished(request, response)
        ways = filter(None, (fault.steps(response) for fault in faults))
        yield from next(ways, response.steps())

    def _finished(self, request: Request, response: Response) -> Response:
        if self.gzip and "gzip" in request.headers.get("accept-encoding", ""):
            response.compress()
        now = formatdate(self.clock.now(), usegmt=True)
        response.headers.setdefault("date", now)
        return response

    def _answer(self, request: Request) -> Response:
        """Respond as a server without faults does, to whatever is asked.

        Here alone, what a route raises becomes a response.
        """
        try:
            return respond(self, request)
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


def _is_control(request: Request) -> bool:
    return request.path == PAGE or request.path.startswith(f"{CONTROL}/")
