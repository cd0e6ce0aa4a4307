"""The way of a record through this package: from the body of a response to its line.

A page is decoded once, into structs that `msgspec` makes from the schema, and
encoded once. Text, integers, booleans and objects of these are validated by that.
All else (numbers, times, open objects) stays the bytes that the server sent, and is
validated a column at a time (`Column`). What does not fit costs only itself:

- Where a column has an odd value, that column of that page is coerced in Python.
- A record that does not fit the struct is decoded and coerced as a whole. What was odd
  about it (an unknown field, a text that is a number) is learned: from the next page
  on, it is a column like those above, or is dropped.

So a record has each field of its schema once, in the order of the schema, null where
the server left it out, in one line, whatever the server's JSON looked like.

Passing on the server's bytes as they are would not be faster: to find where each record
ends, and whether a key stands twice, takes as long as to encode it anew.
"""

from __future__ import annotations

import datetime as dt
import threading
import typing as t
from contextlib import suppress
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw

from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.records.coerce import Coercer, Warn
from tap_clientsuccess.records.column import declared_columns, learn
from tap_clientsuccess.records.decoding import (
    Found,
    body_decoder,
    decode_json,
    in_one_line,
    raw_records,
    records_of,
)
from tap_clientsuccess.records.field import struct_of
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from tap_clientsuccess.records import JSONSchema
    from tap_clientsuccess.records.column import Column
    from tap_clientsuccess.records.decoding import Find

NO_RECORD = b"null"
# Where `msgspec` does not take a name, no record is a struct: all are coerced.
_NEVER = t.Annotated[int, msgspec.Meta(gt=0, lt=0)]
_NoRecord: t.Any = msgspec.defstruct("NoRecord", [("field", _NEVER)])
_TIMEZONE = attrgetter("tzinfo")
_encoder = msgspec.json.Encoder(decimal_format="number")


class EncodedRecord(msgspec.Struct, frozen=True, gc=False):
    """One record, ready to be sent.

    Attributes:
        line: Its JSON in one line, as it is sent; `NO_RECORD` for what is no object.
        key: Its primary key; a tuple if that has several fields, None if it has none.
        modified: When it was modified, if it says so.
        time: When it was modified, else when it was created, if it says so.
    """

    line: bytes
    key: Hashable
    modified: dt.datetime | None
    time: dt.datetime | None


