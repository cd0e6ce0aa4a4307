"""The fast path: from the body of a response to records that are ready to be written.

A page is decoded once, into structs that `msgspec` makes from the schema. Strings,
integers and booleans at the top of a record are validated by that. All else (numbers,
times, lists, objects) stays the bytes that the server sent, which cannot lose a digit,
and is validated a column at a time: the same field of all records of the page, in one
call. What does not fit costs only itself:

- Where a column has an odd value, that column of that page is coerced in Python.
- A record that is no such struct is decoded and coerced as a whole. What was odd about
  it (an unknown field, a string that is a number) is learned: from the next page on,
  it is a column like those above, or is dropped.

So a record has each field of its schema once, in the order of the schema, null where
the server left it out, whatever the server's JSON looked like.
"""

from __future__ import annotations

import datetime as dt
import threading
import typing as t
from dataclasses import dataclass
from itertools import compress, count
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.records.coerce import Coercer, Warn
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.validate import Field, is_plain
from tap_clientsuccess.times import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

    from tap_clientsuccess.records import JSONSchema

_NULL = Raw(b"null")
_MAX_LEARNED = 100
_ENVELOPE = ("totalElements", "totalPages", "size", "last")
# With an offset, these are times in UTC that no `datetime` can hold.
_FIRST_DAY, _LAST_DAY = b'"0001-01-01', b'"9999-12-31'
_DIRECT_TYPES = (["string"], ["integer"], ["boolean"])
_numbers = count()

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class RecordPage:
    """The records of one response.

    Attributes:
        records: What `msgspec.json.Encoder` encodes as the records, by
            ``encode_lines`` or inside of a message. Dropped records are not in it.
        keys: The primary key of each record; a tuple if it has several fields, None
            if the stream has no primary key.
        timestamps: For each of the reader's `timestamp_keys`, the time of each record,
            or None where it has none.
        length: How many records the server sent, the dropped ones included.
        envelope: What the body says beside the records.
    """

    records: list[t.Any]
    keys: list[Hashable]
    timestamps: dict[str, list[dt.datetime | None]]
    length: int
    envelope: Mapping[str, t.Any]

    def to_dicts(self) -> list[dict[str, t.Any]]:
        """Return the records decoded, with exact decimals: for what changes records."""
        return [decode_json(_encoder.encode(record)) for record in self.records]


class _Column:
    """One field of all records."""

    def __init__(self, number: int, field: Field, *, is_declared: bool) -> None:
        self.field = field
        self.attribute = f"field_{number}"
        self.get: Callable[[t.Any], t.Any] = attrgetter(self.attribute)
        self.is_direct = field.types in _DIRECT_TYPES and not field.format
        # Whether it is null where a record lacks it.
        self.is_filled = is_declared and field.is_nullable
        self._type: t.Any = None
        self._decoder: msgspec.json.Decoder[list[t.Any]] | None = None

    def definition(self) -> tuple[str, t.Any, t.Any]:
        """Return the field of the struct, for `msgspec.defstruct`."""
        kind = self.field.type if self.is_direct else Raw
        if self.is_filled:
            return self.attribute, kind, None if self.is_direct else _NULL
        return self.attribute, t.Union[kind, UnsetType], UNSET  # noqa: UP007

    def validate(self, values: bytes) -> list[t.Any]:
        """Return the decoded values.

        Raises:
            ValueError: One of them is not as declared, or there is no type to check.
        """
        if _FIRST_DAY in values or _LAST_DAY in values:
            raise ValueError("a time that may have no equivalent in UTC")
        kind = self.field.type
        if self._decoder is None or kind is not self._type:
            self._type, self._decoder = (
                kind,
                msgspec.json.Decoder(
                    list[kind]  # type: ignore[valid-type]
                ),
            )
        return self._decoder.decode(values)


