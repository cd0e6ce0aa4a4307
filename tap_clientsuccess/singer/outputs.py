"""What leaves of a stream's records: name, key, stream map, and columns.

Rows that were sent under another name, or without a column, do not have what leaves
now. The state remembers hashes of it, never names, as those can be customer data.
"""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from dataclasses import dataclass
from functools import cached_property

from singer_sdk.mapper import MAPPER_FILTER_OPTION, MAPPER_KEY_PROPERTIES_OPTION

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.mapper import StreamMap

    from tap_clientsuccess.records import JSONSchema

_DIGITS = 16
_COLUMN_BYTES = 3
"""Beside 300 columns, a new one goes unnoticed once in some 56,000 times."""


@dataclass(frozen=True)
class Outputs:
    """What leaves of a stream's records.

    Attributes:
        stream_maps: What is applied to the records.
        setting: What the setting `stream_maps` has for the stream.
        options: What else decides on the values: `stream_map_config`, `faker_config`.
    """

    stream_maps: Sequence[StreamMap]
    setting: Mapping[str, t.Any]
    options: Sequence[t.Any] = ()

    @cached_property
    def shape(self) -> str:
        """A hash of names, keys and stream maps."""
        names = [
            [
                type(stream_map).__name__,
                stream_map.stream_alias,
                list(stream_map.transformed_key_properties or ()),
            ]
            for stream_map in self.stream_maps
        ]
        return hash_of([names, self.setting, self.options if self.setting else ()])

    @cached_property
    def columns(self) -> frozenset[bytes]:
        """A hash of each column, nested ones as well, with its type."""
        return frozenset(
            hashlib.sha256(column.encode()).digest()[:_COLUMN_BYTES]
            for stream_map in self.stream_maps
            for column in _columns(
                stream_map.transformed_schema, [stream_map.stream_alias]
            )
        )

    @property
    def filters(self) -> bool:
        """Whether a stream map leaves records out."""
        return any(made.get(MAPPER_FILTER_OPTION) for made in self._definitions)

    @property
    def sets_keys(self) -> bool:
        """Whether a stream map sets the primary key."""
        return any(MAPPER_KEY_PROPERTIES_OPTION in made for made in self._definitions)

    @property
    def _definitions(self) -> list[Mapping[str, t.Any]]:
        return [made for made in self.setting.values() if isinstance(made, dict)]


def hash_of(value: t.Any) -> str:
    """Return a hash of what JSON can hold; anything else counts as its text."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def packed(columns: Iterable[bytes]) -> str:
    """Return hashes of columns as a text, for the state."""
    return base64.b64encode(b"".join(sorted(columns))).decode()


def unpacked(text: str) -> frozenset[bytes]:
    """Return the hashes of columns in a text that `packed` made; none of another."""
    try:
        joined = base64.b64decode(text, validate=True)
    except ValueError:
        return frozenset()
    return frozenset(
        joined[begin : begin + _COLUMN_BYTES]
        for begin in range(0, len(joined), _COLUMN_BYTES)
    )


def _columns(schema: JSONSchema, path: list[str]) -> Iterator[str]:
    """Yield the path of each column, and of each member of one, with its type.

    An object is listed beside its members: without them, nothing is new.
    """
    for name, member in schema.get("properties", {}).items():
        below = [*path, name]
        yield json.dumps([below, member.get("type"), member.get("format")])
        yield from _columns(member, below)
    if "items" in schema:
        yield from _columns({"properties": {"": schema["items"]}}, path)
