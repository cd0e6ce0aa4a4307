"""Handle SIGINT and SIGTERM from start to exit.

`__main__` imports this module before anything else, so its own imports must be cheap.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

LEAVE_WITHIN_SECONDS = 3.0
"""How long to wait for the target after a signal."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STDERR = 2


class Interrupted(BaseException):
    """A signal told the tap to stop.

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
    """Stops the process on a signal: at once, or during a sync between two messages.

    During a sync, raising from the handler could cut off a line, or separate a record
    from its STATE.
    """

    def __init__(self) -> None:
        self._is_deferred = False
        self._signum: int | None = None
        self._at = 0.0

    def take_over(self) -> None:
        """Install the handlers; until `defer`, a signal ends the process."""
        for signum in _SIGNALS:
            signal.signal(signum, self._handle)

    def defer(self) -> None:
        """From now on, only record a signal for `raise_if_set`."""
        self._is_deferred = True

    def ignore(self) -> None:
        """Ignore signals from now on: the exit code is decided."""
        for signum in _SIGNALS:
            signal.signal(signum, signal.SIG_IGN)

    def raise_if_set(self) -> None:
        """Stop here if a signal was received.

        Raises:
            Interrupted: One was.
        """
        if self._signum is not None:
            raise Interrupted(self._signum)

    def _handle(self, signum: int, _frame: object) -> None:
        """Handle a signal.

        A second one soon after the first is ignored: a terminal and a runner may both
        send it. After `LEAVE_WITHIN_SECONDS` it ends the process at once.
        """
        if not self._is_deferred:
            _exit_at_once(signum)
        elif self._signum is None:
            self._signum, self._at = signum, time.monotonic()
        elif time.monotonic() - self._at > LEAVE_WITHIN_SECONDS:
            _exit_at_once(signum)


stop_signal = StopSignal()
"""One for the process, as signals are."""


def _exit_at_once(signum: int) -> None:
    # Bypass buffers and exception handlers: the signal may have interrupted them.
    with contextlib.suppress(OSError):
        os.write(_STDERR, b"tap-clientsuccess: stopped by signal %d\n" % signum)
    os._exit(128 + signum)
