"""Columns: one field of all the records of a page, validated in one call.

The struct of a record holds what `msgspec` decodes where encoding that again gives the
same: texts, integers, booleans, and objects of these. Such a column is *direct*, and
valid if it could be decoded. All other columns stay the JSON that the server sent,
which cannot lose a digit. `validated` decodes them only to see whether they are valid,
and for the keys and times among them. If one value is odd, that column of that page is
coerced in Python.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.records.as_written import (
    missing_in_objects,
    missing_in_times,
    with_colons,
)
from tap_clientsuccess.records.decoding import decode_json

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.records.coerce import Coercer
    from tap_clientsuccess.records.field import Field

_NULL = Raw(b"null")
# With an offset, these are times in UTC that no `datetime` can hold.
_FIRST_DAY, _LAST_DAY = b'"0001-01-01', b'"9999-12-31'


@dataclass(frozen=True, eq=False)
class Column:
    """One field of all records.

    Attributes:
        number: Its place in the struct.
        field: What the schema says of it.
        is_direct: Whether the struct holds the decoded value; else it is raw JSON.
        is_filled: Whether it is null where a record lacks it.
        is_unknown: Whether it is dropped, as neither the schema nor what that allows
            has it.
    """

    number: int
    field: Field
    is_direct: bool
    is_filled: bool = False
    is_unknown: bool = False

    @cached_property
    def attribute(self) -> str:
        """The name of the struct's attribute that has its value."""
        return f"field_{self.number}"

    @cached_property
    def get(self) -> Callable[[t.Any], t.Any]:
        """Gets its value from a struct."""
        return attrgetter(self.attribute)

    def definition(self) -> tuple[t.Any, t.Any]:
        """Return the type and the default of the struct's attribute.

        Raises:
            ValueError: `msgspec` has no such type.
        """
        kind = self.field.type if self.is_direct else Raw
        if self.is_filled:
            return kind, None if self.is_direct else _NULL
        return t.Union[kind, UnsetType], UNSET  # noqa: UP007

    def takes(self, value: t.Any) -> bool:
        """Tell whether a value is one that a direct column holds."""
        try:
            msgspec.convert(value, self.field.type)
        except msgspec.ValidationError:
            return False
        return True

    def clear(self, structs: list[t.Any]) -> int:
        """Take the values out, and return how many there were."""
        having = [struct for struct in structs if self.get(struct) is not UNSET]
        for struct in having:
            setattr(struct, self.attribute, UNSET)
        return len(having)

    def validated(self, structs: list[t.Any], coercer: Coercer) -> list[t.Any]:
        """Validate the raw values, coerce them if there is need, and decode them.

        Args:
            structs: The records; what is coerced is changed in place.
            coercer: Coerces what is not valid.

        Returns:
            The decoded values, `UNSET` where a record has none.
        """
        get, having = self.get, structs
        if not self.is_filled:
            having = [struct for struct in structs if get(struct) is not UNSET]
        raws = [*map(get, having)]
        try:
            values, sent = self._decoded(raws)
        except (ValueError, TypeError, RecursionError):
            values = sent = self._coerced(raws, coercer)
        if sent is not raws:
            for struct, value in zip(having, sent, strict=True):
                setattr(struct, self.attribute, value)
        if len(having) == len(structs):
            return values
        rest = iter(values)
        return [UNSET if get(struct) is UNSET else next(rest) for struct in structs]

    def _coerced(self, raws: list[Raw], coercer: Coercer) -> list[t.Any]:
        as_is = self.field.as_is
        return [
            value if type(value) in as_is else coercer.value(self.field, value)
            for value in decode_json(_listed(raws))
        ]

    def _decoded(self, raws: list[Raw]) -> tuple[list[t.Any], list[Raw]]:
        """Return the decoded values and, if all are valid, what is sent of them.

        Raises:
            ValueError: One of them is not valid, or there is no type to check.
        """
        raw = _listed(raws)
        if _FIRST_DAY in raw or _LAST_DAY in raw:
            raise ValueError("a time that may have no equivalent in UTC")
        values = self.field.decode(raw)
        missing = self._missing(raw, values)
        if not missing:
            return values, raws
        sent, added = with_colons(raws)
        raw = _listed(sent)
        values = self.field.decode(raw)
        if added != missing or self._missing(raw, values):
            raise ValueError("a time in another form")
        return values, sent

    def _missing(self, raw: bytes, values: list[t.Any]) -> int:
        """Count the characters that the times within would have more in RFC 3339.

        Raises:
            ValueError: There is another form, or a key that stands twice.
        """
        if "object" in self.field.types or "array" in self.field.types:
            colons = raw.count(b":")
            is_flat_map = not self.field.properties and colons <= _keys(values)
            return 0 if is_flat_map or not colons else missing_in_objects(raw, values)
        if self.field.format == "date-time":
            return missing_in_times(raw, len(values))
        return 0


def _listed(raws: list[Raw]) -> bytes:
    return b"[" + b",".join(raws) + b"]"


def _keys(values: list[t.Any]) -> int:
    """Count the keys of objects, but not those of objects within them."""
    return sum(len(value) for value in values if isinstance(value, dict))
