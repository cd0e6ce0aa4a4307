"""SIGINT and SIGTERM: from the command's first moment to its last.

`__main__` imports this module before anything else, so it imports next to nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

LEAVE_WITHIN_SECONDS = 3.0
"""For how long what reads the messages is waited for at an end by a signal."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STDERR = 2


class Interrupted(BaseException):
    """The tap was told to stop by a signal.

    Attributes:
        signum: The signal's number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """The conventional exit code for an end by this signal."""
        return 128 + self.signum


class StopSignal:
    """Ends the process at a signal: at once, or during a sync between two messages.

    In a sync a signal may come in the middle of a line, or between a record and the
    state that speaks of it; raising there would tear them apart.
    """

    def __init__(self) -> None:
        self._is_deferred = False
        self._signum: int | None = None
        self._at = 0.0

    def take_over(self) -> None:
        """Handle the signals from now on; until `defer` each ends the process."""
        for signum in _SIGNALS:
            signal.signal(signum, self._handle)

    def defer(self) -> None:
        """Only take note of a signal from now on, for `raise_if_set`."""
        self._is_deferred = True

    def ignore(self) -> None:
        """Let a signal change nothing any more: the exit code is decided."""
        for signum in _SIGNALS:
            signal.signal(signum, signal.SIG_IGN)

    def raise_if_set(self) -> None:
        """Stop here, if told to.

        Raises:
            Interrupted: A signal came.
        """
        if self._signum is not None:
            raise Interrupted(self._signum)

    def _handle(self, signum: int, _frame: object) -> None:
        """Act on a signal.

        A second one in a sync, such as when a terminal and a runner both pass it on,
        changes nothing; one that comes when the tap should long have ended ends it.
        """
        if not self._is_deferred:
            _exit_at_once(signum)
        elif self._signum is None:
            self._signum, self._at = signum, time.monotonic()
        elif time.monotonic() - self._at > LEAVE_WITHIN_SECONDS:
            _exit_at_once(signum)


stop_signal = StopSignal()
"""Signals belong to the process, and so does what became of them."""


def _exit_at_once(signum: int) -> None:
    # Past all buffers and handlers of exceptions, in which the signal may have come.
    with contextlib.suppress(OSError):
        os.write(_STDERR, b"tap-clientsuccess: stopped by signal %d\n" % signum)
    os._exit(128 + signum)
