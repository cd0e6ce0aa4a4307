"""Being told to stop: noted at once, acted on between two messages."""

from __future__ import annotations

import os


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

    def note(self, signum: int) -> None:
        """Take note of a signal; the second one ends the process on the spot."""
        if self._signum is not None:
            os._exit(128 + signum)
        self._signum = signum

    def checkpoint(self) -> None:
        """Stop here, if told to.

        Raises:
            Interrupted: A signal came.
        """
        if self._signum is not None:
            raise Interrupted(self._signum)