class RecordReader:
    """Reads the records of one stream; several threads may share it."""

    def __init__(
        self,
        schema: JSONSchema,
        *,
        primary_keys: Sequence[str] = (),
        timestamp_keys: Sequence[str] = (),
        deselected: Collection[str] = (),
        warn: Warn,
    ) -> None:
        """Compile the schema.

        Args:
            schema: The stream's schema.
            primary_keys: The primary key; records without it are dropped.
            timestamp_keys: The fields whose times a page tells.
            deselected: Fields at the top of the record that are dropped silently.
            warn: Called with what is lost, and how often.
        """
        self._primary_keys = primary_keys
        self._timestamp_keys = timestamp_keys
        self._deselected = deselected
        self._warn = warn
        self._coercer = Coercer(schema, warn)
        self._columns = {
            name: _Column(number, field, is_declared=True)
            for number, (name, field) in enumerate(
                self._coercer.root.properties.items()
            )
        }
        self._most_columns = len(self._columns) + _MAX_LEARNED
        self._unknown: set[str] = set()
        self._lock = threading.Lock()
        self._compile()

    def read(self, body: bytes) -> RecordPage:
        """Read the records in ``data`` or ``content`` of an object, or a bare list.

        Raises:
            ValueError: There is no list of records, or it is nested too deep.
        """
        with self._lock:
            if self._is_outdated:
                self._compile()
            try:
                if b"\n" in body or b"\r" in body:
                    body = msgspec.json.format(body, indent=-1)
                records, envelope = _split(body, self._decoders)
            except (ValueError, RecursionError):
                try:
                    values, envelope = _split(body, _RAW_DECODERS)
                except (ValueError, RecursionError):
                    values, envelope = _split_values(decode_json(body))
                return self._page_of(values, envelope)
            return self._page(records, len(records), envelope)

    def read_values(self, values: Sequence[t.Any]) -> RecordPage:
        """Read records that were decoded already."""
        with self._lock:
            return self._page_of(values, {})

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
        self._decoders = _decoders(record)

    def _page_of(
        self, values: Sequence[t.Any], envelope: Mapping[str, t.Any]
    ) -> RecordPage:
        records = [self._read_one(value) for value in values]
        known = [record for record in records if record is not None]
        return self._page(known, len(values), envelope)

    def _read_one(self, value: t.Any) -> t.Any:
        if isinstance(value, Raw):
            try:
                return self._decoder.decode(value)
            except (ValueError, RecursionError):
                value = decode_json(value)
            if isinstance(value, dict):
                self._learn(value)
        if not isinstance(value, dict):
            self._warn("a record that is not an object is left out", 1)
            return None
        coerced = self._coercer.coerce(value)
        for name in self._deselected:
            coerced.pop(name, None)
        return coerced

    def _learn(self, record: dict[str, t.Any]) -> None:
        """Note why a record is no such struct."""
        for name, value in record.items():
            column = self._columns.get(name)
            if column is None:
                if len(self._columns) < self._most_columns and is_plain(name):
                    self._columns[name] = _Column(
                        len(self._columns), Field({}, name), is_declared=False
                    )
                    if not self._coercer.is_open:
                        self._unknown.add(name)
                    self._is_outdated = True
            elif column.is_direct and not _fits(value, column.field.type):
                column.is_direct = False
                self._is_outdated = True

    def _page(
        self, records: list[t.Any], length: int, envelope: Mapping[str, t.Any]
    ) -> RecordPage:
        structs = [record for record in records if type(record) is not dict]
        validated = {
            name: self._validated(column, structs)
            for name, column in self._checked.items()
        }

        def values(name: str) -> list[t.Any]:
            if name not in self._compiled:
                return [None] * len(records)
            found = validated.get(name) or map(self._compiled[name].get, structs)
            if len(structs) == len(records):
                return list(found)
            rest = iter(found)
            return [r.get(name) if type(r) is dict else next(rest) for r in records]

        keys = _keys([values(name) for name in self._primary_keys], len(records))
        timestamps = {
            name: [_time(value) for value in values(name)]
            for name in self._timestamp_keys
        }
        self._drop(structs)
        if self._primary_keys and None in keys:
            has_key = [key is not None for key in keys]
            names = ", ".join(self._primary_keys)
            self._warn(
                f"a record without its primary key {names} is left out",
                has_key.count(False),
            )
            records, keys = (
                list(compress(records, has_key)),
                list(compress(keys, has_key)),
            )
            timestamps = {
                name: list(compress(times, has_key))
                for name, times in timestamps.items()
            }
        return RecordPage(records, keys, timestamps, length, envelope)

    def _validated(self, column: _Column, structs: list[t.Any]) -> list[t.Any]:
        """Validate a column, coerce its values if there is need, and return them."""
        get = column.get
        having = structs
        if not column.is_filled:
            having = [struct for struct in structs if get(struct) is not UNSET]
        raw = b"[" + b",".join(map(get, having)) + b"]"
        try:
            values = column.validate(raw)
        except (ValueError, TypeError, RecursionError):
            field, values = column.field, decode_json(raw)
            for index, (struct, value) in enumerate(zip(having, values, strict=True)):
                if type(value) not in field.as_is:
                    values[index] = self._coercer.value(field, value)
                setattr(struct, column.attribute, values[index])
        if len(having) == len(structs):
            return values
        rest = iter(values)
        return [UNSET if get(struct) is UNSET else next(rest) for struct in structs]

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


def _time(value: t.Any) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC)
    return parse_time(value.isoformat() if isinstance(value, dt.date) else value)


_Decoders = tuple["msgspec.json.Decoder[t.Any]", "msgspec.json.Decoder[t.Any]"]


def _decoders(record: t.Any) -> _Decoders:
    """Return decoders of a bare list of records, and of an object that has one."""
    records = t.Union[list[record], None, UnsetType]  # noqa: UP007
    fields = [(name, records, UNSET) for name in ("data", "content")]
    others = [(name, t.Any, None) for name in _ENVELOPE]
    envelope = msgspec.defstruct("Envelope", [*fields, *others])
    return msgspec.json.Decoder(list[record]), msgspec.json.Decoder(envelope)


_RAW_DECODERS = _decoders(Raw)


def _split(body: bytes, decoders: _Decoders) -> tuple[list[t.Any], dict[str, t.Any]]:
    """Return the records of a body, and what it says beside them."""
    of_list, of_object = decoders
    if body.lstrip()[:1] == b"[":
        return of_list.decode(body), {}
    return _split_values(msgspec.structs.asdict(of_object.decode(body)))


def _split_values(body: t.Any) -> tuple[list[t.Any], dict[str, t.Any]]:
    if isinstance(body, list):
        return body, {}
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004
    data = body.get("data", UNSET)
    records = body.get("content", UNSET) if data is UNSET else data
    envelope = {name: body.get(name) for name in _ENVELOPE}
    if records in (None, UNSET) and envelope["totalElements"] in (0, "0"):
        records = []
    if not isinstance(records, list):
        raise ValueError("no list of records")  # noqa: TRY004
    return records, envelope
