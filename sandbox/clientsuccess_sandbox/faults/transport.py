"""Faults in how a response is sent: late, slowly, in part or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Annotated

import msgspec

from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.messages import JSON, HangUp, Pause, Response, Step

_CHUNK = 1 << 16
_MAX_BYTES = 1 << 32
_GZIP_WINDOW = 31
_HEAD = b'{"data":['
_TAIL = b'],"first":true,"last":true,"page":0,"totalPages":1,"totalElements":0}'


class Latency(Fault, tag="latency"):
    """Respond this many seconds late."""

    seconds: float

    def wait(self) -> float:
        return self.seconds


class Stall(Fault, tag="stall"):
    """Send nothing for this many seconds, then hang up.

    Attributes:
        headers_first: Send status and headers first.
    """

    seconds: float = 60.0
    headers_first: bool = False

    def steps(self, response: Response) -> Iterator[Step]:
        if self.headers_first:
            yield response.head()
        yield Pause(self.seconds)
        yield HangUp()


class CutOff(Fault, tag="cut_off"):
    """Announce the whole body, send this part of it (0 to 1), hang up."""

    part: float = 0.5

    def steps(self, response: Response) -> Iterator[Step]:
        yield response.head()
        yield _beginning(response, self.part)
        yield HangUp()


class Reset(Fault, tag="reset"):
    """Reset the connection in the middle of the body.

    Attributes:
        part: Share of the body that is sent before; with 0, not even the headers are.
        delay: Seconds between that part and the reset, so that the client reads it.
    """

    part: float = 0.5
    delay: float = 0.05

    def steps(self, response: Response) -> Iterator[Step]:
        if self.part > 0:
            yield response.head()
            yield _beginning(response, self.part)
            yield Pause(self.delay)
        yield HangUp(reset=True)


class Drip(Fault, tag="drip"):
    """Send the body this many bytes at a time, with this many seconds in between."""

    delay: float = 0.01
    size: Annotated[int, msgspec.Meta(ge=1)] = 1

    def steps(self, response: Response) -> Iterator[Step]:
        yield response.head()
        for begin in range(0, len(response.body), self.size):
            yield response.body[begin : begin + self.size]
            yield Pause(self.delay)


class Huge(Fault, tag="huge"):
    """Send a huge body: valid JSON that is mostly blanks.

    Attributes:
        size: Bytes of the uncompressed body.
        gzip: Compress it, to about a thousandth.
    """

    size: Annotated[int, msgspec.Meta(ge=0, le=_MAX_BYTES)]
    gzip: bool = False

    def steps(self, response: Response) -> Iterator[Step]:
        headers = {**response.headers, "content-type": JSON}
        headers.pop("content-encoding", None)
        if self.gzip:
            compressor = zlib.compressobj(wbits=_GZIP_WINDOW)
            parts = [compressor.compress(part) for part in self._parts()]
            body = b"".join([*parts, compressor.flush()])
            yield from Response(
                200, body, headers | {"content-encoding": "gzip"}
            ).steps()
        else:
            length = max(self.size, len(_HEAD) + len(_TAIL))
            yield Response(200, headers=headers).head(length)
            yield from self._parts()

    def _parts(self) -> Iterator[bytes]:
        """Yield the body in parts, as it may not fit in memory."""
        blanks = max(0, self.size - len(_HEAD) - len(_TAIL))
        yield _HEAD + b" " * (blanks % _CHUNK)
        for _ in range(blanks // _CHUNK):
            yield b" " * _CHUNK
        yield _TAIL


def _beginning(response: Response, part: float) -> bytes:
    return response.body[: int(len(response.body) * part)]
