"""Decoding: from the bytes of a response to the records in it, without losing a digit.

A response is decoded strictly where that goes, and else leniently: what a strict parser
rejects but a complete document may contain is no reason to stop a sync. What is not
complete is refused. The records are a bare list, or ``data`` or ``content`` of an
object, which may say beside them how many there are.
"""

from __future__ import annotations

import json
import re
import typing as t
from contextlib import suppress
from decimal import Decimal, InvalidOperation

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.errors import UnexpectedBodyError

_COUNTS = ("totalElements", "totalPages", "size", "last")
_MOST_DIGITS = 30
_MOST = 10**_MOST_DIGITS
_MAX_DIGITS = 4000
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)(?:\\u0000|\0)")


def in_one_line(body: bytes) -> tuple[bytes, int]:
    """Return a body without line breaks, and how many NUL in it became U+FFFD."""
    body, replaced = body.strip(), 0
    # `rfind` looks for the backslash, which is rare; `in` is three times as slow.
    if body.rfind(b"\\u0000") >= 0 or b"\0" in body:
        body, replaced = _NUL.subn(rb"\1\\ufffd", body)
    if b"\n" in body or b"\r" in body:
        # Else the lenient decoder may read it; it has the last word.
        with suppress(ValueError, RecursionError):
            body = msgspec.json.format(body, indent=-1)
    return body, replaced


def _number(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except InvalidOperation:  # No number has such an exponent.
        return float(text)


def _integer(text: str) -> int | Decimal:
    # Python refuses to read longer integers.
    return int(text) if len(text) <= _MAX_DIGITS else Decimal(text)


_decoder = msgspec.json.Decoder(float_hook=_number)


def decode_json(body: bytes | Raw) -> t.Any:
    """Decode JSON; numbers with a fraction become `Decimal`.

    What a strict parser rejects but a complete document may contain is accepted: a byte
    order mark, bytes that are not UTF-8, half of a surrogate pair, raw control
    characters, NaN and Infinity (as floats). Invalid characters become U+FFFD.

    Raises:
        UnexpectedBodyError: The body is not JSON, is incomplete, or is nested too deep.
    """
    try:
        try:
            return _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = bytes(body).decode("utf-8-sig", errors="replace")
            return _without_surrogates(
                json.loads(text, parse_float=_number, parse_int=_integer, strict=False)
            )
    except RecursionError:
        raise UnexpectedBodyError("nested too deep") from None
    except json.JSONDecodeError:
        raise UnexpectedBodyError("not JSON") from None


def _without_surrogates(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            _without_surrogates(key): _without_surrogates(item)
            for key, item in value.items()
        }
    return value


class Counts(t.NamedTuple):
    """What a page says beside its records; None for what it does not say in numbers.

    Attributes:
        total: ``totalElements``: number of records in the whole search.
        pages: ``totalPages``.
        size: Records in a full page.
        last: Whether this is the last page.
    """

    total: int | None = None
    pages: int | None = None
    size: int | None = None
    last: bool | None = None

    @classmethod
    def of(cls, body: dict[str, t.Any]) -> t.Self:
        """Return the counts in a decoded body."""
        total, pages, size, last = map(body.get, _COUNTS)
        last = last if isinstance(last, bool) else None
        return cls(_count(total), _count(pages), _count(size), last)

    def is_last(self, number: int) -> bool | None:
        """Tell whether the server calls the page of this number, from 0, the last."""
        if self.last is None and self.pages is not None:
            return number + 1 >= self.pages
        return self.last


def _count(value: t.Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value[:_MOST_DIGITS])
    if isinstance(value, (Decimal, float)) and 0 <= value < _MOST and value % 1 == 0:
        return int(value)
    return value if type(value) is int and value >= 0 else None


class Found(t.NamedTuple):
    """What one response holds.

    Attributes:
        records: All records, also those that cannot be sent.
        counts: What the body says beside them; a bare list says nothing.
    """

    records: list[t.Any]
    counts: Counts | None = None


Find = t.Callable[[bytes], Found]
"""Finds the records in a body; raises `UnexpectedBodyError` if it cannot."""


def body_decoder(record: t.Any) -> msgspec.json.Decoder[t.Any]:
    """Return what decodes a body with records of a type, for `records_of`."""
    # `t.Union` takes what `|` does not.
    records = t.Union[list[record], None, UnsetType]  # noqa: UP007
    fields = [(name, records, UNSET) for name in ("data", "content")]
    counts = [(name, t.Any, None) for name in _COUNTS]
    envelope = msgspec.defstruct("Envelope", [*fields, *counts])
    return msgspec.json.Decoder(t.Union[list[record], envelope])  # noqa: UP007


_raw_decoder = body_decoder(Raw)
_members_decoder = msgspec.json.Decoder(dict[str, Raw])


def raw_records(body: bytes) -> Found:
    """Return the records of a body, as raw JSON if possible.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    try:
        return records_of(_raw_decoder.decode(body))
    except (ValueError, RecursionError):
        return records_of(decode_json(body))


def records_of(body: t.Any) -> Found:
    """Return the records in a body that `decode_json` or a `body_decoder` decoded.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    if isinstance(body, list):
        return Found(body)
    if isinstance(body, msgspec.Struct):
        body = msgspec.structs.asdict(body)
    if not isinstance(body, dict):
        raise UnexpectedBodyError("not an object")
    counts = Counts.of(body)
    data = body.get("data", UNSET)
    records = body.get("content", UNSET) if data is UNSET else data
    if records in (None, UNSET) and counts.total == 0:
        records = []
    if not isinstance(records, list):
        raise UnexpectedBodyError("no list of records")
    return Found(records, counts)


def record_of(body: bytes) -> Found:
    """Return the only record of a body, bare or enveloped, as raw JSON if possible.

    Raises:
        UnexpectedBodyError: There is none.
    """
    whole: t.Any = Raw(body)
    try:
        members: t.Any = _members_decoder.decode(body)
    except (ValueError, RecursionError):
        whole = members = decode_json(body)
    if not isinstance(members, dict):
        raise UnexpectedBodyError("not an object")
    inner = members.get("data", members.get("content"))
    is_raw_object = isinstance(inner, Raw) and bytes(inner).startswith(b"{")
    is_envelope = "id" not in members and (is_raw_object or isinstance(inner, dict))
    return Found([inner if is_envelope else whole])
