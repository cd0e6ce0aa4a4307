"""Faults of how an answer travels: late, slowly, in part or not at all."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from clientsuccess_sandbox.faults.rule import Rule
from clientsuccess_sandbox.messages import JSON, Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from clientsuccess_sandbox.connection import Connection

_CHUNK = 1 << 16
_MOST_BYTES = 1 << 32
_GZIP_WINDOW = 31


class Latency(Rule, tag="latency"):
    """Answer late.

    Attributes:
        seconds: How late.
    """

    seconds: float

    async def wait(self, connection: Connection) -> bool:
        """Hold the request up."""
        return await connection.pause(self.seconds)


class Stall(Rule, tag="stall"):
    """Take the request, send nothing for a while, then hang up without an answer.

    Attributes:
        seconds: For how long.
        headers_first: Send status and headers before falling silent.
    """

    seconds: float = 60.0
    headers_first: bool = False

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        """Fall silent."""
        if self.headers_first:
            await connection.start(answer)
        await connection.pause(self.seconds)
        connection.hang_up()
        return True


class CutOff(Rule, tag="cut_off"):
    """Announce the whole body, send a part of it, hang up.

    Attributes:
        part: Share of the body that is sent, between 0 and 1.
    """

    part: float = 0.5

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        """Send the part."""
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
        """Send the part and reset."""
        if self.part > 0:
            await connection.start(answer)
            await connection.write(answer.body[: int(len(answer.body) * self.part)])
            await asyncio.sleep(self.delay)
        connection.reset()
        return True


class Drip(Rule, tag="drip"):
    """Send the body drop by drop.

    Attributes:
        delay: Seconds between two drops.
        size: Bytes of a drop.
    """

    delay: float = 0.01
    size: Annotated[int, msgspec.Meta(ge=1)] = 1

    async def deliver(self, connection: Connection, answer: Answer) -> bool:
        """Send the drops until the client leaves."""
        await connection.start(answer)
        for begin in range(0, len(answer.body), self.size):
            await connection.write(answer.body[begin : begin + self.size])
            if not await connection.pause(self.delay):
                return True
        await connection.end()
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
        """Send the body piece by piece; it is never held whole."""
        head = {**answer.headers, "content-type": JSON}
        head.pop("content-encoding", None)
        if self.gzip:
            packed = b"".join([part async for part in _in_turns(_pack(self._body()))])
            head["content-encoding"] = "gzip"
            await connection.start(Answer(200, packed, head))
            await connection.end(packed)
            return True
        await connection.start(Answer(200, headers=head), length=self._length())
        async for part in _in_turns(self._body()):
            await connection.write(part)
        await connection.end()
        return True

    def _length(self) -> int:
        return max(self.size, len(_OPENING) + len(_CLOSING))

    def _body(self) -> Iterator[bytes]:
        yield _OPENING
        blanks = self._length() - len(_OPENING) - len(_CLOSING)
        for _ in range(blanks // _CHUNK):
            yield b" " * _CHUNK
        yield b" " * (blanks % _CHUNK) + _CLOSING


_OPENING = b'{"data":['
_CLOSING = (
    b'],"first":true,"last":true,"page":0,"size":200,"totalPages":1,"totalElements":0}'
)


def _pack(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP_WINDOW)
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


async def _in_turns(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Go through parts, letting other requests have their turn in between."""
    for part in parts:
        await asyncio.sleep(0)
        yield part


KINDS: Final = (CutOff, Drip, Huge, Latency, Reset, Stall)
