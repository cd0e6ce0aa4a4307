"""Check a catalog, and bring it into the one form that everything else reads.

By hand: a JSON schema takes 50 ms of each run, and `msgspec` neither names the property
that is wrong nor leaves its value out.
"""

from __future__ import annotations

import logging
import typing as t

from singer_sdk.singerlib.catalog import (
    REPLICATION_FULL_TABLE,
    REPLICATION_INCREMENTAL,
)

from tap_clientsuccess.config.settings import LONGEST_STREAM
from tap_clientsuccess.config.validation import unwritable
from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("tap-clientsuccess")

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_METHODS = (REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL)
_METHODS_OF_METADATA = ("replication-method", "forced-replication-method")

Document = dict[str, t.Any]


def checked_catalog(catalog: Mapping[str, t.Any]) -> Document:
    """Return a catalog whose entries also say what only their metadata says.

    Raises:
        ConfigValidationError: The SDK or a stream could not work with it.
    """
    problems = list(_catalog_problems(catalog))
    if not problems:
        entries = [_completed(entry) for entry in catalog["streams"]]
        catalog = {**catalog, "streams": entries}
        problems = [problem for entry in entries for problem in _key_problems(entry)]
    if problems:
        raise config_error(*problems, what="catalog")
    return dict(catalog)


def _completed(entry: Document) -> Document:
    """Return an entry with what its metadata says, too.

    A read of the full table wins wherever it is asked for: discovery writes another
    method into the entry, and a user may change only one of them.
    """
    metadata = entry.get("metadata", [])
    roots = [item["metadata"] for item in metadata if not item["breadcrumb"]]
    root = {name: value for each in roots for name, value in each.items()}
    asked = [
        entry.get("replication_method"),
        *(each.get(name) for each in roots for name in _METHODS_OF_METADATA),
    ]
    methods = [method.upper() for method in asked if method]
    method = REPLICATION_FULL_TABLE if REPLICATION_FULL_TABLE in methods else None
    keys = entry.get("key_properties")
    replication_key = entry.get("replication_key") or root.get("replication-key")
    if methods and not method:
        method = REPLICATION_INCREMENTAL
        if not replication_key:
            logger.warning(
                "%s: read in full, as INCREMENTAL needs a replication_key",
                entry["tap_stream_id"],
            )
            method = REPLICATION_FULL_TABLE
    return {
        **entry,
        "key_properties": root.get("table-key-properties") if keys is None else keys,
        "replication_key": replication_key,
        "replication_method": method,
    }


def _key_problems(entry: Document) -> Iterator[str]:
    """Check the keys of a completed entry."""
    name, properties = entry["tap_stream_id"], entry["schema"]["properties"]
    for key in entry["key_properties"] or ():
        if key not in properties:
            yield f"{name}: the primary key {key} is not in the schema"
    key = entry["replication_key"]
    is_full = entry["replication_method"] == REPLICATION_FULL_TABLE
    if key and not is_full and key not in properties:
        yield f"{name}: the replication key {key} is not in the schema"


def _catalog_problems(catalog: Mapping[str, t.Any]) -> Iterator[str]:
    """Find what the SDK or a stream cannot work with in a catalog.

    Yields:
        One sentence a problem, with the names of stream and field.
    """
    if not isinstance(streams := catalog.get("streams"), list):
        yield "streams must be a list"
        return
    names = set()
    for number, entry in enumerate(streams):
        name = entry.get("tap_stream_id") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            yield f"streams.{number} has no tap_stream_id"
        elif len(name) > LONGEST_STREAM:
            yield (
                f"streams.{number}: tap_stream_id is longer than {LONGEST_STREAM} "
                "characters"
            )
        elif name in names:
            yield f"{name}: there are two entries of this stream"
        else:
            names.add(name)
            problems = [*_entry_problems(entry), *_metadata_problems(entry)]
            yield from (f"{name}: {problem}" for problem in problems)


def _entry_problems(entry: Document) -> Iterator[str]:
    name, schema = entry["tap_stream_id"], entry.get("schema")
    if why := unwritable(entry):
        yield f"the entry has {why}"
    if entry.get("stream", name) != name:
        yield "stream must be the same as tap_stream_id"
    if not _is_names(entry.get("key_properties") or []):
        yield "key_properties must be a list of names"
    if not isinstance(entry.get("replication_key"), str | None):
        yield "replication_key must be a name"
    if not _is_method(entry.get("replication_method")):
        yield f"replication_method must be {' or '.join(_METHODS)}"
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        yield "schema must be an object with properties"
    else:
        yield from _schema_problems(schema, "schema")


def _is_names(value: t.Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(name, str) for name in value
    )


def _is_method(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and value.upper() in _METHODS)


def _schema_problems(schema: t.Any, where: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{where} must be an object"
        return
    yield from _keyword_problems(schema, where)
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        yield f"{where}.properties must be an object"
        return
    for name, member in properties.items():
        yield from _schema_problems(member, f"{where}.{name}")
    if "items" in schema:
        yield from _schema_problems(schema["items"], f"{where}.items")


def _keyword_problems(schema: Document, where: str) -> Iterator[str]:
    types = schema.get("type", [])
    for kind in types if isinstance(types, list) else [types]:
        if kind not in _TYPES:
            yield f"the type of {where} must be one of {', '.join(_TYPES)}"
    if not isinstance(schema.get("format", ""), str):
        yield f"the format of {where} must be a string"
    if not _is_names(schema.get("required", [])):
        yield f"required of {where} must be a list of names"
    for key in ("anyOf", "oneOf", "allOf"):
        members = schema.get(key, [])
        if not isinstance(members, list) or not all(
            isinstance(member, dict) for member in members
        ):
            yield f"{key} of {where} must be a list of objects"


def _metadata_problems(entry: Document) -> Iterator[str]:
    metadata = entry.get("metadata", [])
    if not isinstance(metadata, list):
        yield "metadata must be a list"
        return
    for number, item in enumerate(metadata):
        if (
            not isinstance(item, dict)
            or not isinstance(item.get("metadata"), dict)
            or not _is_names(item.get("breadcrumb"))
        ):
            yield (
                f"metadata.{number} must be an object with breadcrumb (a list of "
                "names) and metadata (an object)"
            )
            continue
        values = item["metadata"]
        for name in ("selected", "selected-by-default"):
            if not isinstance(values.get(name), bool | None):
                yield f"{name} of metadata.{number} must be true or false"
        for name in _METHODS_OF_METADATA:
            if not _is_method(values.get(name)):
                yield f"{name} of metadata.{number} must be {' or '.join(_METHODS)}"
        if not _is_names(values.get("table-key-properties") or []):
            yield f"table-key-properties of metadata.{number} must be a list of names"
        if not isinstance(values.get("replication-key"), str | None):
            yield f"replication-key of metadata.{number} must be a name"
