"""Flattening: the members of nested objects as columns that every target can take.

The SDK's own flattening sends keys that the SCHEMA message does not have (`client:
null` where `client__id` is declared), and its column names fail in some targets: equal
but for case, with quotes, or longer than PostgreSQL allows. Here SCHEMA and records
come from one plan: a record has the columns of its SCHEMA, all of them and no others.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import typing as t
from itertools import chain

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers._flattening import FlatteningOptions

    from tap_clientsuccess.records import JSONSchema

Path = tuple[str, ...]
"""The names of a field and of the objects that it is in."""

logger = logging.getLogger("tap-clientsuccess")

LONGEST_NAME = 62
"""Longer names are cut by some targets for PostgreSQL, whose limit is 63."""
_DIGEST = 8
# Most targets have integer columns of 64 bits; a larger one would stop them.
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_ODD = re.compile(r"[^A-Za-z0-9_]+")
_TEXT: JSONSchema = {"type": ["string", "null"]}

# As the writer encodes: decimals as numbers, and what JSON has no type for as text.
_encoder = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class FlatteningPlan:
    """Which member of a stream's records becomes which column.

    Attributes:
        schema: The flattened schema.
    """

    def __init__(
        self,
        stream: str,
        schema: JSONSchema,
        options: FlatteningOptions,
        everything: JSONSchema | None = None,
        owners: dict[str, Path] | None = None,
    ) -> None:
        """Name the columns.

        Args:
            stream: The stream's name, for warnings.
            schema: The schema of its records.
            options: The depth, what separates the parts of a name, and how long one
                that is made here may be.
            everything: The schema before selection. Its fields are named first, so
                that none takes the name of one that is not selected.
            owners: Which field has a name that several want; those of this schema are
                added. A field that is there no more still has its name.
        """
        self._stream = stream
        self._depth = options.max_level
        self._separator = options.separator
        self._longest = options.max_key_length
        self._warned: set[str] = set()
        members = schema.get("properties", {})
        all_members = (everything or schema).get("properties", {})
        # Names at the top stay: the keys are among them.
        self._taken: dict[str, Path] = {
            _folded(name): (name,)
            for name, member in chain(members.items(), all_members.items())
            if not self._is_expanded(member, 0)
        }
        self._owners = {} if owners is None else owners
        self._names: dict[Path, str] = {}
        self._columns: dict[str, JSONSchema] = {}
        list(self._planned(all_members, ()))
        self._columns.clear()
        self._plan = list(self._planned(members, ()))
        self.schema = {**schema, "properties": self._columns}
        if "required" in schema:
            kept = [name for name in schema["required"] if name in self._columns]
            self.schema["required"] = kept

    def flatten(self, record: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a record with the columns of the schema, absent ones as null."""
        flat: dict[str, t.Any] = {}
        self._fill(flat, record, self._plan)
        return flat

    def _is_expanded(self, schema: JSONSchema, level: int) -> bool:
        names = _names(schema)
        return level < self._depth and names == ["object"] and "properties" in schema

    def _planned(
        self, members: Mapping[str, JSONSchema], within: Path
    ) -> Iterator[tuple[str, t.Any]]:
        """Yield each member with its column, or with the plan of its own members."""
        for name, schema in members.items():
            path = (*within, name)
            if self._is_expanded(schema, len(within)):
                yield name, list(self._planned(schema["properties"], path))
                continue
            column = name
            if within:
                column = self._names.get(path) or self._column_name(path)
            self._columns[column] = _column_schema(schema, is_nested=bool(within))
            yield name, (column, *_names(self._columns[column]))

    def _column_name(self, path: Path) -> str:
        """Return a name that no other column has, for targets that ignore case.

        A name that is not plain, too long or taken is cut and ends in a part of the
        path's hash. So it stays the same, whatever other columns there are.
        """
        name = self._separator.join(path)
        folded = _folded(name)
        owner = self._owners.get(folded) or self._taken.get(folded, path)
        if not (all(map(_PLAIN.fullmatch, path)) and len(name) <= self._longest):
            name = self._hashed_name(path)
        elif owner != path:
            self._owners[folded] = owner
            name = self._hashed_name(path)
        self._taken[_folded(name)] = path
        self._names[path] = name
        return name

    def _hashed_name(self, path: Path) -> str:
        digest = hashlib.sha256(json.dumps(path).encode()).hexdigest()
        plain = self._separator.join(_ODD.sub("_", part) for part in path)
        names = (
            f"{plain[: self._longest - length - 1]}_{digest[:length]}"
            for length in range(_DIGEST, len(digest))
        )
        return next(name for name in names if _folded(name) not in self._taken)

    def _fill(
        self,
        flat: dict[str, t.Any],
        values: Mapping[str, t.Any],
        plan: list[tuple[str, t.Any]],
    ) -> None:
        undeclared = len(values)
        for name, column in plan:
            undeclared -= name in values
            value = values.get(name)
            if isinstance(column, list):
                self._fill(flat, value if isinstance(value, dict) else {}, column)
                continue
            key, kind = column
            if kind == "string" and value is not None and not isinstance(value, str):
                value = _encoder.encode(value).decode()
            elif kind == "integer" and not _fits(value):
                self._warn(f"a value of '{key}' has more than 64 bits; null is sent")
                value = None
            flat[key] = value
        if undeclared:
            self._warn(
                "flattening leaves out nested fields that the catalog does not have; "
                "run discovery again"
            )

    def _warn(self, what: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            logger.warning("%s: %s", self._stream, what)


def _fits(value: t.Any) -> bool:
    return not isinstance(value, int) or _SMALLEST <= value <= _LARGEST


def _names(schema: JSONSchema) -> list[str]:
    """Return the JSON types of a schema, without null."""
    declared = schema.get("type", [])
    names = [declared] if isinstance(declared, str) else declared
    return [name for name in names if name != "null"]


def _column_schema(schema: JSONSchema, *, is_nested: bool) -> JSONSchema:
    """Return the schema of a column: text, unless it is of one simple type."""
    names = _names(schema)
    if len(names) != 1 or names[0] in {"object", "array"}:
        kept = ("description",) if "description" in schema else ()
        return {**_TEXT, **{key: schema[key] for key in kept}}
    return {**schema, "type": [*names, "null"]} if is_nested else schema


def _folded(name: str) -> str:
    """Return what targets make of a name that ignore case, or allow few characters."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
