"""Schemas of records that are not the tap's own: by users, of catalogs, from samples.

Null is what is sent where a record, or an object within it, lacks a member, and where a
value does not fit. So all may be null but the primary key: a record without its key is
not sent at all.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from jsonschema import Draft7Validator

from tap_clientsuccess.timestamps import read_moment

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tap_clientsuccess.records import JSONSchema

_NULL: JSONSchema = {"type": "null"}
_MAY_REFUSE_NULL = {"const", "anyOf", "oneOf", "allOf", "not", "if", "$ref"}
# What is kept of a record's schema: a record that breaks another rule is sent as well.
_ROOT = {
    "type", "properties", "additionalProperties", "required", "title", "description",
    "$schema", "$id",
}  # fmt: skip
_NAMES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "string",
    dict: "object",
    list: "array",
}


def nullable_schema(schema: JSONSchema, keys: Collection[str]) -> JSONSchema:
    """Return a record's schema in which all but the primary key may be null."""
    properties = schema.get("properties", {})
    kept = {key: value for key, value in schema.items() if key in _ROOT}
    made = _with_nullable_members(kept)
    if own := {key: properties[key] for key in keys if key in properties}:
        made["properties"] |= own
    if required := [key for key in schema.get("required", ()) if key in keys]:
        made["required"] = required
    return made


def _with_nullable_members(schema: JSONSchema) -> JSONSchema:
    made = {key: value for key, value in schema.items() if key != "required"}
    if "properties" in made:
        members = made["properties"].items()
        made["properties"] = {name: _nullable(member) for name, member in members}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _nullable(made[key])
    return made


def _nullable(schema: JSONSchema) -> JSONSchema:
    choices = [each for each in schema.get("anyOf", ()) if each != _NULL]
    if len(choices) == 1:  # The usual way to say that something may be null.
        schema = {**choices[0], **schema}
        del schema["anyOf"]
    made = _with_nullable_members(schema)
    types = made.get("type", "null")
    types = [types] if isinstance(types, str) else types
    if "null" not in types:
        made["type"] = [*types, "null"]
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    if "anyOf" in made and not _takes_null(made):
        made["anyOf"] = [*made["anyOf"], _NULL]
    if made.keys() & _MAY_REFUSE_NULL and not _takes_null(made):
        return {"anyOf": [made, _NULL]}
    return made


def _takes_null(schema: JSONSchema) -> bool:
    try:
        return Draft7Validator(schema).is_valid(None)
    except Exception:  # noqa: BLE001 # such as a reference to what is nowhere
        return False


def infer_schema(records: Iterable[t.Any], keys: Sequence[str]) -> JSONSchema:
    """Infer a schema for records of which nothing is known but some samples.

    All nested objects are open, because the next record may have what these have not.
    What differs from one record to the next is text, which holds everything. A text is
    a time only if all of them are times with a zone. Samples that are not objects
    count for nothing; `keys`, the primary key, is never null.
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
