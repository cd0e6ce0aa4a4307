"""Where the streams' JSON schemas come from: one file a stream, shared pieces once."""

from __future__ import annotations

import typing as t
from functools import cached_property

from singer_sdk.schema.source import SchemaDirectory

from tap_clientsuccess import schemas

JSONSchema = dict[str, t.Any]


class SharedSchemaDirectory(SchemaDirectory):
    """Schema files that may refer to the pieces in ``shared.json``.

    ``{"$ref": "shared.json#/$defs/employee"}`` stands for that piece; a key beside the
    reference, such as a description, wins over the piece's own. ``allOf`` at the top
    of a schema takes over the properties of other pieces.
    """

    def fetch_schema(self, key: str) -> JSONSchema:
        """Read the schema of a stream, with all references resolved.

        Args:
            key: The stream's name.

        Returns:
            The JSON schema.
        """
        schema = self._resolved(super().fetch_schema(key))
        inherited = [piece["properties"] for piece in schema.pop("allOf", [])]
        properties: JSONSchema = {}
        for pieces in (*inherited, schema["properties"]):
            properties |= pieces
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
