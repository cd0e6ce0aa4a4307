"""A JSON schema for records of which nothing is known but some samples."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from tap_clientsuccess.records.coerce import is_date_time

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

    All types are nullable and all nested objects open, because the next record may
    have what these have not. Fields of which types differ are text.

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
    if name == "string" and all(is_date_time(value) for value in values if value):
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
