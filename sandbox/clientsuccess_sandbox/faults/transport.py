"""Faults of how an answer travels: late, slowly, in part or not at all."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec

from clientsuccess_sandbox.connection import Connection
from clientsuccess_sandbox.faults.rule import Rule
from clientsuccess_sandbox.messages import JSON, Answer

_CHUNK = 1 << 16
_MOST_BYTES = 1 << 32
_GZIP_WINDOW = 31
_OPENING = b'{"data":['
_CLOSING = b'],"first":true,"last":true,"page":0,"totalPages":1,"totalElements":0}'


class Latency(Rule, tag="latency"):
    """Answer so many seconds late."""

    seconds: float

    async def wait(self, connection: Connection) -> bool:
        return await connection.pause(self.seconds)


class Stall(Rule, tag="stall"):
    """Take the request, send nothing for so many seconds, then hang up.

    Attributes:
        headers_first: Send status and headers before falling silent.
    """

    seconds: float = 60.0
    headers_first: bool = False

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        if self.headers_first:
            await connection.start(answer)
        await connection.pause(self.seconds)
        connection.hang_up()
        return True


class CutOff(Rule, tag="cut_off"):
    """Announce the whole body, send this part of it (0 to 1), hang up."""

    part: float = 0.5

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        await connection.start(answer)
        await connection.write(answer.body[: int(len(answer.body) * self.part)])
        connection.hang_up()
        return True


class Reset(Rule, tag="reset"):
    """Tear the connection down in the middle of the body.

    Attributes:
        part: Share of the body that is sent before; 0 sends not even headers.
        delay: Seconds between that part and the end, so that the client reads it.
    """

    part: float = 0.5
    delay: float = 0.05

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        if self.part > 0:
            await connection.start(answer)
            await connection.write(answer.body[: int(len(answer.body) * self.part)])
            await asyncio.sleep(self.delay)
        connection.reset()
        return True


class Drip(Rule, tag="drip"):
    """Send the body in drops of so many bytes, with so many seconds between them."""

    delay: float = 0.01
    size: Annotated[int, msgspec.Meta(ge=1)] = 1

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        await connection.start(answer)
        for begin in range(0, len(answer.body), self.size):
            await connection.write(answer.body[begin : begin + self.size])
            if not await connection.pause(self.delay):
                return True
        await connection.write(b"", more=False)
        return True


class Huge(Rule, tag="huge"):
    """Answer with an endless-looking body: valid JSON of mostly blanks.

    Attributes:
        size: Bytes of the body, as the client unpacks it.
        gzip: Send it compressed to about a thousandth.
    """

    size: Annotated[int, msgspec.Meta(ge=0, le=_MOST_BYTES)]
    gzip: bool = False

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        head = {**answer.headers, "content-type": JSON}
        head.pop("content-encoding", None)
        if self.gzip:
            packer, packed = zlib.compressobj(wbits=_GZIP_WINDOW), bytearray()
            for part in self._parts():
                packed += packer.compress(part)
                await asyncio.sleep(0)  # others have their turn
            head["content-encoding"] = "gzip"
            await connection.send(Answer(200, bytes(packed + packer.flush()), head))
            return True
        least = len(_OPENING) + len(_CLOSING)
        await connection.start(Answer(200, headers=head), max(self.size, least))
        for part in self._parts():
            await connection.write(part)
            await asyncio.sleep(0)
        await connection.write(b"", more=False)
        return True

    def _parts(self) -> Iterator[bytes]:
        """Give the body in parts, since it is too large to be held whole."""
        blanks = max(0, self.size - len(_OPENING) - len(_CLOSING))
        yield _OPENING + b" " * (blanks % _CHUNK)
        for _ in range(blanks // _CHUNK):
            yield b" " * _CHUNK
        yield _CLOSING


KINDS: Final = (CutOff, Drip, Huge, Latency, Reset, Stall)
