"""Whether a record is as its schema declares: one check, at the speed of C.

`msgspec` checks values against types. The types are made of the JSON schema once; a
record that passes needs nothing done to it, and nearly all do.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from itertools import count

import msgspec

JSONSchema = dict[str, t.Any]

_LARGEST = 1e308
_INTEGER = t.Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
# A `Decimal` passes for a float; NaN and Infinity do not pass the bounds.
_FLOAT = t.Annotated[float, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)]
_SCALARS: dict[str, t.Any] = {
    "string": str,
    "integer": _INTEGER,
    "number": t.Union[_INTEGER, _FLOAT],  # noqa: UP007 - `|` does not take both
    "boolean": bool,
}
_FORMATS: dict[str, t.Any] = {
    "date-time": t.Annotated[dt.datetime, msgspec.Meta(tz=True)],
    "date": dt.date,
}
_numbers = count()


class Shape:
    """The shape that a schema declares."""

    def __init__(self, schema: JSONSchema) -> None:
        """Make the types of a schema.

        Args:
            schema: The schema of a stream. What it says in ways that are not known
                here (unions of types, combinations) is taken for anything.
        """
        is_open = bool(schema.get("additionalProperties"))
        self._type: type | None
        try:
            self._type = _struct(schema.get("properties", {}), strict=not is_open)
        except ValueError:
            # A name that `msgspec` does not take, with a quote or a control character.
            self._type = None

    def fits(self, record: t.Any) -> bool:
        """Tell whether a record has this shape.

        Where it does, all declared types hold, and there is no key beyond them.
        """
        if self._type is None:
            return False
        try:
            msgspec.convert(record, self._type)
        except msgspec.ValidationError:
            return False
        return True


def _struct(properties: JSONSchema, *, strict: bool) -> type[msgspec.Struct]:
    """Make a type for objects with these properties; any of them may be absent."""
    names = {f"field_{number}": name for number, name in enumerate(properties)}
    types = [(field, _type(properties[name])) for field, name in names.items()]
    required = [field for field in types if not _takes_null(field[1])]
    optional = [(name, kind, None) for name, kind in types if _takes_null(kind)]
    return msgspec.defstruct(
        f"Shape{next(_numbers)}",
        [*required, *optional],
        rename=names,
        forbid_unknown_fields=strict,
        gc=False,
    )


def _takes_null(kind: t.Any) -> bool:
    return kind is t.Any or type(None) in t.get_args(kind)


def _type(schema: t.Any) -> t.Any:
    declared = schema.get("type") if isinstance(schema, dict) else None
    names = [declared] if isinstance(declared, str) else list(declared or [])
    kinds = [name for name in names if name != "null"]
    if len(kinds) != 1:
        return t.Any
    kind = _single_type(kinds[0], schema)
    if "null" in names and kind is not t.Any:
        kind = t.Optional[kind]  # noqa: UP045 - `|` does not take all of them
    return kind


def _single_type(name: str, schema: JSONSchema) -> t.Any:
    if name == "string":
        return _FORMATS.get(schema.get("format", ""), str)
    if name == "object":
        properties = schema.get("properties")
        return _struct(properties, strict=False) if properties else dict
    if name == "array":
        return list[_type(schema["items"])] if schema.get("items") else list  # type: ignore[misc]
    return _SCALARS.get(name, t.Any)
