"""Where the records are in the body of a response, and what it says beside them."""

from __future__ import annotations

import typing as t

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.records.decoding import decode_json

COUNTS = ("totalElements", "totalPages", "size", "last")


class EnvelopeDecoder:
    """Decodes a bare list of records, or an object that has it as data or content."""

    def __init__(self, record: t.Any) -> None:
        """Compile the type of a body.

        Args:
            record: The type of a record.
        """
        records = t.Union[list[record], None, UnsetType]  # noqa: UP007 - `|` does not take both
        fields = [(name, records, UNSET) for name in ("data", "content")]
        counts = [(name, t.Any, None) for name in COUNTS]
        envelope = msgspec.defstruct("Envelope", [*fields, *counts])
        self._list = msgspec.json.Decoder(list[record])
        self._object = msgspec.json.Decoder(envelope)

    def decode(self, body: bytes) -> tuple[list[t.Any], dict[str, t.Any]]:
        """Return the records, and the counts beside them.

        Raises:
            ValueError: There is no list of such records.
        """
        if body.startswith(b"["):
            return self._list.decode(body), {}
        return records_of(msgspec.structs.asdict(self._object.decode(body)))


_raw_decoder = EnvelopeDecoder(Raw)


def split(body: bytes) -> tuple[list[t.Any], dict[str, t.Any]]:
    """Return the records, as raw JSON if possible, and the counts beside them.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    try:
        return _raw_decoder.decode(body)
    except (ValueError, RecursionError):
        return records_of(decode_json(body))


def list_of(body: bytes) -> list[t.Any]:
    """Return the decoded records.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    return records_of(decode_json(body))[0]


def records_of(body: t.Any) -> tuple[list[t.Any], dict[str, t.Any]]:
    """Return the records in a decoded body, and the counts beside them.

    Raises:
        UnexpectedBodyError: There is no list of records.
    """
    if isinstance(body, list):
        return body, {}
    if not isinstance(body, dict):
        raise UnexpectedBodyError("not an object")
    counts = {name: body.get(name) for name in COUNTS}
    data = body.get("data", UNSET)
    records = body.get("content", UNSET) if data is UNSET else data
    if records in (None, UNSET) and counts["totalElements"] in (0, "0"):
        records = []
    if not isinstance(records, list):
        raise UnexpectedBodyError("no list of records")
    return records, counts


def record_of(body: t.Any) -> tuple[list[t.Any], dict[str, t.Any]]:
    """Return the only record in a decoded body, bare or in an envelope, as a list.

    Raises:
        UnexpectedBodyError: There is none.
    """
    if not isinstance(body, dict):
        raise UnexpectedBodyError("not an object")
    record = body.get("data", body.get("content"))
    return [record if isinstance(record, dict) and "id" not in body else body], {}
