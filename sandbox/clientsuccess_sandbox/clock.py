"""The sandbox's clock and its notation of times."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_SECOND = 1000
_START = datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone it is written faster


class Clock:
    """The wall clock, which can be set fast or slow.

    Attributes:
        offset: Seconds added to the real time; shifts the `Date` header too.
    """

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def now(self) -> float:
        """Tell the time in seconds since 1970."""
        return time.time() + self.offset

    def now_ms(self) -> int:
        """Tell the time in milliseconds since 1970."""
        return int(self.now() * _SECOND)


def to_iso(milliseconds: int) -> str:
    """Write milliseconds since 1970 as `2024-05-01T10:11:12.123Z`."""
    moment = _START + timedelta(0, 0, 1000 * milliseconds)
    return moment.isoformat("T", "milliseconds") + "Z"


def to_date(milliseconds: int) -> str:
    """Write the day of milliseconds since 1970 as `2024-05-01`, in UTC."""
    return to_iso(milliseconds)[:10]


def from_iso(text: str, *, keep_offset: bool = True) -> int:
    """Read an ISO 8601 time or bare date as milliseconds since 1970, or `ValueError`.

    Args:
        text: The time.
        keep_offset: Use its offset; otherwise it is taken as UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not keep_offset:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * _SECOND)
