"""Layouts: how the records of a stream are decoded, as far as is known by now.

A layout has a column for each field of the schema, in that order, and the struct that
`msgspec` makes of them. A record that is no such struct is slow: it is decoded and
coerced as a whole, in Python. So what is odd about it is learned. A field that the
struct lacks becomes a column, to be sent or to be dropped. A value that is not of the
type of its column makes that one raw. (Measured with an odd type in every record: 1.3
ms a page; without learning 3.4 ms.)

A layout does not change. What was learned makes another, which replaces it as a whole.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

import msgspec

from tap_clientsuccess.records.column import Column
from tap_clientsuccess.records.decoding import body_decoder
from tap_clientsuccess.records.field import is_plain, struct

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_clientsuccess.records.coerce import Coercer
    from tap_clientsuccess.records.field import Field

_MAX_LEARNED = 100
# Where `msgspec` does not take a name, no record is a struct: all are coerced.
_NEVER = t.Annotated[int, msgspec.Meta(gt=0, lt=0)]
_NoRecord = msgspec.defstruct("NoRecord", [("field", _NEVER)])


class Layout:
    """The columns of a stream's records, and the struct made of them. Immutable.

    Attributes:
        columns: The columns by name.
        raw: Those among them to be validated.
        dropped: Those that are not sent.
        record: The struct.
        decode: Decodes a record. Raises `ValueError` if it is no such struct.
        decode_page: Decodes a body, for `records_of`; raises alike.
    """

    def __init__(
        self, columns: Mapping[str, Column], deselected: Collection[str]
    ) -> None:
        """Compile the struct; the columns of some names are dropped silently."""
        self.columns = columns
        self.raw = {
            name: column
            for name, column in columns.items()
            if not column.is_direct and not column.is_unknown
        }
        self.dropped = [
            column
            for name, column in columns.items()
            if column.is_unknown or name in deselected
        ]
        try:
            members = {name: column.definition() for name, column in columns.items()}
            self.record = struct("Record", members)
        except ValueError:
            self.record = _NoRecord
        self.decode = msgspec.json.Decoder(self.record).decode
        self.decode_page = body_decoder(self.record).decode


def declared_columns(root: Field) -> dict[str, Column]:
    """Return the columns of a schema, by name."""
    return {
        name: Column(
            number, field, is_direct=field.is_exact, is_filled=field.is_nullable
        )
        for number, (name, field) in enumerate(root.properties.items())
    }


def learn(
    record: dict[str, t.Any], columns: dict[str, Column], coercer: Coercer
) -> None:
    """Find out why a record is no such struct, and change the columns by that."""
    root = coercer.root
    for name, value in record.items():
        column = columns.get(name)
        if column is None:
            if len(columns) < len(root.properties) + _MAX_LEARNED and is_plain(name):
                columns[name] = Column(
                    len(columns),
                    root.undeclared_member(name),
                    is_direct=False,
                    is_unknown=not coercer.is_open,
                )
        elif column.is_direct and not column.takes(value):
            columns[name] = replace(column, is_direct=False)
