"""Coerces values to the types that the schema declares.

It does so without loss where that is possible (``"12"`` for an integer, ``1`` for a
boolean, one object where a list is declared, a bare name where an object is). So the
schemas need no unions of types, which many targets do not support. A value that does
not fit at all (``"abc"`` for a number) becomes null, with a warning: one odd value must
neither stop a pipeline nor vanish silently.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec

from tap_clientsuccess.records.validate import DATE_TIME, Field
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_clientsuccess.records import JSONSchema

Warn = t.Callable[[str, int], None]
"""Takes what is lost, in words without a value, and how often."""

_MAX_BITS = 127
_MAX_EXPONENT = 307
_PLAIN_PATH = re.compile(r"[\w$-]{1,60}((\.|\[\]\.?)[\w$-]{0,60}){0,9}", re.ASCII)
_FEW_DIGITS = re.compile(r"-?[0-9]{1,18}")
_encoder = msgspec.json.Encoder(decimal_format="number")


class CoercionError(ValueError):
    """A value cannot be coerced without loss.

    Attributes:
        instead: What is sent in its place.
    """

    def __init__(self, instead: t.Any = None) -> None:
        super().__init__()
        self.instead = instead


class Coercer:
    """Coerces the records of one stream."""

    def __init__(self, schema: JSONSchema, warn: Warn) -> None:
        """Compile the schema.

        Args:
            schema: The stream's schema.
            warn: Called with what is lost, and how often.
        """
        self.root = Field(schema)
        self.is_open = bool(schema.get("additionalProperties"))
        self._warn = warn

    def coerce(self, record: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a record with the fields of the schema, absent ones as null.

        Fields that the schema does not know are dropped, unless it is open.
        """
        coerced: dict[str, t.Any] = {}
        fields = self.root.properties
        for name, field in fields.items():
            value = record.get(name)
            if type(value) in field.as_is:
                coerced[name] = value
            elif name in record:
                coerced[name] = self.value(field, value)
        for name in record.keys() - fields.keys():
            if self.is_open:
                coerced[name] = self.value(Field({}, name), record[name])
            else:
                self.warn_unknown(name)
        return coerced

    def value(self, field: Field, value: t.Any) -> t.Any:
        """Return a value as its field declares it, or null; a list or dict in place."""
        try:
            if type(value) not in field.python_types:
                value = _converted(field, value)
                if type(value) in {str, bool, type(None)}:
                    return value
            return self._inside(field, value)
        except CoercionError as error:
            self._warn(_loss(field.path, error.instead is not None), 1)
            return error.instead

    def warn_unknown(self, name: str, times: int = 1) -> None:
        """Warn of a field that is dropped."""
        self._warn(
            f"dropped the field {_shown(name)}, which is not in the catalog; run "
            "discovery again, or ask for the field in an issue",
            times,
        )

    def _inside(self, field: Field, value: t.Any) -> t.Any:
        if isinstance(value, str) and field.format:
            return _FORMATS[field.format](value)
        if isinstance(value, dict) and field.properties:
            for name, item in value.items():
                member = field.properties.get(name) or field.member(name)
                if type(item) not in member.as_is:
                    value[name] = self.value(member, item)
        elif isinstance(value, list) and (items := field.items):
            return [
                v if type(v) in items.as_is else self.value(items, v) for v in value
            ]
        elif isinstance(value, (dict, list)):
            if _clear_numbers(value):
                raise CoercionError(value)
        elif isinstance(value, (int, float, Decimal)) and not _is_storable(value):
            raise CoercionError
        return value


@lru_cache(maxsize=1000)
def _loss(path: str, in_part: bool) -> str:  # noqa: FBT001
    sent = "a part of it" if in_part else "null"
    return f"the value of {_shown(path)} is not of the declared type; {sent} is sent"


def _shown(path: str) -> str:
    """Return a path for a message; a name may be data, such as an address."""
    return f"'{path}'" if _PLAIN_PATH.fullmatch(path) else "with an unusual name"


