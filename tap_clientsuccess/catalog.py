"""Schemas, one file per stream with shared pieces, and what a catalog selects."""

from __future__ import annotations

import typing as t
from functools import cached_property

from singer_sdk.schema.source import SchemaDirectory
from singer_sdk.singerlib.catalog import Metadata, MetadataMapping

from tap_clientsuccess import schemas

if t.TYPE_CHECKING:
    from singer_sdk.singerlib import CatalogEntry

    from tap_clientsuccess.records import JSONSchema


class SharedSchemaDirectory(SchemaDirectory):
    """Schema files that may refer to the definitions in ``shared.json``.

    ``{"$ref": "shared.json#/$defs/employee"}`` is replaced by that definition; a key
    beside the reference, such as a description, overrides the definition's own.
    ``allOf`` at the top of a schema adds the properties of other definitions.
    """

    def fetch_schema(self, key: str) -> JSONSchema:
        """Read the schema of a stream, by its name, and resolve its references."""
        schema: JSONSchema = self._resolved(super().fetch_schema(key))
        properties: JSONSchema = {}
        for piece in (*schema.pop("allOf", []), schema):
            properties |= piece["properties"]
        return {**schema, "properties": properties}

    @cached_property
    def _pieces(self) -> JSONSchema:
        definitions: JSONSchema = super().fetch_schema("shared")["$defs"]
        return definitions

    def _resolved(self, node: t.Any) -> t.Any:
        if isinstance(node, list):
            return [self._resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        own = {key: self._resolved(item) for key, item in node.items() if key != "$ref"}
        if "$ref" not in node:
            return own
        name = node["$ref"].rpartition("/")[2]
        return {**self._resolved(self._pieces[name]), **own}


SCHEMAS = SharedSchemaDirectory(schemas)


def is_selected(entry: CatalogEntry) -> bool:
    """Tell whether a catalog selects a stream."""
    # Of the root alone: that of all its fields takes long.
    root = {path: values for path, values in entry.metadata.items() if not path}
    return MetadataMapping(root).resolve_selection().get((), True)


def select_keys(entry: CatalogEntry) -> list[str]:
    """Select the keys of a selected stream, and return those that were not.

    Without its primary key a record cannot be stored, without its replication key the
    SCHEMA message names a property that it does not have.
    """
    if not is_selected(entry):
        return []
    mask = entry.metadata.resolve_selection()
    keys = dict.fromkeys((*(entry.key_properties or ()), entry.replication_key))
    deselected = [key for key in keys if key and not mask["properties", key]]
    for key in deselected:
        automatic = Metadata(inclusion=Metadata.InclusionType.AUTOMATIC)
        entry.metadata["properties", key] = automatic
    return deselected
