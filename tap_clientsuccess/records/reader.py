"""The fast path: from the body of a response to records that are ready to be written.

A page is decoded once, into structs that `msgspec` makes from the schema, and encoded
once. Text, integers, booleans and objects of these are validated by that. All else
(numbers, times, open objects) stays the bytes that the server sent, which cannot lose a
digit, and is validated a column at a time: the same field of all records of the page,
in one call. What does not fit costs only itself:

- Where a column has an odd value, that column of that page is coerced in Python.
- A record that is no such struct is decoded and coerced as a whole. What was odd about
  it (an unknown field, a text that is a number) is learned: from the next page on, it
  is a column like those above, or is dropped.

So a record has each field of its schema once, in the order of the schema, null where
the server left it out, in one line, whatever the server's JSON looked like.

Passing on the server's bytes as they are would not be faster: to find where each record
ends, and whether a key stands twice, takes as long as to encode it anew.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
import typing as t
from dataclasses import dataclass
from itertools import count, repeat
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw

from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.records.coerce import Coercer, Warn
from tap_clientsuccess.records.column import Column
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.envelope import EnvelopeDecoder, split
from tap_clientsuccess.records.validate import is_plain
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from tap_clientsuccess.records import JSONSchema

NO_RECORD = b"null"
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)(?:\\u0000|\0)")
_MAX_LEARNED = 100
_TIMEZONE = attrgetter("tzinfo")
_numbers = count()

_encoder = msgspec.json.Encoder(decimal_format="number")


Find = t.Callable[[t.Any], tuple[list[t.Any], dict[str, t.Any]]]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record.

    Attributes:
        line: Its JSON in one line, as it is sent; `NO_RECORD` for what is no object.
        key: Its primary key; a tuple if that has several fields, None if it has none.
        modified: When it was modified, if it says so.
        created: When it was created, if it says so.
    """

    line: bytes
    key: Hashable
    modified: dt.datetime | None
    created: dt.datetime | None

    @property
    def time(self) -> dt.datetime | None:
        """When it was modified, else when it was created, if it says so."""
        return self.modified or self.created


@dataclass(frozen=True)
class RecordPage:
    """What one response holds.

    Attributes:
        records: All records, also those that cannot be sent.
        counts: What the body says beside the records.
    """

    records: list[Record]
    counts: Mapping[str, t.Any]


