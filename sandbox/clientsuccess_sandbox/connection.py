"""The connection to one client: how an answer travels, and how it can break."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        await self.end(b"" if head_only else answer.body)

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
        self._transport.close()

    def reset(self) -> None:
        """Tear the connection down, as a crashed server does."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
