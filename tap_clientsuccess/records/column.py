"""Columns: one field of all the records of a page, validated in one call.

The struct of a record holds what `msgspec` decodes where encoding that again gives the
same: texts, integers, booleans, and objects of these. Such a column is *direct*, and
valid if it could be decoded. All other columns stay the JSON that the server sent,
which cannot lose a digit. `validated` decodes them only to see whether they are valid,
and for the keys and times among them. If one value is odd, that column of that page is
coerced in Python.

Two more things are odd, which `msgspec` accepts in JSON although they must not leave
so: a key that stands twice in an object, and a time in another form than that of RFC
3339 (with a space, ``t``, ``z`` or ``+0000``). Both show when the JSON is compared with
what was decoded of it, encoded again. A key that stands twice is decoded once, so there
are fewer commas. Any other form of a time has fewer of the characters T, Z and colon.
To count bytes is enough, and fast.

Servers that write ``+0000`` do so in every time. There `_with_colons` adds the colon to
the JSON, which is exact if it adds as many as are missing: a text that looks like such
a time but is none, as no time is declared there, misses none.

A record that is not the struct of the columns is slow: it is decoded and coerced as a
whole, in Python. So `learn` finds out what is odd about it. A field that the struct
lacks becomes a column, to be sent or to be dropped. A value that is not of the type of
its column makes that one raw. (Measured with an odd type in every record: 1.3 ms a
page; without learning 3.4 ms.)
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.field import attribute_name, is_plain

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.records.coerce import Coercer
    from tap_clientsuccess.records.field import Field

_NULL = Raw(b"null")
# With an offset, these are times in UTC that no `datetime` can hold.
_FIRST_DAY, _LAST_DAY = b'"0001-01-01', b'"9999-12-31'
# All but these bytes.
_REST = bytes({*range(256)} - {*b",:TZ"})
# Longer fractions are left to `read_moment`, as `msgspec` rounds them.
_COMPACT = re.compile(
    rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?'
    rb'[+-][0-9]{2}(?=[0-9]{2}")'
)
_encoder = msgspec.json.Encoder()
_MAX_LEARNED = 100


@dataclass(frozen=True, eq=False)
class Column:
    """One field of all records.

    Attributes:
        attribute: The name of its attribute in the struct.
        field: What the schema says of it.
        is_direct: Whether the struct holds the decoded value; else it is raw JSON.
        is_filled: Whether it is null where a record lacks it.
        is_unknown: Whether it is dropped, as neither the schema nor what that allows
            has it.
    """

    attribute: str
    field: Field
    is_direct: bool
    is_filled: bool = False
    is_unknown: bool = False

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
        """Validate the raw values, coerce in place those that are odd, and decode them.

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
            values = sent = coercer.values(self.field, decode_json(_listed(raws)))
        if sent is not raws:
            for struct, value in zip(having, sent, strict=True):
                setattr(struct, self.attribute, value)
        if len(having) == len(structs):
            return values
        rest = iter(values)
        return [UNSET if get(struct) is UNSET else next(rest) for struct in structs]

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
        sent, added = _with_colons(raws)
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
        field = self.field
        if "object" not in field.types and "array" not in field.types:
            if field.format != "date-time":
                return 0
            if b" " in raw or b"t" in raw or b"z" in raw or b"\\" in raw:
                raise ValueError("a time in another form")
            times, zulu = len(values) - raw.count(b"n"), raw.count(b"Z")
            return 0 if times == zulu else 3 * times - zulu - raw.count(b":")
        colons = raw.count(b":")
        maps = [] if field.properties else [v for v in values if isinstance(v, dict)]
        if colons <= sum(map(len, maps)):  # There are no maps within these.
            return 0
        found = raw.translate(None, _REST)
        made = _encoder.encode(values).translate(None, _REST)
        # Faster than to count the commas.
        missing = len(made.translate(None, b",")) - len(found.translate(None, b","))
        if len(made) - len(found) != missing:
            raise ValueError("a key that stands twice")
        return missing


def _listed(raws: list[Raw]) -> bytes:
    return b"[" + b",".join(raws) + b"]"


def _with_colons(values: list[Raw]) -> tuple[list[Raw], int]:
    """Write ``+00:00`` for ``+0000`` in all such times, and count these."""
    pairs = [_COMPACT.subn(rb"\g<0>:", bytes(value)) for value in values]
    return [Raw(value) for value, _ in pairs], sum(added for _, added in pairs)


def declared_columns(root: Field) -> dict[str, Column]:
    """Return the columns of a schema, by name."""
    return {
        name: Column(
            attribute_name(number),
            field,
            is_direct=field.is_exact,
            is_filled=field.is_nullable,
        )
        for number, (name, field) in enumerate(root.properties.items())
    }


def learn(
    record: dict[str, t.Any], columns: dict[str, Column], coercer: Coercer
) -> None:
    """Find out why a record does not fit the struct, and change the columns by that."""
    root = coercer.root
    for name, value in record.items():
        column = columns.get(name)
        if column is None:
            if len(columns) < len(root.properties) + _MAX_LEARNED and is_plain(name):
                columns[name] = Column(
                    attribute_name(len(columns)),
                    root.undeclared_member(name),
                    is_direct=False,
                    is_unknown=not coercer.is_open,
                )
        elif column.is_direct and not column.takes(value):
            columns[name] = replace(column, is_direct=False)
