"""The connection to one client: how an answer travels, and how it can break."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.types import Receive, Send

from clientsuccess_sandbox.messages import Answer

_LINGER_NOT = struct.pack("ii", 1, 0)


class Connection:
    """Sends an answer whole or in parts, or hangs up in the middle of it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        # Uvicorn's own object, whose method `send` is: it knows the transport.
        self._transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]

    async def send(self, answer: Answer, *, head_only: bool = False) -> None:
        """Send a whole answer."""
        await self.start(answer)
        await self.write(b"" if head_only else answer.body, more=False)

    async def start(self, answer: Answer, length: int | None = None) -> None:
        """Send status and headers; announce the body's bytes, or as many as told."""
        size = len(answer.body) if length is None else length
        headers = {**answer.headers, "content-length": str(size)}
        pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
        start = {"type": "http.response.start", "status": answer.status}
        await self._send({**start, "headers": pairs})

    async def write(self, part: bytes, *, more: bool = True) -> None:
        """Send a part of the body, perhaps the last one."""
        body = {"type": "http.response.body", "body": part, "more_body": more}
        await self._send(body)

    async def pause(self, seconds: float) -> bool:
        """Wait while the client does; tell whether it is still there."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return True
        return False

    def hang_up(self) -> None:
        """Close the connection in the ordinary way, after what was sent."""
        self._transport.close()

    def reset(self) -> None:
        """Tear the connection down, as a crashed server does."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
