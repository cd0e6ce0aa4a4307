"""Limit the number of requests in flight, and how many begin in a minute.

The one limit adapts to the server, the other is the user's.
"""

from __future__ import annotations

import threading
import time
import typing as t
from contextlib import contextmanager

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_RECOVERY = 0.1


class Throttle:
    """Limits requests in flight.

    When the server says that there are too many, all wait as long as it asks, and the
    limit is halved. Each success raises it a little.
    """

    def __init__(self, most: int, seconds_per_request: float = 0.0) -> None:
        """Allow so many requests in flight, and so many seconds between two starts."""
        self._most = most
        self._interval = seconds_per_request
        # What changes, guarded by `_changed`, which says so to who waits for a slot.
        self._limit = float(most)
        self._in_flight = 0
        self._closed_until = self._next_start = 0.0
        self._backed_off_at = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[float]:
        """Wait for a free slot and hold it; yields the time at which it was free."""
        with self._changed:
            while (closed := self._closed_until - time.monotonic()) > 0 or (
                self._in_flight >= int(self._limit)
            ):
                self._changed.wait(closed if closed > 0 else None)
            self._in_flight += 1
            started = time.monotonic()
        try:
            yield started
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def pace(self, *, waits: bool = True) -> None:
        """Wait until the next request may begin, or let those that follow wait."""
        if not self._interval:
            return
        with self._changed:
            while waits and (left := self._until_start()) > 0:
                self._changed.wait(left)
            start = max(time.monotonic(), self._next_start)
            self._next_start = start + self._interval

    def _until_start(self) -> float:
        return max(self._closed_until, self._next_start) - time.monotonic()

    def recover(self) -> None:
        """Raise the limit a little after a success."""
        with self._changed:
            self._limit = min(self._most, self._limit + _RECOVERY)
            self._changed.notify_all()

    def back_off(self, started: float, seconds: float) -> None:
        """Halve the limit after the server refused a request.

        Args:
            started: When the refused request got its slot. Requests that were in flight
                together are refused together, and count once.
            seconds: How long to let no request through.
        """
        with self._changed:
            now = time.monotonic()
            self._closed_until = max(self._closed_until, now + seconds)
            if started >= self._backed_off_at:
                self._limit = max(1.0, self._limit / 2)
                self._backed_off_at = now
