"""The line to one client: how an answer travels, and how it can break."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from clientsuccess_sandbox.answer import Answer

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_LINGER_NOT = struct.pack("ii", 1, 0)


class Line:
    """Sends an answer whole or in parts, or hangs up in the middle of it."""

    def __init__(
        self, receive: Receive, send: Send, transport: asyncio.Transport | None
    ) -> None:
        self._receive = receive
        self._send = send
        self._transport = transport

    async def start(self, answer: Answer, length: int | None = None) -> None:
        """Send status and headers.

        Args:
            answer: Where they come from.
            length: Bytes to announce; by default those of the answer's body.
        """
        headers = {
            **answer.headers,
            "content-length": str(len(answer.body) if length is None else length),
        }
        await self._send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in headers.items()
                ],
            }
        )

    async def write(self, part: bytes) -> None:
        """Send a part of the body."""
        await self._send(
            {"type": "http.response.body", "body": part, "more_body": True}
        )

    async def end(self, part: bytes = b"") -> None:
        """Send the last part of the body."""
        await self._send({"type": "http.response.body", "body": part})

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
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Tear the connection down, as a crashed server does."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
