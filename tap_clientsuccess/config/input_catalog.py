"""Check a catalog, and bring it into the one form that everything else reads."""

from __future__ import annotations

import logging
import typing as t

import msgspec
from singer_sdk.singerlib.catalog import (
    REPLICATION_FULL_TABLE,
    REPLICATION_INCREMENTAL,
)

from tap_clientsuccess.config.settings import LONGEST_STREAM
from tap_clientsuccess.config.validation import Document, misfit, unwritable
from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("tap-clientsuccess")

_Type = t.Literal["array", "boolean", "integer", "null", "number", "object", "string"]
_Method = t.Annotated[str, msgspec.Meta(pattern="(?i)^(FULL_TABLE|INCREMENTAL)$")]
_METHODS_OF_METADATA = ("replication-method", "forced-replication-method")
_Name = t.Annotated[str, msgspec.Meta(max_length=LONGEST_STREAM)]


class _Schema(msgspec.Struct):
    """What the tap reads of a JSON schema."""

    # No pattern: beside a list, one makes msgspec 0.22 corrupt the memory.
    type: _Type | list[_Type] = []
    format: str = ""
    required: list[str] = []
    properties: Document = {}
    anyOf: list[Document] = []  # noqa: N815
    oneOf: list[Document] = []  # noqa: N815
    allOf: list[Document] = []  # noqa: N815


class _RecordSchema(msgspec.Struct):
    properties: Document


class _Values(msgspec.Struct, rename="kebab"):
    selected: bool | None = None
    selected_by_default: bool | None = None
    replication_method: _Method | None = None
    forced_replication_method: _Method | None = None
    table_key_properties: list[str] | None = None
    replication_key: str | None = None


class _Metadata(msgspec.Struct):
    breadcrumb: list[str]
    metadata: _Values


class _Entry(msgspec.Struct, kw_only=True):
    tap_stream_id: _Name
    schema: _RecordSchema
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: _Method | None = None
    metadata: list[_Metadata] = []


def checked_catalog(catalog: Mapping[str, t.Any]) -> Document:
    """Return a catalog whose entries also say what only their metadata says.

    Raises:
        ConfigValidationError: The SDK or a stream could not work with it.
    """
    if not isinstance(streams := catalog.get("streams"), list):
        raise config_error("streams must be a list", what="catalog")
    problems = list(_problems(streams))
    if not problems:
        streams = [_completed(entry) for entry in streams]
        problems = [problem for entry in streams for problem in _key_problems(entry)]
    if problems:
        raise config_error(*problems, what="catalog")
    return {**catalog, "streams": streams}


def _problems(entries: list[t.Any]) -> Iterator[str]:
    """Find what the SDK or a stream cannot work with."""
    names = set()
    for number, entry in enumerate(entries):
        name = entry.get("tap_stream_id") if isinstance(entry, dict) else None
        is_name = isinstance(name, str) and len(name) <= LONGEST_STREAM
        where = str(name) if is_name else f"streams[{number}]"
        if why := unwritable(entry):
            yield f"{where}: the entry has {why}"
        elif problem := misfit(entry, _Entry, where):
            yield problem
        elif entry.get("stream", name) != name:
            yield f"{where}: stream must be the same as tap_stream_id"
        elif where in names:
            yield f"{where}: there are two entries of this stream"
        else:
            yield from _schema_problems(entry["schema"], f"{where}.schema")
        names.add(where)


def _schema_problems(schema: t.Any, where: str) -> Iterator[str]:
    """Look at each schema by itself: `msgspec` does not name the keys of objects."""
    if problem := misfit(schema, _Schema, where):
        types = f" (a type is {', '.join(t.get_args(_Type))})"
        yield problem + types * ("enum" in problem)
        return
    for name, member in schema.get("properties", {}).items():
        yield from _schema_problems(member, f"{where}.properties.{name}")
    if "items" in schema:
        yield from _schema_problems(schema["items"], f"{where}.items")


def _completed(entry: Document) -> Document:
    """Return an entry with what its metadata says, too.

    A read of the full table wins wherever it is asked for: discovery writes another
    method into the entry, and a user may change only one of them.
    """
    root: Document = {}
    for item in entry.get("metadata", []):
        if not item["breadcrumb"]:
            root |= item["metadata"]
    keys = entry.get("key_properties")
    replication_key = entry.get("replication_key") or root.get("replication-key")
    asked = [entry.get("replication_method"), *map(root.get, _METHODS_OF_METADATA)]
    methods = {method.upper() for method in asked if method}
    method = REPLICATION_FULL_TABLE if REPLICATION_FULL_TABLE in methods else None
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