class RecordReader:
    """Reads the records of one stream; several threads may share it."""

    def __init__(
        self,
        schema: JSONSchema,
        *,
        primary_keys: Sequence[str] = (),
        time_keys: tuple[str, str] = ("", ""),
        deselected: Collection[str] = (),
        warn: Warn = lambda *_: None,
    ) -> None:
        """Compile the schema.

        Args:
            schema: The stream's schema.
            primary_keys: The primary key.
            time_keys: When a record was modified and created; empty for none.
            deselected: Fields at the top of the record that are dropped silently.
            warn: Called with what is lost, and how often; nobody by default.
        """
        self._primary_keys = primary_keys
        self._time_keys = time_keys
        self._deselected = deselected
        self._warn = warn
        # One thread at a time reads a page: reading is all computing, and what it
        # learns changes the columns and what is made of them. The coercer's fields gain
        # members, and it notes the forms of odd times.
        self._lock = threading.Lock()
        self._coercer = Coercer(schema, warn)
        self._compile(declared_columns(self._coercer.root))

    def _compile(self, columns: dict[str, Column]) -> None:
        """Make a struct of columns, in this order, and what decodes it."""
        self._columns = columns
        self._raw = {
            name: column
            for name, column in columns.items()
            if not column.is_direct and not column.is_unknown
        }
        self._dropped = [
            column
            for name, column in columns.items()
            if column.is_unknown or name in self._deselected
        ]
        try:
            members = {name: column.definition() for name, column in columns.items()}
            self._struct = struct_of("Record", members)
        except ValueError:
            self._struct = _NoRecord
        self._decode = msgspec.json.Decoder(self._struct).decode
        self._decode_page = body_decoder(self._struct).decode

    def read(self, body: bytes, find: Find | None = None) -> Found:
        """Read the records in a body, each as an `EncodedRecord`.

        Args:
            body: The body of the response.
            find: Finds them elsewhere than in ``data``, ``content`` or a bare list.

        Raises:
            UnexpectedBodyError: There is no list of records, or it is nested too deep.
        """
        body, replaced = in_one_line(body)
        if replaced:
            self._warn("replaced NUL characters, which many targets reject", replaced)
        try:
            with self._lock:
                found = self._decoded(body, find)
                return Found(self._encoded(found.records), found.counts)
        except RecursionError:
            raise UnexpectedBodyError("nested too deep") from None

    def _decoded(self, body: bytes, find: Find | None) -> Found:
        """Decode a body: a record is a struct, or coerced; None for no object."""
        if not find:
            with suppress(ValueError, RecursionError):
                return records_of(self._decode_page(body))
        values, counts = (find or raw_records)(body)
        columns = dict(self._columns)
        records = [self._fitting(value, columns) for value in values]
        if columns != self._columns:
            self._compile(columns)
            records = [self._fitting(value, columns) for value in values]
        for number, record in enumerate(records):
            if isinstance(record, dict):
                records[number] = self._coercer.coerce(record)
        return Found(records, counts)

    def _fitting(self, value: t.Any, columns: dict[str, Column]) -> t.Any:
        """Return a record's struct; where it does not fit, a dict, and learn why."""
        if isinstance(value, Raw):
            try:
                return self._decode(value)
            except (ValueError, RecursionError):
                value = decode_json(value)
            if isinstance(value, dict):
                learn(value, columns, self._coercer)
        return value if isinstance(value, dict) else None

    def _encoded(self, records: list[t.Any]) -> list[EncodedRecord]:
        """Validate and encode records, the structs a column at a time."""
        structs = records
        if {*map(type, records)} != {self._struct}:
            structs = [each for each in records if type(each) is self._struct]
        raw = {
            name: column.validated(structs, self._coercer)
            for name, column in self._raw.items()
        }

        def values(name: str) -> list[t.Any]:
            column = self._columns.get(name)
            if not name or column is None:
                return [None] * len(records)
            found = raw.get(name) or [*map(column.get, structs)]
            if structs is records:
                return found
            rest = iter(found)
            return [
                next(rest) if type(each) is self._struct else each and each.get(name)
                for each in records
            ]

        modified_key, created_key = self._time_keys
        keys = _keys([values(name) for name in self._primary_keys], len(records))
        modified = times = _times(values(modified_key))
        if created_key and None in modified:
            created = _times(values(created_key))
            times = [m or c for m, c in zip(modified, created, strict=True)]
        self._drop(records, structs)
        lines = map(_encoder.encode, records)
        return [*map(EncodedRecord, lines, keys, modified, times)]

    def _drop(self, records: list[t.Any], structs: list[t.Any]) -> None:
        """Drop the fields that are not sent, and warn of those that are unknown."""
        for column in self._dropped:
            dropped = column.clear(structs)
            if dropped and column.is_unknown:
                self._coercer.warn_unknown(column.field.path, dropped)
        for record in records if structs is not records else ():
            if isinstance(record, dict):
                for name in self._deselected:
                    record.pop(name, None)


def _keys(fields: Sequence[list[t.Any]], length: int) -> list[Hashable]:
    """Return the primary keys; None for a record that has none."""
    if not fields:
        return [None] * length
    if len(fields) == 1 and {*map(type, fields[0])} <= {int, str}:
        return fields[0]
    valid = ([v if _is_key(v) else None for v in field] for field in fields)
    parts = zip(*valid, strict=True)
    keys = [None if None in part else part for part in parts]
    return keys if len(fields) > 1 else [key and key[0] for key in keys]


def _is_key(value: t.Any) -> bool:
    return value is not UNSET and not isinstance(value, (dict, list, msgspec.Struct))


def _times(values: list[t.Any]) -> list[dt.datetime | None]:
    kinds = {*map(type, values)}
    if kinds == {dt.datetime} and {*map(_TIMEZONE, values)} == {dt.UTC}:
        return values
    if kinds == {type(None)}:
        return values
    return [*map(_time, values)]


def _time(value: t.Any) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC)
    return parse_time(value.isoformat() if isinstance(value, dt.date) else value)
