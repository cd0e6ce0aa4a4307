"""What time it is by the server's clock, as its responses say."""

from __future__ import annotations

import datetime as dt

_MOST_DIFFERENCE = dt.timedelta(days=1)


class ServerClock:
    """The server's clock; this machine's while no response told the time.

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
        self._difference = time - dt.datetime.now(dt.UTC)
        self.is_known = True

    def now(self) -> dt.datetime:
        """Return the time."""
        return dt.datetime.now(dt.UTC) + self._difference

    def likely_now(self) -> dt.datetime:
        """Return the time; this machine's if the server's is off by more than a day."""
        is_likely = abs(self._difference) <= _MOST_DIFFERENCE
        return self.now() if is_likely else dt.datetime.now(dt.UTC)
