"""Brings the values of a record to the types that its schema declares.

A record that is as declared (see `shapes`) passes as it is. Any other is mended
without loss where that is possible (``"12"`` for an integer, ``1`` for a boolean, one
object where a list is declared, a bare name where an object is). Thus the schemas need
no unions of types, which targets do not take. A value that is no such thing at all
(``"abc"`` for a number) becomes null, which every target takes, and is reported: one
odd value must not stop a pipeline, nor vanish without a word.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from decimal import Decimal, InvalidOperation

import msgspec

from tap_clientsuccess.shapes import Shape
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JSONSchema = dict[str, t.Any]
Report = t.Callable[[str, bool], None]
"""Takes the path of a field whose value could not be kept, as ``npsResult.score``, and
whether at least a part of it is sent."""

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


_encoder = msgspec.json.Encoder(decimal_format="number")


class _Unfit(ValueError):  # noqa: N818
    """A value cannot be brought to the declared type without loss.

    Attributes:
        instead: What is sent in its place.
    """

    def __init__(self, instead: t.Any = None) -> None:
        super().__init__()
        self.instead = instead


class Conformer:
    """Conforms the records of one stream."""

    def __init__(
        self,
        schema: JSONSchema,
        report: Report,
        unknown: Callable[[str], None],
    ) -> None:
        """Compile a schema.

        Args:
            schema: The stream's schema.
            report: Called for each value that could not be kept.
            unknown: Called with the name of each key that the schema does not know.
        """
        self._shape = Shape(schema)
        self._unknown = unknown
        self._open = bool(schema.get("additionalProperties"))
        self._object = _Object(schema, "", report)

    def __call__(self, record: dict[str, t.Any]) -> dict[str, t.Any]:
        """Conform a record in place and return it.

        Keys that the schema does not know are taken out: no target has a column for
        them.
        """
        if self._shape.fits(record):
            return record
        unknown = record.keys() - self._object.fields.keys()
        if unknown and not self._open:
            for name in unknown:
                del record[name]
                self._unknown(name)
        self._object.mend(record)
        return record


class _Object:
    def __init__(self, schema: JSONSchema, path: str, report: Report) -> None:
        self.fields = {
            name: _Field(field, f"{path}.{name}" if path else name, report)
            for name, field in schema.get("properties", {}).items()
        }

    def mend(self, values: dict[str, t.Any]) -> None:
        fields = self.fields
        for name, value in values.items():
            field = fields.get(name)
            if field is not None and type(value) not in field.as_is:
                # Only the value of a key that is there already: no change of size.
                values[name] = field.mend(value)


class _Field:
    """One declared field."""

    def __init__(self, schema: JSONSchema, path: str, report: Report) -> None:
        declared = schema.get("type", list(_PYTHON_TYPES))
        self._types = [declared] if isinstance(declared, str) else list(declared)
        self._path = path
        self._report = report
        self._format = schema.get("format")
        self._object = _Object(schema, path, report) if "properties" in schema else None
        items = schema.get("items")
        self._items = _Field(items, path, report) if items else None
        self._fits = frozenset(
            python for name in self._types for python in _PYTHON_TYPES[name]
        )
        self.as_is = self._fits - self._looked_into()

    def _looked_into(self) -> set[type]:
        """Return the types whose values need more than a look at their type."""
        deeper: set[type] = {int, float, Decimal}
        if self._format in _FORMATS:
            deeper.add(str)
        if self._object and self._object.fields:
            deeper.add(dict)
        if self._items:
            deeper.add(list)
        return deeper

    def mend(self, value: t.Any) -> t.Any:
        """Return the value as declared, or None where it cannot be."""
        try:
            mended = value if type(value) in self._fits else self._converted(value)
            return self._deeper(mended)
        except _Unfit as unfit:
            self._report(self._path, unfit.instead is not None)
            return unfit.instead

    def _deeper(self, value: t.Any) -> t.Any:
        if isinstance(value, str) and (read := _FORMATS.get(self._format or "")):
            return read(value)
        if isinstance(value, dict) and self._object:
            self._object.mend(value)
        elif isinstance(value, list) and self._items:
            items = self._items
            return [v if type(v) in items.as_is else items.mend(v) for v in value]
        elif isinstance(value, (int, float, Decimal)) and not _is_storable(value):
            raise _Unfit
        return value

    def _converted(self, value: t.Any) -> t.Any:
        for name in self._types:
            if name == "string" and self._format in _FORMATS:
                if (moment := parse_time(value)) is not None:
                    return format_time(moment)
                continue
            try:
                if name == "object":
                    return self._wrapped(value)
                return _CONVERSIONS[name](value)
            except (_Unfit, ValueError, InvalidOperation, OverflowError):
                continue
        if value is None or value == "":
            return None
        raise _Unfit

    def _wrapped(self, value: t.Any) -> dict[str, t.Any]:
        """Let a bare id or name stand for the object that it names."""
        if value is None or value == "" or isinstance(value, list):
            raise _Unfit
        declared = self._object.fields if self._object else {}
        names = ["id"] if isinstance(value, int) else ["title", "label", "name"]
        return {next((name for name in names if name in declared), "value"): value}


def is_rfc_3339(value: t.Any) -> bool:
    """Tell whether a value is a time that targets read as it is."""
    return (
        isinstance(value, str)
        and _RFC_3339.fullmatch(value) is not None
        and parse_time(value) is not None
    )


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")


def _date_time(text: str) -> str | None:
    """Keep a time that targets read as it is, and write any other in UTC."""
    moment = parse_time(text)
    if moment is not None:
        return text if _RFC_3339.fullmatch(text) else format_time(moment)
    if not text.strip():
        return None
    raise _Unfit


def _date(text: str) -> str | None:
    if not text.strip():
        return None
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise _Unfit from None
    if moment.time() != dt.time():
        raise _Unfit(moment.date().isoformat())
    return moment.date().isoformat()


_FORMATS: Mapping[str, Callable[[str], str | None]] = {
    "date-time": _date_time,
    "date": _date,
}


_MOST_BITS = 127
_MOST_DIGITS = 300


def _is_storable(value: float | Decimal) -> bool:
    """Tell whether a number is within what targets have a type for."""
    if isinstance(value, int):
        return value.bit_length() <= _MOST_BITS
    number = Decimal(value)
    return number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS


def _string(value: t.Any) -> str:
    if value is None:
        raise _Unfit
    if isinstance(value, Decimal):
        return f"{value:f}" if _is_storable(value) else str(value)
    return _encoder.encode(value).decode()


def _number(value: t.Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, float)):
        raise _Unfit
    number = Decimal(value.strip() if isinstance(value, str) else value)
    if not _is_storable(number):
        raise _Unfit
    return number


def _integer(value: t.Any) -> int:
    number = value if isinstance(value, Decimal) else _number(value)
    if not _is_storable(number) or number != number.to_integral_value():
        raise _Unfit
    return int(number)


_BOOLEANS = {
    "true": True, "yes": True, "y": True, "1": True,
    "false": False, "no": False, "n": False, "0": False,
}  # fmt: skip


def _boolean(value: t.Any) -> bool:
    if not isinstance(value, (str, int, Decimal)):
        raise _Unfit
    try:
        return _BOOLEANS[str(value).strip().lower()]
    except KeyError:
        raise _Unfit from None


def _array(value: t.Any) -> list[t.Any]:
    if value is None or value == "":
        raise _Unfit
    return [value]


def _no(_value: t.Any) -> t.Any:
    raise _Unfit


_CONVERSIONS: Mapping[str, Callable[[t.Any], t.Any]] = {
    "null": _no,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
}
