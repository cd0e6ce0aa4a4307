"""Where the records are in the body of a response, and what it says beside them."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.records.decoding import decode_json

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTS = ("totalElements", "totalPages", "size", "last")
_MOST_DIGITS = 30
_MOST = 10**_MOST_DIGITS


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
    def of(cls, body: Mapping[str, t.Any]) -> t.Self:
        """Return the counts in a decoded body."""
        total, pages, size, last = map(body.get, _COUNTS)
        last = last if isinstance(last, bool) else None
        return cls(_count(total), _count(pages), _count(size), last)


def _count(value: t.Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value[:_MOST_DIGITS])
    if isinstance(value, (Decimal, float)) and 0 <= value < _MOST and value % 1 == 0:
        return int(value)
    return value if type(value) is int and value >= 0 else None


Found = tuple[list[t.Any], Counts | None]
"""Records, and the counts beside them; a bare list has none."""


class EnvelopeDecoder:
    """Decodes a bare list of records, or an object that has it as data or content."""

    def __init__(self, record: t.Any) -> None:
        """Compile the type of a body.

        Args:
            record: The type of a record.
        """
        records = t.Union[list[record], None, UnsetType]  # noqa: UP007 - `|` does not take both
        fields = [(name, records, UNSET) for name in ("data", "content")]
        counts = [(name, t.Any, None) for name in _COUNTS]
        envelope = msgspec.defstruct("Envelope", [*fields, *counts])
        self._decoder = msgspec.json.Decoder(t.Union[list[record], envelope])  # noqa: UP007 - as above

    def decode(self, body: bytes) -> Found:
        """Return the records, and the counts beside them.

        Raises:
            ValueError: There is no list of such records.
        """
        found = self._decoder.decode(body)
        is_bare = isinstance(found, list)
        return records_of(found if is_bare else msgspec.structs.asdict(found))


_raw_decoder = EnvelopeDecoder(Raw)


def raw_records(body: bytes) -> Found:
    """Return the records, as raw JSON if possible, and the counts beside them.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    try:
        return _raw_decoder.decode(body)
    except (ValueError, RecursionError):
        return records_of(decode_json(body))


def records_of(body: t.Any) -> Found:
    """Return the records in a decoded body, and the counts beside them.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    if isinstance(body, list):
        return body, None
    if not isinstance(body, dict):
        raise UnexpectedBodyError("not an object")
    counts = Counts.of(body)
    data = body.get("data", UNSET)
    records = body.get("content", UNSET) if data is UNSET else data
    if records in (None, UNSET) and counts.total == 0:
        records = []
    if not isinstance(records, list):
        raise UnexpectedBodyError("no list of records")
    return records, counts


def record_of(body: t.Any) -> Found:
    """Return the only record in a decoded body, bare or in an envelope, as a list.

    Raises:
        UnexpectedBodyError: There is none.
    """
    if not isinstance(body, dict):
        raise UnexpectedBodyError("not an object")
    record = body.get("data", body.get("content"))
    return [record if isinstance(record, dict) and "id" not in body else body], None
