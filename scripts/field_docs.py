"""The fields of a stream, and those that point at another stream."""

from __future__ import annotations

import re
import typing as t

from markdown_text import code, one_line, table

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.singerlib import CatalogEntry

JSONSchema = dict[str, t.Any]

_POINTER = re.compile(r"Points at `(\w+)\.(\w+)`")


class Field(t.NamedTuple):
    """A field of a stream, however deep.

    Attributes:
        path: Its name after those of the objects it is in, such as `items[].id`.
        type: Its type in words.
        description: What the schema says about it.
    """

    path: str
    type: str
    description: str


class Relation(t.NamedTuple):
    """A field that points at another stream.

    Attributes:
        stream: The stream that has the field.
        path: The field.
        is_list: Whether one record may point at several.
        target: The stream that it points at.
        key: What it is compared with there.
    """

    stream: str
    path: str
    is_list: bool
    target: str
    key: str


def field_row(field: Field) -> Sequence[str]:
    """Make the row of a field."""
    return code(field.path), field.type, field.description


def fields(schema: JSONSchema, within: str = "") -> Iterator[Field]:
    """Go through the fields of an object, each before those inside of it."""
    for name, field in schema.get("properties", {}).items():
        path = within + name
        description = one_line(field.get("description", ""))
        items = field.get("items", {})
        if not description:
            description = one_line(items.get("description", ""))
        yield Field(path, type_in_words(field), description)
        yield from fields(field, f"{path}.")
        yield from fields(items, f"{path}[].")


def type_in_words(schema: JSONSchema) -> str:
    """Write a type, leaving out that it may be null."""
    declared = schema.get("type", "any")
    names = [declared] if isinstance(declared, str) else declared
    return " or ".join(type_name(name, schema) for name in names if name != "null")


def type_name(name: str, schema: JSONSchema) -> str:
    """Write one of the types that a schema allows."""
    if name == "string":
        return str(schema.get("format", name))
    if name == "array" and (items := schema.get("items")):
        return f"list of {type_in_words(items)}"
    return {"array": "list"}.get(name, name)


def relations(entry: CatalogEntry) -> Iterator[Relation]:
    """Find the fields that point at another stream."""
    for field in fields(entry.schema.to_dict()):
        if found := _POINTER.search(field.description):
            is_list = "[]" in field.path or field.type.startswith("list")
            yield Relation(entry.tap_stream_id, field.path, is_list, *found.groups())


def diagram(found: Sequence[Relation]) -> Iterator[str]:
    """Draw the relations, one line for each pair of streams, and list them."""
    named: dict[tuple[str, str, str], dict[str, None]] = {}
    for relation in found:
        if not is_back_pointer(relation):
            name = relation.path.partition(".")[0].removesuffix("[]")
            line = (relation.target, cardinality(relation), relation.stream)
            named.setdefault(line, {})[name] = None
    yield "```mermaid"
    yield "erDiagram"
    for (target, how, stream), names in sorted(named.items()):
        yield f'    {target} {how} {stream} : "{", ".join(names)}"'
    yield "```"
    yield ""
    yield from table(("Field", "Points at"), map(relation_row, found))


def is_back_pointer(relation: Relation) -> bool:
    """Tell whether a piece of a record points at the record that it is in."""
    last = relation.path.rpartition(".")[2]
    inside = "[]." in relation.path
    return relation.stream == relation.target and inside and last != relation.key


def cardinality(relation: Relation) -> str:
    """Write how many records there are at the two ends of a relation."""
    return "}o--o{" if relation.is_list else "|o--o{"


def relation_row(relation: Relation) -> Sequence[str]:
    """Make the row of a relation."""
    return (
        code(f"{relation.stream}.{relation.path}"),
        code(f"{relation.target}.{relation.key}"),
    )