class RecordReader:
    """Reads the records of one stream; several threads may share it."""

    def __init__(
        self,
        schema: JSONSchema,
        *,
        primary_keys: Sequence[str] = (),
        time_keys: tuple[str, str] = ("", ""),
        deselected: Collection[str] = (),
        warn: Warn,
    ) -> None:
        """Compile the schema.

        Args:
            schema: The stream's schema.
            primary_keys: The primary key.
            time_keys: The fields that say when a record was modified and created; empty
                for none.
            deselected: Fields at the top of the record that are dropped silently.
            warn: Called with what is lost, and how often.
        """
        self._primary_keys = primary_keys
        self._time_keys = time_keys
        self._deselected = deselected
        self._warn = warn
        self._coercer = Coercer(schema, warn)
        self._columns = {
            name: Column(number, field, is_declared=True)
            for number, (name, field) in enumerate(
                self._coercer.root.properties.items()
            )
        }
        self._most_columns = len(self._columns) + _MAX_LEARNED
        self._unknown: set[str] = set()
        self._lock = threading.Lock()
        self._compile()

    def read(self, body: bytes, find: Find | None = None) -> RecordPage:
        """Read the records in ``data`` or ``content`` of an object, or a bare list.

        Args:
            body: The body of the response.
            find: Takes the decoded body, where the records are elsewhere in it. Returns
                them, and what is said beside them.

        Raises:
            UnexpectedBodyError: There is no list of records, or it is nested too deep.
        """
        body = self._in_one_line(body)
        try:
            found = find(decode_json(body)) if find else None
            with self._lock:
                return self._page(*self._records(body, found))
        except RecursionError:
            raise UnexpectedBodyError("nested too deep") from None

    def _records(
        self, body: bytes, found: tuple[list[t.Any], dict[str, t.Any]] | None
    ) -> tuple[list[t.Any], dict[str, t.Any]]:
        if self._is_outdated:
            self._compile()
        try:
            if not found:
                return self._page_decoder.decode(body)
        except (ValueError, RecursionError):
            found = split(body)
        values, counts = found
        return [self._coerced(value) for value in values], counts

    def _in_one_line(self, body: bytes) -> bytes:
        """Return a body without line breaks, and without NUL in its text."""
        body = body.strip()
        # `rfind` looks for the backslash, which is rare; `in` is three times as slow.
        if body.rfind(b"\\u0000") >= 0 or b"\0" in body:
            body, times = _NUL.subn(rb"\1\\ufffd", body)
            if times:
                self._warn("replaced NUL characters, which many targets reject", times)
        if b"\n" in body or b"\r" in body:
            try:
                return msgspec.json.format(body, indent=-1)
            except (ValueError, RecursionError):
                pass  # The lenient decoder may read it; it has the last word.
        return body

    def _page(self, records: list[t.Any], counts: Mapping[str, t.Any]) -> RecordPage:
        structs = records
        if {*map(type, records)} != {self._decoder.type}:
            structs = [each for each in records if isinstance(each, msgspec.Struct)]
        checked = {
            name: column.validated(structs, self._coercer)
            for name, column in self._checked.items()
        }

        def values(name: str) -> list[t.Any]:
            if name not in self._compiled:
                return [None] * len(records)
            found = checked.get(name) or map(self._compiled[name].get, structs)
            if structs is records:
                return list(found)
            rest = iter(found)
            return [
                next(rest)
                if isinstance(record, msgspec.Struct)
                else record and record.get(name)
                for record in records
            ]

        keys = _keys([values(name) for name in self._primary_keys], len(records))
        times = [
            _times(values(name)) if name else repeat(None) for name in self._time_keys
        ]
        self._drop(structs)
        for record in records:
            if isinstance(record, dict):
                for name in self._deselected:
                    record.pop(name, None)
        lines = map(_encoder.encode, records)
        return RecordPage([*map(Record, lines, keys, *times)], counts)

    def _coerced(self, value: t.Any) -> t.Any:
        """Return a record as a struct or, where it is none, coerced; None for none."""
        if isinstance(value, Raw):
            try:
                return self._decoder.decode(value)
            except (ValueError, RecursionError):
                value = decode_json(value)
            if isinstance(value, dict):
                self._learn(value)
        if not isinstance(value, dict):
            return None
        return self._coercer.coerce(value)

    def _learn(self, record: dict[str, t.Any]) -> None:
        """Note why a record is no such struct."""
        for name, value in record.items():
            column = self._columns.get(name)
            if column is None:
                if len(self._columns) < self._most_columns and is_plain(name):
                    field = self._coercer.root.undeclared_member(name)
                    self._columns[name] = Column(
                        len(self._columns), field, is_declared=False
                    )
                    if not self._coercer.is_open:
                        self._unknown.add(name)
                    self._is_outdated = True
            elif column.is_direct and not _fits(value, column.field.type):
                column.is_direct = False
                self._is_outdated = True

    def _compile(self) -> None:
        """Make the struct of what is known by now."""
        self._is_outdated = False
        self._compiled = dict(self._columns)
        self._dropped = {*self._unknown, *self._deselected} & self._columns.keys()
        self._checked = {
            name: column
            for name, column in self._columns.items()
            if not column.is_direct and name not in self._unknown
        }
        try:
            record = msgspec.defstruct(
                f"Record{next(_numbers)}",
                [column.definition() for column in self._columns.values()],
                rename={
                    column.attribute: name for name, column in self._columns.items()
                },
                forbid_unknown_fields=True,
                gc=False,
            )
        except ValueError:
            # A name that `msgspec` does not take: all records are coerced one by one.
            never = t.Annotated[int, msgspec.Meta(gt=0, lt=0)]
            record = msgspec.defstruct("NoRecord", [("field", never)])
        self._decoder = msgspec.json.Decoder(record)
        self._page_decoder = EnvelopeDecoder(record)

    def _drop(self, structs: list[t.Any]) -> None:
        for name in self._dropped:
            column = self._compiled[name]
            having = [struct for struct in structs if column.get(struct) is not UNSET]
            for struct in having:
                setattr(struct, column.attribute, UNSET)
            if having and name in self._unknown:
                self._coercer.warn_unknown(name, len(having))


def _fits(value: t.Any, kind: t.Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


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
    if {*map(type, values)} == {dt.datetime} and {*map(_TIMEZONE, values)} == {dt.UTC}:
        return values
    return [*map(_time, values)]


def _time(value: t.Any) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC)
    return parse_time(value.isoformat() if isinstance(value, dt.date) else value)
