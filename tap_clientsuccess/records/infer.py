"""Inference: a JSON schema for records of which nothing is known but some samples.

All types are nullable and all nested objects open, because the next record may have
what these have not. What differs from one record to the next is text, which holds
everything. A text is a time only if all of them are times with a zone.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from tap_clientsuccess.timestamps import read_moment

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_clientsuccess.records import JSONSchema

_NAMES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "string",
    dict: "object",
    list: "array",
}


def infer_schema(records: Iterable[t.Any], keys: Sequence[str]) -> JSONSchema:
    """Infer a schema.

    Args:
        records: The samples; those that are not objects count for nothing.
        keys: The primary key, which is never null.

    Returns:
        The JSON schema of an object.
    """
    schema = _schema_of([record for record in records if isinstance(record, dict)])
    properties = schema.get("properties", {})
    for name in keys:
        known = properties.get(name, {"type": ["string", "null"]})
        properties[name] = {**known, "type": known["type"][0]}
    return {"type": "object", "properties": properties}


def _schema_of(values: Sequence[t.Any]) -> JSONSchema:
    types = {_NAMES[type(value)] for value in values if value is not None}
    if types == {"object"}:
        return _object_schema([value for value in values if value is not None])
    if types == {"array"}:
        items = [item for value in values if value is not None for item in value]
        return {"type": ["array", "null"], "items": _schema_of(items)}
    if types == {"integer", "number"}:
        types = {"number"}
    if len(types) != 1:
        return {"type": ["string", "null"]}
    (name,) = types
    schema: JSONSchema = {"type": [name, "null"]}
    if name == "string" and all(_is_date_time(value) for value in values if value):
        schema["format"] = "date-time"
    return schema


def _object_schema(values: Sequence[dict[str, t.Any]]) -> JSONSchema:
    names = dict.fromkeys(name for value in values for name in value)
    return {
        "type": ["object", "null"],
        "properties": {
            name: _schema_of([value.get(name) for value in values]) for name in names
        },
        "additionalProperties": True,
    }


def _is_date_time(value: t.Any) -> bool:
    """Tell whether a text is a time with its zone, and not a number."""
    if not isinstance(value, str) or not {*":T"} & {*value[:20]}:
        return False
    moment = read_moment(value)
    return bool(moment and moment.zone)
