"""Coercion: records as their schema declares them, one value at a time, in Python.

It is without loss where that is possible (``"12"`` for an integer, ``1`` for a boolean,
one object where a list is declared, a bare name where an object is). So the schemas
need no unions of types, which many targets do not support. A value that does not fit at
all (``"abc"`` for a number) becomes null, with a warning: one odd value must neither
stop a pipeline nor vanish silently. What a conversion returns is validated like what
the server sent, so whatever leaves is valid.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

import msgspec

from tap_clientsuccess.records.conversions import (
    CONVERSIONS,
    CoercionError,
    clear_numbers,
    converted,
    is_storable,
)
from tap_clientsuccess.records.field import Field
from tap_clientsuccess.records.losses import Forms, unfitting, unknown

if t.TYPE_CHECKING:
    from tap_clientsuccess.records import JSONSchema

Warn = t.Callable[[str, int], None]
"""Takes what is lost, in words without a value, and how often."""

_encoder = msgspec.json.Encoder(decimal_format="number")


class Coercer:
    """Coerces the records of one stream.

    Attributes:
        root: The record, as the schema declares it; its fields learn members.
        is_open: Whether fields that the schema does not know are sent.
    """

    def __init__(self, schema: JSONSchema, warn: Warn) -> None:
        """Compile the schema.

        Args:
            schema: The stream's schema.
            warn: Called with what is lost, and how often.
        """
        self.root = Field(schema)
        self.is_open = schema.get("additionalProperties", False) is not False
        self._warn = warn
        self._forms = Forms()

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
            return self._fitting(field, value)
        except CoercionError as error:
            form, instead = self._forms.note(field, value), error.instead
        if not _keeps_rules(field, instead):
            instead = None
        self._warn(unfitting(field.path, form, in_part=instead is not None), 1)
        return instead

    def warn_unknown(self, path: str, times: int = 1) -> None:
        """Warn of a field that is dropped."""
        self._warn(unknown(path), times)

    def _fitting(self, field: Field, value: t.Any) -> t.Any:
        if type(value) not in field.python_types:
            value = converted(field, value)
            if type(value) in field.as_is:
                return value
        match value:
            case str() if field.format:
                value = CONVERSIONS[field.format](value) if value.strip() else None
            case dict():
                self._fit_object(field, value)
            case list():
                self._fit_list(field, value)
            case int() | float() | Decimal() if not is_storable(value):
                raise CoercionError
        if not _keeps_rules(field, value):
            raise CoercionError
        return value

    def _fit_object(self, field: Field, value: dict[str, t.Any]) -> None:
        members = field.properties
        if not members and field.undeclared == {}:
            _fit_anything(value)
            return
        if field.undeclared is None:
            for name in [*value.keys() - members.keys()]:
                del value[name]
                self.warn_unknown(f"{field.path}.{name}")
        for name, item in value.items():
            member = members.get(name) or field.member(name)
            if type(item) not in member.as_is:
                value[name] = self.value(member, item)

    def _fit_list(self, field: Field, value: list[t.Any]) -> None:
        items = field.items
        if items is None:
            _fit_anything(value)
            return
        for index, item in enumerate(value):
            if type(item) not in items.as_is:
                value[index] = self.value(items, item)


def _fit_anything(value: t.Any) -> None:
    if clear_numbers(value):
        raise CoercionError(value)


def _keeps_rules(field: Field, value: t.Any) -> bool:
    """Tell whether a value, as it is sent, keeps the rules of its field."""
    if value is None or not field.rules:
        return True
    try:
        return field.rules(msgspec.json.decode(_encoder.encode(value)))
    except Exception:  # noqa: BLE001 # such as a reference to what is nowhere
        return True
