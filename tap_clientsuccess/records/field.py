"""Fields: a JSON schema, compiled once into what each value may be.

A `Field` knows its values twice: as a type that `msgspec` validates at the speed of C,
and as the Python types that `coerce` goes by. Both come from one walk over the schema.

A field never loses a member and never changes what it has. It only gains members: one
that an open object had in a record is in the type from the next page on, so that it is
valid there. This, and the types made of it, is all that changes after the start; the
lock of the `RecordReader` guards it.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal
from functools import cached_property
from itertools import count

import msgspec
from jsonschema import Draft7Validator, FormatChecker
from msgspec import UNSET, UnsetType

from tap_clientsuccess.timestamps import is_rfc_3339, read_moment, read_time_of_day

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_clientsuccess.records import JSONSchema

# `t.Union` takes what `|` does not, here and below.
_INTEGER = t.Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_NUMBER = t.Union[_INTEGER, t.Annotated[float, msgspec.Meta(gt=-1e308, lt=1e308)]]  # noqa: UP007
_SCALARS: dict[str, t.Any] = {
    "string": str,
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": bool,
}
_FORMATS: dict[str, t.Any] = {
    "date-time": t.Annotated[dt.datetime, msgspec.Meta(tz=True)],
    "date": dt.date,
    "time": None,  # `msgspec` checks none that has a zone: it is checked in Python.
}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}

# `msgspec` has no recursive type for this. What is nested deeper is checked in Python.
_ANYTHING: t.Any = t.Union[_NUMBER, bool, str, None]  # noqa: UP007
for _ in range(4):
    _ANYTHING = t.Union[_NUMBER, bool, str, None, list[_ANYTHING], dict[str, _ANYTHING]]  # noqa: UP007

_EXACT = (["string"], ["integer"], ["boolean"])
# What a `Field` knows by itself, and what restricts no value of a nullable schema.
_UNDERSTOOD = {"type", "format", "properties", "items", "additionalProperties"}
_ANNOTATIONS = {
    "title", "description", "default", "examples", "deprecated", "readOnly",
    "writeOnly", "contentMediaType", "contentEncoding", "required", "$schema", "$id",
    "$comment", "x-sql-datatype", "x-sql-datatype-properties",
}  # fmt: skip
_MAX_LEARNED = 100
_format_checker = FormatChecker()
_numbers = count()
_encoder = msgspec.json.Encoder(decimal_format="number")


class Field:
    """A value that the schema declares; the root is the record itself.

    Attributes:
        path: Where it is, such as ``npsResult.score``.
        types: The names of its JSON types, in order, without ``null``.
        is_nullable: Whether it may be null.
        format: ``date-time``, ``date``, ``time`` or None.
        properties: The members of an object by name; empty where nothing is declared.
        undeclared: The schema of its other members; None where there must be none.
        items: The items of a list, if they are declared.
        breaks_rules: Tells whether a value, as it is sent, breaks the rest of the
            schema, such as ``enum``; None where there is no more.
        python_types: The types of its decoded values.
        as_is: Those among them of which every value is valid.
    """

    def __init__(
        self, schema: JSONSchema, path: str = "", parent: Field | None = None
    ) -> None:
        declared = schema.get("type", list(_PYTHON_TYPES))
        names = [declared] if isinstance(declared, str) else list(declared)
        self.path = path
        self.types = [name for name in names if name != "null"]
        self.is_nullable = "null" in names
        known_format = "string" in names and schema.get("format") in _FORMATS
        self.format: str | None = schema["format"] if known_format else None
        self.properties = {
            name: Field(member, f"{path}.{name}" if path else name, self)
            for name, member in schema.get("properties", {}).items()
        }
        self.undeclared = _schema_of_undeclared(schema)
        items = schema.get("items")
        self.items = Field(items, path, self) if items else None
        self.breaks_rules = _rules(schema)
        python_types = (kind for name in names for kind in _PYTHON_TYPES[name])
        self.python_types = frozenset(python_types)
        always_valid = {type(None)} if self.breaks_rules else {type(None), bool, str}
        self.as_is = self.python_types & always_valid
        if self.format:
            self.as_is -= {str}
        self._takes_anything = schema.keys() <= _ANNOTATIONS
        has_rules = self.breaks_rules or self.format == "time"
        self._has_types = "type" in schema and not has_rules
        self._parent = parent
        self._room = len(self.properties) + _MAX_LEARNED

    def member(self, name: str) -> Field:
        """Return the field of a member, also of one that is not declared.

        The type takes such a member from then on, unless there are very many.
        """
        field = self.properties.get(name)
        if field is None:
            field = self.undeclared_member(name)
            if self.properties and len(self.properties) < self._room and is_plain(name):
                self.properties[name] = field
                self.discard_type()
        return field

    def undeclared_member(self, name: str) -> Field:
        """Return the field of a member that is not declared, and is not learned."""
        path = f"{self.path}.{name}" if self.path else name
        return Field(self.undeclared or {}, path, self)

    def discard_type(self) -> None:
        """Have the type made again, and the types that it is a part of."""
        for name in ("type", "decode"):
            vars(self).pop(name, None)
        if self._parent:
            self._parent.discard_type()

    @property
    def is_exact(self) -> bool:
        """Whether what `type` decodes is encoded again without losing a digit."""
        if not self._has_types:
            return False
        if self.types == ["object"]:
            members = self.properties.items()
            return bool(members) and all(
                is_plain(name) and member.is_exact for name, member in members
            )
        if self.types == ["array"]:
            return self.items is not None and self.items.is_exact
        return self.types in _EXACT and not self.format

    @cached_property
    def type(self) -> t.Any:
        """The type that `msgspec` validates.

        Raises:
            ValueError: There is none, because of a name or a rule that `msgspec` does
                not take.
        """
        if self._takes_anything:
            return _ANYTHING
        if not self._has_types or not all(map(is_plain, self.properties)):
            raise ValueError("not a type of msgspec")
        kinds = [self._type_of(name) for name in self.types]
        nulls = [None] if self.is_nullable else []
        return t.Union[(*kinds, *nulls)]

    @cached_property
    def decode(self) -> Callable[[bytes], list[t.Any]]:
        """Decodes a JSON list of values; raises a `ValueError` if one is not valid.

        Raises:
            ValueError: There is no `type`.
        """
        kind = self.type
        return msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]

    def _type_of(self, name: str) -> t.Any:
        if name == "string" and self.format:
            return _FORMATS[self.format]
        if name == "array":
            return list[self.items.type if self.items else _ANYTHING]  # type: ignore[misc]
        if name != "object":
            return _SCALARS[name]
        if not self.properties and self.undeclared is not None:
            return dict[str, self.undeclared_member("*").type]  # type: ignore[misc]
        members = {
            name: (t.Union[member.type, UnsetType], UNSET)  # noqa: UP007
            for name, member in self.properties.items()
        }
        return struct_of("Object", members)


def _schema_of_undeclared(schema: JSONSchema) -> JSONSchema | None:
    others = schema.get("additionalProperties", True)
    if "patternProperties" in schema:  # The rules say which there may be.
        return {}
    return others if isinstance(others, dict) else {} if others else None


def _rules(schema: JSONSchema) -> Callable[[t.Any], bool] | None:
    """Return what checks the part of a schema that a `Field` does not know."""
    formats = _format_checker.checkers.keys() - _FORMATS.keys()
    if (
        schema.get("format") not in formats
        and schema.keys() <= _UNDERSTOOD | _ANNOTATIONS
    ):
        return None
    is_valid = Draft7Validator(schema, format_checker=_format_checker).is_valid

    def breaks_rules(value: t.Any) -> bool:
        try:
            return value is not None and not is_valid(
                msgspec.json.decode(_encoder.encode(value))
            )
        except Exception:  # noqa: BLE001 # such as a reference to what is nowhere
            return False

    return breaks_rules


@_format_checker.checks("date-time")
def _is_date_time(value: t.Any) -> bool:
    return not isinstance(value, str) or is_rfc_3339(value)


@_format_checker.checks("date")
def _is_date(value: t.Any) -> bool:
    moment = read_moment(value)
    return not isinstance(value, str) or bool(moment and moment.day == value)


@_format_checker.checks("time")
def _is_time(value: t.Any) -> bool:
    return not isinstance(value, str) or read_time_of_day(value) == value


def is_plain(name: str) -> bool:
    """Tell whether `msgspec` takes a name for a field."""
    return name.isprintable() and '"' not in name and "\\" not in name


def attribute_name(number: int) -> str:
    """Return the name of a struct's attribute, by its place."""
    return f"field_{number}"


def struct_of(title: str, members: Mapping[str, tuple[t.Any, t.Any]]) -> t.Any:
    """Make a struct that has these members and no others.

    Args:
        title: The first part of its name.
        members: The type and the default of each, by its name in JSON. The first is
            the struct's attribute 0, and so on; see `attribute_name`.

    Raises:
        ValueError: `msgspec` does not take the name of one.
    """
    attributes = {name: attribute_name(number) for number, name in enumerate(members)}
    return msgspec.defstruct(
        f"{title}{next(_numbers)}",
        [(attributes[name], *member) for name, member in members.items()],
        rename={attribute: name for name, attribute in attributes.items()},
        forbid_unknown_fields=True,
        gc=False,
    )
