"""What time it is by the server's clock, as its responses say."""

from __future__ import annotations

import datetime as dt

_MOST_DIFFERENCE = dt.timedelta(days=1)


class ServerClock:
    """The server's clock; this machine's while no response told, or one was absurd.

    Threads share it: the difference is replaced as a whole, so that no lock is needed.

    Attributes:
        is_known: Whether a response told the time.
    """

    def __init__(self) -> None:
        self.is_known = False
        self._difference = dt.timedelta()

    def note(self, time: dt.datetime | None) -> None:
        """Take the time that a response, which just came, told."""
        if time is None:
            return
        difference = time - dt.datetime.now(dt.UTC)
        is_likely = abs(difference) <= _MOST_DIFFERENCE
        self._difference = difference if is_likely else dt.timedelta()
        self.is_known = True

    def now(self) -> dt.datetime:
        """Return the time."""
        return dt.datetime.now(dt.UTC) + self._difference
