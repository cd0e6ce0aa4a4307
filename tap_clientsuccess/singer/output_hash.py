"""What leaves of a stream, as a hash short enough for the state.

A record that left under another name, without a field or through another stream map has
not left: whoever skips a stream because it was read has to know that.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.mapper import StreamMap

    from tap_clientsuccess.records import JSONSchema

_DIGITS = 16


def output_hash(stream_maps: Iterable[StreamMap], setting: Mapping[str, t.Any]) -> str:
    """Return a hash of names, keys, columns with their types, and stream maps.

    Args:
        stream_maps: What is applied to the records.
        setting: What the setting `stream_maps` has for the stream.
    """
    outputs = [
        [
            type(stream_map).__name__,
            stream_map.stream_alias,
            list(stream_map.transformed_key_properties or ()),
            _types(stream_map.transformed_schema),
        ]
        for stream_map in stream_maps
    ]
    text = json.dumps([outputs, setting], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _types(schema: JSONSchema) -> JSONSchema:
    """Return a schema without what only describes."""
    members = schema.get("properties", {})
    return {
        "type": schema.get("type"),
        "format": schema.get("format"),
        "properties": {name: _types(member) for name, member in members.items()},
        "items": _types(schema["items"]) if "items" in schema else None,
    }
