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

from tap_clientsuccess.singer.writer import ENCODER

if t.TYPE_CHECKING:
    from collections.abc import Mapping

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


class ColumnNames:
    """The names of nested fields as columns, for targets that ignore case."""

    def __init__(
        self,
        separator: str = "__",
        longest: int = LONGEST_NAME,
        owners: dict[str, Path] | None = None,
    ) -> None:
        """Start with no names.

        Args:
            separator: What separates the parts of a name.
            longest: How long a name may be.
            owners: Which field has a name that several want; those that are found are
                added. A field that no longer exists still has its name.
        """
        self._separator = separator
        self._longest = longest
        self._owners = {} if owners is None else owners
        self._taken: dict[str, Path] = {}
        self._names: dict[Path, str] = {}

    def reserve(self, name: str) -> None:
        """Let a field at the top, such as a key, have its name."""
        self._taken[_folded(name)] = (name,)

    def of(self, path: Path) -> str:
        """Return a name that no other column has.

        A name that is not plain, too long or taken is cut and ends in a part of the
        path's hash. So it stays the same, whatever other columns there are.
        """
        if path not in self._names:
            self._names[path] = name = self._new(path)
            self._taken[_folded(name)] = path
        return self._names[path]

    def _new(self, path: Path) -> str:
        name = self._separator.join(path)
        if not (all(map(_PLAIN.fullmatch, path)) and len(name) <= self._longest):
            return self._hashed(path)
        folded = _folded(name)
        owner = self._owners.get(folded) or self._taken.get(folded, path)
        if owner == path:
            return name
        self._owners[folded] = owner
        return self._hashed(path)

    def _hashed(self, path: Path) -> str:
        digest = hashlib.sha256(json.dumps(path).encode()).hexdigest()
        plain = self._separator.join(_ODD.sub("_", part) for part in path)
        names = (
            f"{plain[: self._longest - length - 1]}_{digest[:length]}"
            for length in range(_DIGEST, len(digest))
        )
        return next(name for name in names if _folded(name) not in self._taken)


class FlatteningPlan:
    """Which member of a stream's records becomes which column.

    Attributes:
        schema: The flattened schema.
    """

    def __init__(
        self,
        stream: str,
        schema: JSONSchema,
        depth: int,
        names: ColumnNames,
        everything: JSONSchema | None = None,
    ) -> None:
        """Name the columns.

        Args:
            stream: The stream's name, for warnings.
            schema: The schema of its records.
            depth: How many levels of objects become columns.
            names: Names the columns.
            everything: The schema before selection. Its fields are named first, so
                that none takes the name of one that is not selected.
        """
        self._stream = stream
        self._depth = depth
        self._names = names
        self._warned: set[str] = set()
        members = schema.get("properties", {})
        all_members = (everything or schema).get("properties", {})
        for name, member in chain(members.items(), all_members.items()):
            if not self._is_expanded(member, 0):
                names.reserve(name)
        self._planned(all_members, (), {})
        columns: dict[str, JSONSchema] = {}
        self._plan = self._planned(members, (), columns)
        self.schema = {**schema, "properties": columns}
        if "required" in schema:
            kept = [name for name in schema["required"] if name in columns]
            self.schema["required"] = kept

    def flatten(self, record: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a record with the columns of the schema, absent ones as null."""
        flat: dict[str, t.Any] = {}
        self._fill(flat, record, self._plan)
        return flat

    def _is_expanded(self, schema: JSONSchema, level: int) -> bool:
        types = _types(schema)
        return level < self._depth and types == ["object"] and "properties" in schema

    def _planned(
        self,
        members: Mapping[str, JSONSchema],
        within: Path,
        columns: dict[str, JSONSchema],
    ) -> list[tuple[str, t.Any]]:
        """Return members with their columns, or plans of their own; fill `columns`."""
        plan: list[tuple[str, t.Any]] = []
        for name, schema in members.items():
            path = (*within, name)
            if self._is_expanded(schema, len(within)):
                plan.append((name, self._planned(schema["properties"], path, columns)))
                continue
            column = self._names.of(path) if within else name
            columns[column] = _column_schema(schema, is_nested=bool(within))
            plan.append((name, (column, *_types(columns[column]))))
        return plan

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
                value = ENCODER.encode(value).decode()
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


def _types(schema: JSONSchema) -> list[str]:
    """Return the JSON types of a schema, without null."""
    declared = schema.get("type", [])
    names = [declared] if isinstance(declared, str) else declared
    return [name for name in names if name != "null"]


def _column_schema(schema: JSONSchema, *, is_nested: bool) -> JSONSchema:
    """Return the schema of a column: text, unless it is of one simple type."""
    types = _types(schema)
    if len(types) != 1 or types[0] in {"object", "array"}:
        kept = ("description",) if "description" in schema else ()
        return {**_TEXT, **{key: schema[key] for key in kept}}
    return {**schema, "type": [*types, "null"]} if is_nested else schema


def _folded(name: str) -> str:
    """Return what targets make of a name that ignore case, or allow few characters."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
