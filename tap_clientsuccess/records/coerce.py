"""Coercion: records as their schema declares them, one value at a time, in Python.

It is without loss where that is possible (``"12"`` for an integer, ``1`` for a boolean,
one object where a list is declared, a bare name where an object is). So the schemas
need no unions of types, which many targets do not support. A value that does not fit at
all (``"abc"`` for a number) becomes null, with a warning: one odd value must neither
stop a pipeline nor vanish silently. What a conversion returns is validated like what
the server sent, so whatever leaves is valid.

A warning says what is lost, and never tells a value. Of a time or a date that cannot be
read it tells the form: ``99/99/9999`` for ``02/29/2020``.
"""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache

import msgspec

from tap_clientsuccess.records.conversions import (
    CONVERSIONS,
    CoercionError,
    clear_numbers,
    converted,
    is_storable,
)
from tap_clientsuccess.records.field import Field

if t.TYPE_CHECKING:
    from tap_clientsuccess.records import JSONSchema

Warn = t.Callable[[str, int], None]
"""Takes what is lost, in words without a value, and how often."""

_PLAIN_PATH = re.compile(r"[\w$-]{1,60}((\.|\[\]\.?)[\w$-]{0,60}){0,9}", re.ASCII)
_LONGEST_FORM = 40
_MOST_FORMS = 5
_encoder = msgspec.json.Encoder(decimal_format="number")


class Coercer:
    """Coerces the records of one stream.

    Attributes:
        root: The record, as the schema declares it; its fields learn members.
        is_open: Whether fields that the schema does not know are sent.
    """

    def __init__(self, schema: JSONSchema, warn: Warn) -> None:
        """Compile a schema; `warn` is called with what is lost, and how often."""
        self.root = Field(schema)
        self.is_open = schema.get("additionalProperties", False) is not False
        self._warn = warn
        self._forms: defaultdict[str, set[str]] = defaultdict(set)
        """The forms of times and dates that could not be read; a few for each field."""

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

    def values(self, field: Field, values: list[t.Any]) -> list[t.Any]:
        """Coerce the values of a list in place, and return it."""
        for index, value in enumerate(values):
            if type(value) not in field.as_is:
                values[index] = self.value(field, value)
        return values

    def value(self, field: Field, value: t.Any) -> t.Any:
        """Return a value as its field declares it, or null; a list or dict in place."""
        fitting = value
        try:
            if type(value) not in field.python_types:
                fitting = converted(field, value)
                if type(fitting) in field.as_is:
                    return fitting
            match fitting:
                case str() if field.format:
                    convert = CONVERSIONS[field.format]
                    fitting = convert(fitting) if fitting.strip() else None
                case dict() if field.properties or field.undeclared != {}:
                    self._fit_object(field, fitting)
                case list() if field.items:
                    self.values(field.items, fitting)
                case dict() | list() if clear_numbers(fitting):
                    return self._instead(field, value, fitting)
                case int() | float() | Decimal() if not is_storable(fitting):
                    return self._instead(field, value)
        except CoercionError as error:
            return self._instead(field, value, error.instead)
        if field.breaks_rules and field.breaks_rules(fitting):
            return self._instead(field, value)
        return fitting

    def _instead(self, field: Field, value: t.Any, instead: t.Any = None) -> t.Any:
        """Warn of a value that does not fit; return what is sent in its place."""
        if field.breaks_rules and field.breaks_rules(instead):
            instead = None
        form = self._form(field, value)
        self._warn(_unfitting(field.path, form, in_part=instead is not None), 1)
        return instead

    def warn_unknown(self, path: str, times: int = 1) -> None:
        """Warn of a field that is dropped."""
        self._warn(
            f"dropped the field {_shown(path)}, which is not in the catalog; run "
            "discovery again, or ask for the field in an issue",
            times,
        )

    def _form(self, field: Field, value: t.Any) -> str:
        """Say what form a time or a date has; nothing for other fields."""
        if not field.format:
            return ""
        form, seen = _form_of(value), self._forms[field.path]
        if len(seen) < _MOST_FORMS:
            seen.add(form)
        return f"; its form is {form}" if form in seen else "; it has other forms"

    def _fit_object(self, field: Field, value: dict[str, t.Any]) -> None:
        members = field.properties
        if field.undeclared is None:
            for name in [*value.keys() - members.keys()]:
                del value[name]
                self.warn_unknown(f"{field.path}.{name}")
        for name, item in value.items():
            member = members.get(name) or field.member(name)
            if type(item) not in member.as_is:
                value[name] = self.value(member, item)


@lru_cache(maxsize=1000)
def _unfitting(path: str, form: str, *, in_part: bool) -> str:
    sent = "a part of it" if in_part else "null"
    return (
        f"the value of {_shown(path)} is not of the declared type; {sent} is sent{form}"
    )


def _form_of(value: t.Any) -> str:
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
