"""Connections that a deadline can end, and that take nothing but valid HTTP.

What `urllib3` and `http.client` have no public hook for stands here, and nowhere else.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
import typing as t
from http.client import HTTPException, HTTPResponse

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_WATCH_SECONDS = 0.1
"""How often to look whether a deadline has passed."""
_GRACE_SECONDS = 0.5
_MAX_LINE = 65_536
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}[ \t]*(;.*)?\r?\n", re.DOTALL)


class Deadline:
    """When an exchange has to be complete."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds
        self.handles: list[socket.socket] = []
        """Handles of the connections that the exchange uses."""

    def shut_down(self) -> None:
        """Let the connections read nothing more.

        Where the other side sends faster than this one reads, that takes both
        directions. But at first Python, too, has to see the connection: it would not
        close one that is shut just when TLS begins.
        """
        is_late = time.monotonic() >= self._at + _GRACE_SECONDS
        for handle in self.handles:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR if is_late else socket.SHUT_RD)

    @property
    def left(self) -> float:
        """Seconds until then, or a very short time."""
        return max(0.001, self._at - time.monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether it is too late."""
        return time.monotonic() >= self._at


class DeadlineWatch:
    """Shuts connections at their deadlines, in one thread for all of them.

    A socket's timeout starts anew with each byte, each step of connecting, and each
    interim response: a server that sends one now and then would hold a request for
    ever. So the watch has a handle of its own for each socket from its first moment on,
    before there is a proxy's tunnel, TLS or a response.
    """

    def __init__(self) -> None:
        # What changes, guarded by `_changed`: these, and the handles of deadlines.
        self._watched: set[Deadline] = set()
        self._is_running = False
        self._changed = threading.Condition()
        # Each thread has its own.
        self._current = threading.local()

    @contextlib.contextmanager
    def over(self, deadline: Deadline) -> Iterator[None]:
        """Shut the connections that this thread uses, at the deadline.

        Raises:
            TimeoutError: The deadline passed: what was read may look complete.
        """
        self._current.deadline = deadline
        with self._changed:
            self._watched.add(deadline)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._work, daemon=True).start()
        try:
            yield
        finally:
            with self._changed:
                self._watched.remove(deadline)
                for handle in deadline.handles:
                    handle.close()
            if deadline.has_passed:
                raise TimeoutError

    def reach(self, connection: t.Any) -> None:
        """Let the deadline of this thread shut a socket, whatever wraps it later."""
        handle = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._changed:
            self._current.deadline.handles.append(handle)

    def _work(self) -> None:
        with self._changed:
            while self._watched:
                self._changed.wait(_WATCH_SECONDS)
                for deadline in self._watched:
                    if deadline.has_passed:
                        deadline.shut_down()
            self._is_running = False


class MalformedResponseError(HTTPException):
    """A response is not valid HTTP; its text says what is wrong."""


@contextlib.contextmanager
def no_bare_errors() -> Iterator[None]:
    """Turn errors that `http.client` does not expect of a server into its own kind.

    Raises:
        MalformedResponseError: A response could not be read.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise MalformedResponseError("it cannot be read") from error


class StrictResponse(HTTPResponse):
    """A response whose end is certain.

    `http.client` takes an interim response (103 Early Hints) for the answer, and the
    answer for that of the next request. It ignores a length that is no number, and
    reads on until the server closes the connection, although it will not.
    """

    def begin(self) -> None:
        """Read the head, after any interim responses."""
        with no_bare_errors():
            super().begin()
            while 100 <= self.status < 200:  # noqa: PLR2004
                self.headers = self.msg = None  # type: ignore[assignment]
                super().begin()
        self._check_framing()

    def _check_framing(self) -> None:
        if self.length == 0:  # No body, whatever the headers say.
            self.chunked = False
        if self.chunked or self.length == 0:
            return
        if self.headers.get("transfer-encoding", "identity").lower() != "identity":
            raise MalformedResponseError("its Transfer-Encoding is not chunked")
        if self._check_close():  # type: ignore[attr-defined]
            return  # The body ends with the connection, whatever the headers say.
        lengths = ",".join(self.headers.get_all("content-length", [])).split(",")
        (length, *more) = {each.strip() for each in lengths}
        if length and not more and _LENGTH.fullmatch(length):
            self.length = int(length)
        elif length or more:
            raise MalformedResponseError("its Content-Length is not a number")
        elif self.headers.defects:
            raise MalformedResponseError("a line of its head is no header")

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_MAX_LINE)
        if not line.endswith(b"\n") and len(line) < _MAX_LINE:
            raise ValueError  # As `http.client` does: the body is incomplete.
        if not _CHUNK_SIZE.fullmatch(line):
            self._close_conn()  # type: ignore[attr-defined]
            raise MalformedResponseError("the size of a chunk is not a number")
        return int(line.partition(b";")[0], 16)


def watched(connection: type[t.Any], deadlines: DeadlineWatch) -> type[t.Any]:
    """Return a class of connections whose exchanges are bounded, and strict.

    Args:
        connection: The class that the pool would use, for HTTP, HTTPS or SOCKS.
        deadlines: What ends them.
    """

    class Connection(connection):  # type: ignore[misc]
        response_class = StrictResponse

        def _new_conn(self) -> socket.socket:
            new: socket.socket = super()._new_conn()
            deadlines.reach(new)
            return new

        def request(self, *args: t.Any, **kwargs: t.Any) -> None:
            if self.sock is not None:
                deadlines.reach(self.sock)
            super().request(*args, **kwargs)

    return Connection
