"""Being told to stop: noted at once, acted on between two messages."""

from __future__ import annotations

import os
import time

LEAVE_WITHIN_SECONDS = 3.0
"""For how long what reads the messages is waited for at an end by a signal."""


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


class Interruption:
    """Remembers a signal until the tap is at a point where it can stop.

    A signal may come in the middle of a line, or between a record and the state that
    speaks of it; raising there would tear them apart.
    """

    def __init__(self) -> None:
        self._signum: int | None = None
        self._at = 0.0

    def note(self, signum: int) -> None:
        """Take note of a signal.

        A second one, such as when a terminal and a runner both pass it on, changes
        nothing; one that comes when the tap should long have ended ends it on the spot.
        """
        if self._signum is None:
            self._signum, self._at = signum, time.monotonic()
        elif time.monotonic() - self._at > LEAVE_WITHIN_SECONDS:
            os._exit(128 + signum)

    def checkpoint(self) -> None:
        """Stop here, if told to.

        Raises:
            Interrupted: A signal came.
        """
        if self._signum is not None:
            raise Interrupted(self._signum)
