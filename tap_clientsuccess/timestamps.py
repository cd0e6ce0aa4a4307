"""Parse and format the times of the API, the state and the settings.

The API sends ``2024-05-01T10:11:12.123Z``. Numeric offsets (``+0000``, ``-07:00``),
missing fractions and milliseconds since 1970 are accepted as well. A time without a
zone is UTC.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache

UTC = dt.UTC
_FIRST_SENSIBLE_YEAR = 2010
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: t.Any) -> dt.datetime | None:
    """Parse a time.

    Args:
        value: ISO 8601 text, or milliseconds since 1970.

    Returns:
        The time in UTC, or None if the value is not a time.
    """
    try:
        if isinstance(value, str):
            return _in_utc(dt.datetime.fromisoformat(value.strip()))
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            return _EPOCH + dt.timedelta(milliseconds=float(value))
    except (ValueError, OverflowError):
        pass
    return None


def _in_utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def format_time(moment: dt.datetime) -> str:
    """Format a time as the API does: ISO 8601 in UTC, rounded down to milliseconds."""
    text = _in_utc(moment).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


@lru_cache(maxsize=16)  # The responses of one second have the same.
def parse_http_date(value: str | None) -> dt.datetime | None:
    """Parse the date of an HTTP header, such as ``Date`` or ``Retry-After``.

    Returns:
        The time in UTC, in whole seconds, or None if the value is not a date, or comes
        from a clock that was never set.
    """
    try:
        moment = _in_utc(parsedate_to_datetime(value or ""))
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_SENSIBLE_YEAR else None
