"""A JSON schema, compiled once: what each field may hold.

A `Field` knows its value both as a type that `msgspec` validates at the speed of C and
as the Python types that `coerce` goes by. Both come from the same walk over the schema.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal
from itertools import count

import msgspec
from jsonschema import Draft7Validator, FormatChecker
from msgspec import UNSET, UnsetType

from tap_clientsuccess.timestamps import is_rfc_3339, read_moment, read_time_of_day

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.records import JSONSchema

LARGEST = 1e308
_INTEGER = t.Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_NUMBER = t.Union[_INTEGER, t.Annotated[float, msgspec.Meta(gt=-LARGEST, lt=LARGEST)]]  # noqa: UP007 - `|` does not take both
_SCALARS: dict[str, t.Any] = {
    "string": str,
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": bool,
}
DATE_TIME = t.Annotated[dt.datetime, msgspec.Meta(tz=True)]
_FORMATS: dict[str, t.Any] = {"date-time": DATE_TIME, "date": dt.date}
FORMATS = ("date-time", "date", "time")
_FORMAT_CHECKER = FormatChecker()
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
ANYTHING: t.Any = t.Union[_NUMBER, bool, str, None]  # noqa: UP007
for _ in range(4):
    ANYTHING = t.Union[_NUMBER, bool, str, None, list[ANYTHING], dict[str, ANYTHING]]  # noqa: UP007

_EXACT = (["string"], ["integer"], ["boolean"])
# What a `Field` knows by itself, and what restricts no value of a nullable schema.
_UNDERSTOOD = {"type", "format", "properties", "items", "additionalProperties"}
_ANNOTATIONS = {
    "title", "description", "default", "examples", "deprecated", "readOnly",
    "writeOnly", "contentMediaType", "contentEncoding", "required", "$schema", "$id",
    "$comment", "x-sql-datatype", "x-sql-datatype-properties",
}  # fmt: skip
_MAX_LEARNED = 100
_numbers = count()


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
        rules: Tells whether a value keeps the rest of the schema, such as ``enum``;
            None where there is no more.
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
        known_format = "string" in names and schema.get("format") in FORMATS
        self.format: str | None = schema["format"] if known_format else None
        self.properties = {
            name: Field(member, f"{path}.{name}" if path else name, self)
            for name, member in schema.get("properties", {}).items()
        }
        self.undeclared = _schema_of_undeclared(schema)
        items = schema.get("items")
        self.items = Field(items, path, self) if items else None
        self.rules = _rules(schema)
        python_types = (kind for name in names for kind in _PYTHON_TYPES[name])
        self.python_types = frozenset(python_types)
        always_valid = {type(None)} if self.rules else {type(None), bool, str}
        self.as_is = self.python_types & always_valid
        if self.format:
            self.as_is -= {str}
        self._takes_anything = schema.keys() <= _ANNOTATIONS
        self._has_types = "type" in schema and not self.rules and self.format != "time"
        self._parent = parent
        self._room = len(self.properties) + _MAX_LEARNED
        self._type: t.Any = None

    @property
    def type(self) -> t.Any:
        """The type that `msgspec` validates.

        Raises:
            ValueError: There is none, because of a name or a rule that `msgspec` does
                not take.
        """
        if self._takes_anything:
            return ANYTHING
        if self._type is None:
            if not self._has_types or not all(map(is_plain, self.properties)):
                raise ValueError("not a type of msgspec")
            kinds = [self._type_of(name) for name in self.types]
            # `t.Union` takes what `|` does not.
            self._type = (
                t.Union[(*kinds, None)] if self.is_nullable else t.Union[(*kinds,)]
            )
        return self._type

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

    def _type_of(self, name: str) -> t.Any:
        if name == "string" and self.format:
            return _FORMATS[self.format]
        if name == "array":
            return list[self.items.type if self.items else ANYTHING]  # type: ignore[misc]
        if name != "object":
            return _SCALARS[name]
        if not self.properties and self.undeclared is not None:
            return dict[str, self.undeclared_member("*").type]  # type: ignore[misc]
        fields = [
            (f"field_{number}", t.Union[field.type, UnsetType], UNSET)  # noqa: UP007
            for number, field in enumerate(self.properties.values())
        ]
        names = {f"field_{number}": name for number, name in enumerate(self.properties)}
        return msgspec.defstruct(
            f"Object{next(_numbers)}",
            fields,
            rename=names,
            forbid_unknown_fields=True,
            gc=False,
        )

    def member(self, name: str) -> Field:
        """Return the field of a member, also of one that is not declared.

        The type takes such a member from then on. So it is valid next time.
        """
        field = self.properties.get(name)
        if field is None:
            field = self.undeclared_member(name)
            if self.properties and len(self.properties) < self._room and is_plain(name):
                self.properties[name] = field
                outdated: Field | None = self
                while outdated:
                    outdated._type = None  # noqa: SLF001
                    outdated = outdated._parent  # noqa: SLF001
        return field

    def undeclared_member(self, name: str) -> Field:
        """Return the field of a member that is not declared."""
        path = f"{self.path}.{name}" if self.path else name
        return Field(self.undeclared or {}, path, self)


def _schema_of_undeclared(schema: JSONSchema) -> JSONSchema | None:
    others = schema.get("additionalProperties", True)
    if "patternProperties" in schema:  # The rules say which there may be.
        return {}
    return others if isinstance(others, dict) else {} if others else None


def _rules(schema: JSONSchema) -> Callable[[t.Any], bool] | None:
    """Return what checks the part of a schema that a `Field` does not know."""
    formats = _FORMAT_CHECKER.checkers.keys() - {*FORMATS}
    if (
        schema.get("format") not in formats
        and schema.keys() <= _UNDERSTOOD | _ANNOTATIONS
    ):
        return None
    return Draft7Validator(schema, format_checker=_FORMAT_CHECKER).is_valid


@_FORMAT_CHECKER.checks("date-time")
def _is_date_time(value: t.Any) -> bool:
    return not isinstance(value, str) or is_rfc_3339(value)


@_FORMAT_CHECKER.checks("date")
def _is_date(value: t.Any) -> bool:
    moment = read_moment(value)
    return not isinstance(value, str) or bool(moment and moment.day == value)


@_FORMAT_CHECKER.checks("time")
def _is_time(value: t.Any) -> bool:
    return not isinstance(value, str) or read_time_of_day(value) == value


def is_plain(name: str) -> bool:
    """Tell whether `msgspec` takes a name for a field."""
    return name.isprintable() and '"' not in name and "\\" not in name
