"""Limit the number of requests in flight, and adapt the limit to the server."""

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

    def __init__(self, most: int) -> None:
        self._most = most
        # What changes, guarded by `_changed`, which says so to who waits for a slot.
        self._limit = float(most)
        self._in_flight = 0
        self._closed_until = 0.0
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
