"""A cache of encoded records that stays within a size."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import msgspec

_Key: TypeAlias = tuple[str, int]

DEFAULT_BYTES = 256 * 1024 * 1024


class RecordCache:
    """Keeps the records read last, up to so many bytes."""

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._records: OrderedDict[_Key, msgspec.Raw] = OrderedDict()

    def get(self, key: _Key) -> msgspec.Raw | None:
        """Take a record out, if it is held."""
        record = self._records.get(key)
        if record is not None:
            self._records.move_to_end(key)
        return record

    def put(self, key: _Key, record: msgspec.Raw) -> None:
        """Hold a record; the ones not read for longest make room."""
        self.forget(key)
        self._records[key] = record
        self._held += len(record)
        while self._held > self._most:
            _, oldest = self._records.popitem(last=False)
            self._held -= len(oldest)

    def forget(self, key: _Key) -> None:
        """Drop a record that is no longer true."""
        record = self._records.pop(key, None)
        if record is not None:
            self._held -= len(record)