def _is_storable(value: float | Decimal) -> bool:
    """Tell whether a number is within what targets have a type for."""
    if isinstance(value, int):
        return value.bit_length() <= _MAX_BITS
    number = Decimal(value)
    return not number or (number.is_finite() and number.adjusted() <= _MAX_EXPONENT)


def _clear_numbers(values: t.Any) -> bool:
    """Set to null, at any depth, the numbers that no target can store.

    Returns:
        Whether there were any.
    """
    found = False
    for key, value in values.items() if isinstance(values, dict) else enumerate(values):
        if isinstance(value, (dict, list)):
            found |= _clear_numbers(value)
        elif isinstance(value, (int, float, Decimal)) and not _is_storable(value):
            values[key] = None
            found = True
    return found


def is_rfc_3339(value: t.Any) -> bool:
    """Tell whether a value is a time that targets read as it is."""
    try:
        msgspec.convert(value, DATE_TIME).astimezone(dt.UTC)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _date_time(text: str) -> str | None:
    if is_rfc_3339(text):
        return text
    if (moment := parse_time(text)) is not None:
        return format_time(moment)
    if not text.strip():
        return None
    raise CoercionError


def _date(text: str) -> str | None:
    if not text.strip():
        return None
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise CoercionError from None
    if moment.time() != dt.time():
        raise CoercionError(moment.date().isoformat())
    return moment.date().isoformat()


_FORMATS: Mapping[str, Callable[[str], str | None]] = {
    "date-time": _date_time,
    "date": _date,
}


def _converted(field: Field, value: t.Any) -> t.Any:
    if value is None or value == "":
        return None
    for name in field.types:
        try:
            if name == "string" and field.format:
                return _time_text(value)
            if name == "object":
                return _wrapped(field, value)
            return _CONVERSIONS[name](value)
        except CoercionError as error:
            if error.instead is not None:
                raise
        except (ValueError, InvalidOperation, OverflowError):
            pass
    raise CoercionError


def _time_text(value: t.Any) -> str:
    if (moment := parse_time(value)) is None:
        raise CoercionError
    return format_time(moment)


def _wrapped(field: Field, value: t.Any) -> dict[str, t.Any]:
    """Let a bare id or name stand for the object that it names."""
    if isinstance(value, list):
        raise CoercionError
    names = ["id"] if isinstance(value, int) else ["title", "label", "name"]
    return {next((n for n in names if n in field.properties), "value"): value}


def _string(value: t.Any) -> str:
    if isinstance(value, float) and not _is_storable(value):
        raise CoercionError
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) <= _MAX_EXPONENT else str(value)
    is_partial = isinstance(value, (dict, list)) and _clear_numbers(value)
    text = _encoder.encode(value).decode()
    if is_partial:
        raise CoercionError(text)
    return text


def _number(value: t.Any) -> Decimal:
    if not isinstance(value, (str, float)):
        raise CoercionError
    number = Decimal(value.strip() if isinstance(value, str) else value)
    if not _is_storable(number):
        raise CoercionError
    return number


def _integer(value: t.Any) -> int:
    if isinstance(value, str) and _FEW_DIGITS.fullmatch(value):
        return int(value)
    number = value if isinstance(value, Decimal) else _number(value)
    if not _is_storable(number) or number != number.to_integral_value():
        raise CoercionError
    return int(number)


_BOOLEANS = {
    "true": True, "yes": True, "y": True, "1": True,
    "false": False, "no": False, "n": False, "0": False,
}  # fmt: skip


def _boolean(value: t.Any) -> bool:
    if not isinstance(value, (str, int, Decimal)):
        raise CoercionError
    try:
        return _BOOLEANS[str(value).strip().lower()]
    except KeyError:
        raise CoercionError from None


_CONVERSIONS: Mapping[str, Callable[[t.Any], t.Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": lambda value: [value],
}
