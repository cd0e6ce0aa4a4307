"""Times and dates: which forms are read, and how they are written.

The API sends ``2024-05-01T10:11:12.123Z``. `read_moment` decides which other forms are
read, for records as for state and settings; ``docs/faults.md`` has the table. Texts and
JSON numbers are read alike.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache

_FIRST_SENSIBLE_YEAR = 2010
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - its text has no offset

_HOUR, _SIXTY = "([01][0-9]|2[0-3])", "([0-5][0-9])"
_CLOCK = rf"{_HOUR}(?P<colon>:?){_SIXTY}(?:(?P=colon){_SIXTY}(?:[.,]([0-9]+))?)?"
_ZONE = rf" ?(?:([Zz])|([+-]){_HOUR}(?::?{_SIXTY})?)"
_ISO = re.compile(
    rf"([0-9]{{4}})(?P<dash>-?)([0-9]{{2}})(?P=dash)([0-9]{{2}})"
    rf"(?:[Tt ]{_CLOCK}(?:{_ZONE})?)?"
)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:Z|[+-][0-2][0-9]:[0-5][0-9])"
)
_TIME_OF_DAY = re.compile(rf"{_CLOCK}(?:{_ZONE})?")
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE]\+?[0-9]{1,2})?")
_LONGEST = 100
_CLOCK_ERROR = dt.timedelta(days=1)
_EIGHT_DIGITS = range(10**7, 10**8)
_SECONDS = range(10**8, 10**10)
_MILLISECONDS = range(10**10, 10**13)


class Moment(t.NamedTuple):
    """A time or a date, as it was written.

    Attributes:
        day: The date, such as ``2020-02-29``.
        time: The time of that day, such as ``13:14:15.5``; empty for a date alone.
        zone: ``Z`` or an offset such as ``+01:00``; empty where none was written.
        in_utc: The time in UTC. What has no zone is in UTC, a date is its midnight.
    """

    day: str
    time: str
    zone: str
    in_utc: dt.datetime

    @property
    def text(self) -> str:
        """The time as RFC 3339 has it."""
        time = self.time or "00:00:00"
        if not self.zone and "." not in time:
            time += ".000"  # As `format_time` has it.
        return f"{self.day}T{time}{self.zone or 'Z'}"

    @property
    def is_midnight(self) -> bool:
        """Whether the date says all that was written."""
        return not self.time.strip("0:.")


def is_rfc_3339(text: str) -> bool:
    """Tell whether a text is a time that targets read as it is."""
    try:
        return bool(
            _RFC_3339.fullmatch(text)
            and text[11:13] != "24"  # Newer Pythons read it.
            and dt.datetime.fromisoformat(text).astimezone(dt.UTC)
        )
    except (ValueError, OverflowError):
        return False


def read_moment(value: t.Any) -> Moment | None:
    """Read a time or a date, in any of the forms that ``docs/faults.md`` lists.

    Returns:
        None if the value has none of these forms, or is no such day.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return None
    try:
        text = str(value).strip()
        return _read_text(text) if len(text) <= _LONGEST else None
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=2000)  # Records have few different dates.
def _read_text(text: str) -> Moment | None:
    return _of_number(Decimal(text)) if _NUMBER.fullmatch(text) else _of_iso(text)


def _of_iso(text: str) -> Moment | None:
    """Read ISO 8601; raises a `ValueError` or an `OverflowError` for no such time."""
    if not (match := _ISO.fullmatch(text)):
        return None
    year, _, month, day, *rest = match.groups()
    time, zone = _clock(rest)
    whole = dt.datetime.fromisoformat(
        f"{year}-{month}-{day}T{time[:15] or '00:00:00'}{zone or 'Z'}"
    )
    return Moment(f"{year}-{month}-{day}", time, zone, whole.astimezone(dt.UTC))


def _clock(groups: t.Sequence[str | None]) -> tuple[str, str]:
    """Return the time of the day and the zone, as RFC 3339 has them."""
    hour, _, minute, second, fraction, zulu, sign, hours, minutes = groups
    if hour is None:
        return "", ""
    time = f"{hour}:{minute}:{second or '00'}" + (f".{fraction}" if fraction else "")
    offset = f"{sign}{hours}:{minutes or '00'}" if sign else ""
    return time, "Z" if zulu else offset


def _of_number(number: Decimal) -> Moment | None:
    """Read a number by how many digits its whole part has."""
    size = int(abs(number))
    if size in _EIGHT_DIGITS and number == size:
        return _of_iso(str(size))
    if size in _SECONDS:
        number *= 1000
    elif size not in _MILLISECONDS:
        return None
    moment = _EPOCH + dt.timedelta(microseconds=int(number * 1000))
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    day, _, time = moment.isoformat(timespec=precision).partition("T")
    return Moment(day, time, "Z", moment.replace(tzinfo=dt.UTC))


def read_time_of_day(text: str) -> str | None:
    """Return a time of the day as RFC 3339 has it, in UTC if it has no zone."""
    match = _TIME_OF_DAY.fullmatch(text.strip())
    if not match:
        return None
    time, zone = _clock(match.groups())
    return time + (zone or "Z")


def parse_time(value: t.Any) -> dt.datetime | None:
    """Return the time in UTC that a text or a number is; None for no `read_moment`."""
    moment = read_moment(value)
    return moment and moment.in_utc


def format_time(moment: dt.datetime) -> str:
    """Format a time as the API does: ISO 8601 in UTC, rounded down to milliseconds."""
    text = _in_utc(moment).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _in_utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(dt.UTC)


def is_future(moment: dt.datetime) -> bool:
    """Tell whether a time is to come, by more than a clock may be wrong."""
    return moment > dt.datetime.now(dt.UTC) + _CLOCK_ERROR


@lru_cache(maxsize=16)  # The responses of one second have the same.
def parse_http_date(value: str | None) -> dt.datetime | None:
    """Parse the date of an HTTP header; None if it is none, or of an unset clock."""
    try:
        moment = _in_utc(parsedate_to_datetime(value or ""))
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_SENSIBLE_YEAR else None
