"""One exchange: a request, the rules that strike it, the answer on its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

from clientsuccess_sandbox.answer import Answer, Visit
from clientsuccess_sandbox.line import Line, Message, Receive, Send
from clientsuccess_sandbox.routes.replies import Json
from clientsuccess_sandbox.security import CONTROL

if TYPE_CHECKING:
    from clientsuccess_sandbox.backend import Backend
    from clientsuccess_sandbox.faults.rule import Armed

Scope: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
FindTransport: TypeAlias = Callable[[Scope], asyncio.Transport | None]

_MOST_BYTES = 16 * 1024 * 1024
_too_large = Json({"userMessage": "The body is too large."}, 413)
_LOG = logging.getLogger(__name__)


class Exchange:
    """ASGI middleware around the routes; what rules do, they do here."""

    def __init__(self, app: App, backend: Backend, transport: FindTransport) -> None:
        self._app = app
        self._backend = backend
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = await _read(scope, receive)
        if visit is None:
            await _too_large(scope, receive, send)
            return
        line = Line(receive, send, self._transport(scope))
        if visit.path.startswith(f"{CONTROL}/"):
            await self._send(line, visit, await self._answer(scope, visit), [])
        else:
            await self._misbehave(scope, visit, line)

    async def _misbehave(self, scope: Scope, visit: Visit, line: Line) -> None:
        entry = self._backend.requests.note(visit, self._backend.clock.now())
        struck = self._backend.faults.striking(visit)
        entry.faults = [str(a.rule.__struct_config__.tag) for a in struck]
        if not await self._wait(line, struck):
            return
        answer = await self._make(scope, visit, struck)
        entry.status = answer.status
        _LOG.info("%s %s: %s", visit.method, visit.path, answer.status)
        await self._send(line, visit, answer, struck)

    async def _wait(self, line: Line, struck: list[Armed]) -> bool:
        latency = self._backend.behaviour.latency
        if latency and not await line.pause(latency):
            return False
        for armed in struck:
            if not await armed.rule.wait(line):
                return False
        return True

    async def _make(self, scope: Scope, visit: Visit, struck: list[Armed]) -> Answer:
        for armed in struck:
            armed.rule.rewrite(visit)
        replaced = [armed.rule.replace(armed) for armed in struck]
        answer = next((a for a in replaced if a is not None), None)
        if answer is None:
            answer = await self._answer(scope, visit)
            for armed in struck:
                answer = armed.rule.change(answer)
        for armed in struck:
            armed.rule.afterwards(visit, self._backend.store, armed)
        return answer

    async def _send(
        self, line: Line, visit: Visit, answer: Answer, struck: list[Armed]
    ) -> None:
        if self._backend.behaviour.gzip and visit.accepts_gzip():
            answer = answer.compressed()
        answer.headers.setdefault("date", self._backend.clock.http_date())
        for armed in struck:
            if await armed.rule.deliver(line, answer):
                return
        await line.start(answer)
        await line.end(b"" if visit.method == "HEAD" else answer.body)

    async def _answer(self, scope: Scope, visit: Visit) -> Answer:
        """Let the routes answer."""
        asked = {**scope, "query_string": urlencode(visit.query).encode()}
        answer = Answer(500)

        async def receive() -> Message:
            return {"type": "http.request", "body": visit.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = _text(message["headers"])
            else:
                answer.body += message.get("body", b"")

        try:
            await self._app(asked, receive, send)
        except RecursionError:
            answer = Answer.of_error(400, "The body is nested too deep.")
        except Exception:  # noqa: BLE001 - whatever it is, it must be seen
            # Uvicorn's log is silent, since broken connections are what rules are for.
            _LOG.exception("%s %s failed", visit.method, visit.path)
            answer = Answer.of_error(500)
        answer.headers.pop("content-length", None)
        return answer


async def _read(scope: Scope, receive: Receive) -> Visit | None:
    """Take in a whole request; give up on one that is too large."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MOST_BYTES:
            return None
    return Visit(
        method=scope["method"],
        path=scope["path"],
        query=parse_qsl(
            scope["query_string"].decode("latin-1"), keep_blank_values=True
        ),
        headers=_text(scope["headers"]),
        body=bytes(body),
    )


def _text(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in headers
    }
