"""How messages leave: encoded once, buffered, whole, in order, and soon.

The SDK's writer flushes once a message, which costs more than all else that is done
with a record. This one gathers RECORD messages and hands whole lines to a thread that
writes them, at the latest after `LATEST_SECONDS`. All other messages, above all STATE,
are written out before the tap goes on: what a STATE speaks of has left before it.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import threading
import time
import typing as t

import msgspec
from singer_sdk.singerlib import RecordMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message

from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from collections.abc import Callable

LATEST_SECONDS = 0.5
_FULL_BYTES = 2**17
_MOST_BYTES = 2**22

# As the SDK encodes: decimals as numbers, and what JSON has no type for as text.
ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class OutputError(Exception):
    """The messages cannot be written: the target is gone, or a disk is full."""


class BufferedWriter(GenericSingerWriter[bytes, Message]):
    """Writes Singer messages to standard output."""

    def __init__(self) -> None:
        super().__init__()
        self.checkpoint: Callable[[], None] = lambda: None
        """Called between two records and while waiting; may raise to end everything."""
        self._parts: list[bytes] = []
        self._size = 0
        self._in_hand = False
        self._hurry = False
        self._failure: OutputError | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def serialize_message(self, message: Message) -> bytes:
        """Encode a message as one line, without its end.

        Raises:
            ConfigValidationError: A stream map made what JSON cannot hold.
        """
        try:
            return ENCODER.encode(message.to_dict())
        except ValueError as error:
            if not isinstance(message, RecordMessage):
                raise
            value = "a number of too many digits"
            if isinstance(error, UnicodeEncodeError):
                value = "half a surrogate pair"
            raise config_error(
                f"stream_maps.{message.stream}: an expression makes {value}, which "
                "cannot be written as JSON"
            ) from None

    def write_message(self, message: Message) -> None:
        """Write a message; any but a record has left when this returns.

        Raises:
            OutputError: The messages cannot be written.
        """
        self._append(self.serialize_message(message) + b"\n")
        if isinstance(message, RecordMessage):
            self.checkpoint()
        else:
            self.flush()

    def write_last(self, message: Message, *, within: float) -> None:
        """Write a message at the end, whatever the checkpoint says.

        Raises:
            OutputError: The messages cannot be written, or not in so many seconds.
        """
        self._append(self.serialize_message(message) + b"\n")
        self.flush(within=within)

    def write_records(self, head: bytes, records: list[bytes], tail: bytes) -> None:
        """Write RECORD messages of records that are encoded already.

        Args:
            head: The message up to the record.
            records: The records, each the JSON of an object in one line.
            tail: The rest of the message, and the end of the line.

        Raises:
            OutputError: The messages cannot be written.
        """
        # In parts: a page may be as large as `max_response_bytes`.
        step = 1 + _FULL_BYTES * len(records) // (1 + sum(map(len, records)))
        for begin in range(0, len(records), step):
            part = records[begin : begin + step]
            self._append(head, (tail + head).join(part), tail)
        self.checkpoint()

    def _append(self, *parts: bytes) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        with self._changed:
            self._parts += parts
            self._size += sum(map(len, parts))
            self._changed.notify_all()
        if self._size >= _MOST_BYTES:
            self._wait_for(lambda: self._size < _MOST_BYTES)
        if self._failure:
            raise self._failure

    def flush(self, *, within: float | None = None) -> None:
        """Wait until all messages have left.

        Args:
            within: Seconds after which to give up; None stops at the checkpoint only.

        Raises:
            OutputError: The messages cannot be written, or not in time.
        """
        self._hurry = True
        self._wait_for(lambda: not self._parts and not self._in_hand, within=within)
        self._hurry = False
        if self._failure:
            raise self._failure

    def _wait_for(
        self, reached: Callable[[], bool], *, within: float | None = None
    ) -> None:
        give_up = None if within is None else time.monotonic() + within
        with self._changed:
            self._changed.notify_all()
            while not reached() and not self._failure:
                self._changed.wait(LATEST_SECONDS)
                if give_up is None:
                    self.checkpoint()
                elif time.monotonic() > give_up:
                    raise OutputError("The target does not read the messages")

    def _work(self) -> None:
        while not self._failure:
            with self._changed:
                self._changed.wait_for(lambda: self._parts)
                self._changed.wait_for(
                    lambda: self._hurry or self._size >= _FULL_BYTES, LATEST_SECONDS
                )
                lines = b"".join(self._parts)
                self._parts, self._size = [], 0
                self._in_hand = True
            try:
                _write_out(lines)
            except Exception as error:  # noqa: BLE001 - raised in the other thread
                self._failure = OutputError(_reason(error))
            with self._changed:
                self._in_hand = False
                self._changed.notify_all()


def _write_out(lines: bytes) -> None:
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        # Standard output was replaced, as in tests, or there is none.
        sys.stdout.write(lines.decode())
        sys.stdout.flush()
        return
    sys.stdout.flush()
    # Not through its buffer, whose lock would block the exit while nobody reads.
    with memoryview(lines) as rest:
        written = 0
        while written < len(lines):
            written += _write_some(descriptor, rest[written:])


def _write_some(descriptor: int, rest: memoryview) -> int:
    try:
        return os.write(descriptor, rest)
    except BlockingIOError:
        # Another process made the pipe non-blocking.
        select.select([], [descriptor], [], LATEST_SECONDS)
        return 0


def _reason(error: Exception) -> str:
    if isinstance(error, BrokenPipeError):
        return "The target closed the pipe (broken pipe)"
    cause = getattr(error, "strerror", None) or type(error).__name__
    return f"The messages cannot be written: {cause}"
