"""The ASGI app: a request, the faults that strike it, the answer on its way."""

from __future__ import annotations

import logging
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.connection import Connection
from clientsuccess_sandbox.faults.rule import ActiveFault
from clientsuccess_sandbox.messages import Answer, Request
from clientsuccess_sandbox.routes import respond
from clientsuccess_sandbox.security import CONTROL

_MOST_BYTES = 16 * 1024 * 1024
_LOG = logging.getLogger(__name__)


class App:
    """Answers requests; what faults do, they do here."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        connection, request = Connection(receive, send), await _read(scope, receive)
        if request is None:
            await connection.send(Answer.of_error(413, "The body is too large."))
        elif request.path.startswith(f"{CONTROL}/"):
            await connection.send(await run_in_threadpool(self._answer, request, []))
        else:
            await self._serve(request, connection)

    async def _serve(self, request: Request, connection: Connection) -> None:
        backend = self._backend
        entry = backend.log(request)
        struck = backend.faults.striking(request)
        entry.faults = [str(fault.rule.__struct_config__.tag) for fault in struck]
        latency = backend.latency
        if latency and not await connection.pause(latency):
            return
        for fault in struck:
            if not await fault.rule.wait(connection):
                return
        answer = await run_in_threadpool(self._answer, request, struck)
        entry.status = answer.status
        _LOG.info("%s %s: %s", request.method, request.path, answer.status)
        for fault in struck:
            if await fault.rule.deliver(connection, answer):
                return
        await connection.send(answer, head_only=request.method == "HEAD")

    def _answer(self, request: Request, struck: list[ActiveFault]) -> Answer:
        for fault in struck:
            fault.rule.rewrite(request)
        replaced = [fault.rule.replace(fault) for fault in struck]
        answer = next((answer for answer in replaced if answer is not None), None)
        if answer is None:
            answer = self._respond(request)
            for fault in struck:
                answer = fault.rule.change(answer)
        for fault in struck:
            fault.rule.afterwards(request, self._backend.store, fault)
        accepted = request.headers.get("accept-encoding", "")
        if self._backend.gzip and "gzip" in accepted:
            answer = answer.compressed()
        answer.headers.setdefault("date", self._backend.clock.http_date())
        return answer

    def _respond(self, request: Request) -> Answer:
        try:
            return respond(self._backend, request)
        except HTTPException as problem:
            # Starlette's own words name a status that has no message.
            return Answer.of_error(problem.status_code, problem.detail)
        except RecursionError:
            return Answer.of_error(400, "The body is nested too deep.")
        except Exception:  # noqa: BLE001 - whatever it is, it must be seen
            # Uvicorn's log is silent, since broken connections are what faults are for.
            _LOG.exception("%s %s failed", request.method, request.path)
            return Answer.of_error(500)


async def _read(scope: Scope, receive: Receive) -> Request | None:
    """Take in a whole request; give up on one that is too large."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MOST_BYTES:
            return None
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    headers = dict(Headers(scope=scope))
    return Request(scope["method"], scope["path"], dict(query), headers, bytes(body))
