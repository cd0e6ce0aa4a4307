"""Nullable schemas: what a schema by others must allow of the records that are sent.

Null is what is sent where a record, or an object within it, lacks a member, and where a
value does not fit. So all may be null but the primary key: a record without its key is
not sent at all.
"""

from __future__ import annotations

import typing as t

from jsonschema import Draft7Validator

if t.TYPE_CHECKING:
    from collections.abc import Collection

    from tap_clientsuccess.records import JSONSchema

_NULL: JSONSchema = {"type": "null"}
_MAY_REFUSE_NULL = {"const", "anyOf", "oneOf", "allOf", "not", "if", "$ref"}
# What is kept of a record's schema: a record that breaks another rule is sent as well.
_ROOT = {
    "type", "properties", "additionalProperties", "required", "title", "description",
    "$schema", "$id",
}  # fmt: skip


def nullable_schema(schema: JSONSchema, keys: Collection[str]) -> JSONSchema:
    """Return a record's schema in which all but the primary key may be null.

    Args:
        schema: The schema, by a user or of a catalog.
        keys: The primary key.
    """
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
