"""Conversions: a value as one of the types that its field declares, without loss.

What fits none of them raises a `CoercionError`, which says what is sent in its place.
A number is storable if targets have a type for it; one that is not is lost.
"""

from __future__ import annotations

import re
import typing as t
from decimal import Decimal, InvalidOperation

import msgspec

from tap_clientsuccess.timestamps import is_rfc_3339, read_moment, read_time_of_day

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_clientsuccess.records.field import Field

_MAX_BITS = 127
_MAX_EXPONENT = 307
_FEW_DIGITS = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {
    "true": True, "yes": True, "y": True, "1": True,
    "false": False, "no": False, "n": False, "0": False,
}  # fmt: skip
_encoder = msgspec.json.Encoder(decimal_format="number")


class CoercionError(ValueError):
    """A value cannot be coerced without loss.

    Attributes:
        instead: What is sent in its place.
    """

    def __init__(self, instead: t.Any = None) -> None:
        super().__init__()
        self.instead = instead


def converted(field: Field, value: t.Any) -> t.Any:
    """Return a value as the first of its field's types that it fits.

    Raises:
        CoercionError: It fits none.
    """
    if value is None or value == "":
        return None
    for name in field.types:
        try:
            if name == "object":
                return _wrapped(field, value)
            kind = field.format if name == "string" and field.format else name
            return CONVERSIONS[kind](value)
        except CoercionError as error:
            if error.instead is not None:
                raise
        except (ValueError, InvalidOperation, OverflowError):
            pass
    raise CoercionError


def is_storable(value: float | Decimal) -> bool:
    """Tell whether a number is within what targets have a type for."""
    if isinstance(value, int):
        return value.bit_length() <= _MAX_BITS
    number = Decimal(value)
    return not number or (number.is_finite() and number.adjusted() <= _MAX_EXPONENT)


def clear_numbers(values: t.Any) -> bool:
    """Set numbers that are not storable to null, at any depth; tell if any were."""
    found = False
    for key, value in values.items() if isinstance(values, dict) else enumerate(values):
        if isinstance(value, (dict, list)):
            found |= clear_numbers(value)
        elif isinstance(value, (int, float, Decimal)) and not is_storable(value):
            values[key] = None
            found = True
    return found


def _wrapped(field: Field, value: t.Any) -> dict[str, t.Any]:
    """Let a bare id or name stand for the object that it names."""
    if isinstance(value, list):
        raise CoercionError
    names = ["id"] if isinstance(value, int) else ["title", "label", "name"]
    name = next((n for n in names if n in field.properties), "value")
    if name not in field.properties and field.undeclared is None:
        raise CoercionError
    return {name: value}


def _string(value: t.Any) -> str:
    if isinstance(value, float) and not is_storable(value):
        raise CoercionError
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) <= _MAX_EXPONENT else str(value)
    is_partial = isinstance(value, (dict, list)) and clear_numbers(value)
    text = _encoder.encode(value).decode()
    if is_partial:
        raise CoercionError(text)
    return text


def _number(value: t.Any) -> Decimal:
    if not isinstance(value, (str, float)):
        raise CoercionError
    number = Decimal(value.strip() if isinstance(value, str) else value)
    if not is_storable(number):
        raise CoercionError
    return number


def _integer(value: t.Any) -> int:
    if isinstance(value, str) and _FEW_DIGITS.fullmatch(value):
        return int(value)
    number = value if isinstance(value, Decimal) else _number(value)
    if not is_storable(number) or number != number.to_integral_value():
        raise CoercionError
    return int(number)


def _boolean(value: t.Any) -> bool:
    if not isinstance(value, (str, int, Decimal)):
        raise CoercionError
    try:
        return _BOOLEANS[str(value).strip().lower()]
    except KeyError:
        raise CoercionError from None


def _date_time(value: t.Any) -> str:
    if isinstance(value, str) and is_rfc_3339(value):
        return value
    if (moment := read_moment(value)) is None:
        raise CoercionError
    return moment.text


def _date(value: t.Any) -> str:
    if (moment := read_moment(value)) is None:
        raise CoercionError
    if not moment.is_midnight:
        raise CoercionError(moment.day)
    return moment.day


def _time(value: t.Any) -> str:
    if not isinstance(value, str) or (time := read_time_of_day(value)) is None:
        raise CoercionError
    return time


CONVERSIONS: Mapping[str, Callable[[t.Any], t.Any]] = {
    "string": _string,
    "date-time": _date_time,
    "date": _date,
    "time": _time,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": lambda value: [value],
}
"""By type or, for a string that has one, by format."""
