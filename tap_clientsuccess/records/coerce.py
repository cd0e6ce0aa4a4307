"""Coerces values to the types that the schema declares.

It does so without loss where that is possible (``"12"`` for an integer, ``1`` for a
boolean, one object where a list is declared, a bare name where an object is). So the
schemas need no unions of types, which many targets do not support. A value that does
not fit at all (``"abc"`` for a number) becomes null, with a warning: one odd value must
neither stop a pipeline nor vanish silently. What a conversion returns is validated like
what the server sent, so whatever leaves is valid.
"""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec

from tap_clientsuccess.records.validate import Field
from tap_clientsuccess.timestamps import is_rfc_3339, read_moment, read_time_of_day

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_clientsuccess.records import JSONSchema

Warn = t.Callable[[str, int], None]
"""Takes what is lost, in words without a value, and how often."""

_MAX_BITS = 127
_MAX_EXPONENT = 307
_PLAIN_PATH = re.compile(r"[\w$-]{1,60}((\.|\[\]\.?)[\w$-]{0,60}){0,9}", re.ASCII)
_LONGEST_FORM = 40
_MOST_FORMS = 5
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
        self.is_open = schema.get("additionalProperties", False) is not False
        self._warn = warn
        self._forms: defaultdict[str, set[str]] = defaultdict(set)

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
                member = self.root.undeclared_member(name)
                coerced[name] = self.value(member, record[name])
            else:
                self.warn_unknown(name)
        return coerced

    def value(self, field: Field, value: t.Any) -> t.Any:
        """Return a value as its field declares it, or null; a list or dict in place."""
        try:
            fitting = self._fitting(field, value)
        except CoercionError as error:
            fitting, form = error.instead, self._form(field, value)
            if not _keeps_rules(field, fitting):
                fitting = None
            self._warn(_loss(field.path, form, fitting is not None), 1)
        return fitting

    def _fitting(self, field: Field, value: t.Any) -> t.Any:
        if type(value) not in field.python_types:
            value = _converted(field, value)
            if type(value) in field.as_is:
                return value
        value = self._inside(field, value)
        if field.rules and not _keeps_rules(field, value):
            raise CoercionError
        return value

    def _form(self, field: Field, value: t.Any) -> str:
        """Say what form a time or date has that is not read; a few for each field."""
        if not field.format:
            return ""
        form, forms = _form_of(value), self._forms[field.path]
        if len(forms) < _MOST_FORMS:
            forms.add(form)
        return f"; its form is {form}" if form in forms else "; it has other forms"

    def warn_unknown(self, name: str, times: int = 1) -> None:
        """Warn of a field that is dropped."""
        self._warn(
            f"dropped the field {_shown(name)}, which is not in the catalog; run "
            "discovery again, or ask for the field in an issue",
            times,
        )

    def _inside(self, field: Field, value: t.Any) -> t.Any:
        if isinstance(value, str) and field.format:
            return _FORMATS[field.format](value) if value.strip() else None
        if isinstance(value, dict) and (field.properties or field.undeclared != {}):
            return self._members(field, value)
        if isinstance(value, list) and (items := field.items):
            return [
                v if type(v) in items.as_is else self.value(items, v) for v in value
            ]
        if isinstance(value, (dict, list)):
            if _clear_numbers(value):
                raise CoercionError(value)
        elif isinstance(value, (int, float, Decimal)) and not _is_storable(value):
            raise CoercionError
        return value

    def _members(self, field: Field, value: dict[str, t.Any]) -> dict[str, t.Any]:
        if field.undeclared is None:
            for name in [*value.keys() - field.properties.keys()]:
                del value[name]
                self.warn_unknown(f"{field.path}.{name}")
        members = field.properties
        for name, item in value.items():
            member = members.get(name) or field.member(name)
            if type(item) not in member.as_is:
                value[name] = self.value(member, item)
        return value


@lru_cache(maxsize=1000)
def _loss(path: str, form: str, in_part: bool) -> str:  # noqa: FBT001
    sent = "a part of it" if in_part else "null"
    return (
        f"the value of {_shown(path)} is not of the declared type; {sent} is sent{form}"
    )


def _form_of(value: t.Any) -> str:
    """Describe a value without telling it: ``99/99/9999`` for ``02/29/2020``."""
    if isinstance(value, (bool, dict, list)):
        return {bool: "a boolean", dict: "an object", list: "a list"}[type(value)]
    text = value if isinstance(value, str) else _encoder.encode(value).decode()
    form = "".join(map(_form_of_character, text[:_LONGEST_FORM]))
    return form + "..." * (len(text) > _LONGEST_FORM)


def _form_of_character(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "a"
    return character if character in " -+/.,:" else "?"


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


def is_date_time(value: t.Any) -> bool:
    """Tell whether a text is a time with its zone, and not a number."""
    if not isinstance(value, str) or not {*":T"} & {*value[:20]}:
        return False
    moment = read_moment(value)
    return bool(moment and moment.zone)


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


def _time_of_day(value: t.Any) -> str:
    if not isinstance(value, str) or (time := read_time_of_day(value)) is None:
        raise CoercionError
    return time


_FORMATS: Mapping[str, Callable[[t.Any], str]] = {
    "date-time": _date_time,
    "date": _date,
    "time": _time_of_day,
}


def _keeps_rules(field: Field, value: t.Any) -> bool:
    """Tell whether a value, as it is sent, keeps the rules of its field."""
    if value is None or not field.rules:
        return True
    try:
        return field.rules(msgspec.json.decode(_encoder.encode(value)))
    except Exception:  # noqa: BLE001 # such as a reference to what is nowhere
        return True


def _converted(field: Field, value: t.Any) -> t.Any:
    if value is None or value == "":
        return None
    for name in field.types:
        try:
            if name == "string" and field.format:
                return _FORMATS[field.format](value)
            if name == "object":
                return _wrapped(field, value)
            return _CONVERSIONS[name](value)
        except CoercionError as error:
            if error.instead is not None:
                raise
        except (ValueError, InvalidOperation, OverflowError):
            pass
    raise CoercionError


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
