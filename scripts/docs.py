"""Writes the generated parts of the documentation: README.md, docs/streams.md.

With --check nothing is written; exit code 1 where a file is not as it should be.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import typing as t
from pathlib import Path

from tap_clientsuccess.settings import SCHEMA
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.tap import TapClientSuccess
from tap_clientsuccess.validation import problems

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk.singerlib import CatalogEntry

    from tap_clientsuccess.client import ClientSuccessStream

JSONSchema = dict[str, t.Any]

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
STREAMS_PAGE = ROOT / "docs" / "streams.md"

AIRBYTE = "public Airbyte connector, tested live"
SINGER = "older public Singer tap"
MCP = "public MCP server, checked live"
V1 = "older public Singer tap, public clients of v1"
EVIDENCE = {
    "clients": AIRBYTE,
    "contacts": AIRBYTE,
    "contracts": AIRBYTE,
    "products": AIRBYTE,
    "client_notes": MCP,
    "pulses": MCP,
    "tasks": MCP,
    "custom_fields": f"{AIRBYTE}; {MCP}",
    "client_details": SINGER,
    "contact_details": SINGER,
    "employees": V1,
    "client_statuses": V1,
    "client_segments": V1,
}
"""What says that a stream's endpoint exists, and what it answers."""

_POINTER = re.compile(r"Points at `(\w+)\.(\w+)`")
_INTRODUCTION = """\
# Streams

<!-- Made by scripts/docs.py (`make docs`) from the schemas in
tap_clientsuccess/schemas. Changes made here are overwritten. -->

What each stream holds, as `tap-clientsuccess --discover` tells it without an account;
with one, `custom` has the account's own fields as well. Any field may be null or
absent, except for those of a primary key. `a.b` is the field `b` of the object `a`,
and `a[].b` that of each object in the list `a`. What the API gives beyond these fields
is kept in nested objects that are open, and left out, with a warning, at the top level.

"""
_RELATIONS = """\
## How they hang together

The fields that point at another stream. The detail streams point where their short
forms do, and are left out. No foreign key is promised by the API: a record may point
at one that was deleted, or that the key may not read.
"""


class StaleError(Exception):
    """A file is not as it should be."""


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


def main() -> int:
    """Write the files, or check them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    only_check = parser.parse_args().check
    logging.disable()
    try:
        for path, text in documents():
            keep(path, text, only_check=only_check)
    except StaleError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def keep(path: Path, text: str, *, only_check: bool) -> None:
    """Write a file, where it is not so already.

    Raises:
        StaleError: It is not, and nothing is to be written.
    """
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    if only_check:
        raise StaleError(f"{path.relative_to(ROOT)} is stale: run `make docs`")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def documents() -> Iterator[tuple[Path, str]]:
    """Make the text of each file."""
    tap = TapClientSuccess(validate_config=False)
    readme = README.read_text(encoding="utf-8")
    readme = replaced(readme, "settings", "\n".join(settings_tables()))
    readme = replaced(readme, "streams", "\n".join(streams_table(tap)))
    yield README, readme
    yield STREAMS_PAGE, _INTRODUCTION + "\n".join(streams_page(tap)) + "\n"


def replaced(text: str, name: str, content: str) -> str:
    """Put content between the two marks of a name.

    Raises:
        StaleError: The marks are not there.
    """
    begin, end = f"<!-- {name}: made by scripts/docs.py -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise StaleError(f"README.md lacks the marks {begin} and {end}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table of Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def code(text: str) -> str:
    """Write text as code."""
    return f"`{text}`"


def settings_tables() -> Iterator[str]:
    """Write the tap's own settings, and those of the SDK below a fold."""
    built_in: JSONSchema = {"properties": {}}
    TapClientSuccess.append_builtin_config(built_in)
    own = {
        k: v for k, v in SCHEMA["properties"].items() if k not in built_in["properties"]
    }
    head = ("Setting", "Default", "Description")
    yield from table(head, setting_rows(own))
    yield ""
    yield "<details>"
    yield "<summary>Settings that every tap of the Singer SDK has</summary>"
    yield ""
    yield from table(head, setting_rows(built_in["properties"]))
    yield ""
    yield "</details>"


def setting_rows(properties: JSONSchema, within: str = "") -> Iterator[Sequence[str]]:
    """Make a row of each setting, those inside of a built-in one after it."""
    missing = {problem.split()[0] for problem in problems({}, SCHEMA)}
    for name, schema in properties.items():
        path = within + name
        default = "required" if path in missing else shown(schema.get("default"))
        yield code(path), default, one_line(schema.get("description", ""))
        if path not in SCHEMA["properties"] or "items" not in schema:
            yield from setting_rows(schema.get("properties", {}), f"{path}.")


def shown(default: t.Any) -> str:
    """Write a default as JSON would, without quotes."""
    if default is None:
        return "none"
    return code(str(default).lower() if isinstance(default, bool) else str(default))


def one_line(text: str) -> str:
    """Write a description as one line."""
    return " ".join(text.split())


def streams_table(tap: TapClientSuccess) -> Iterator[str]:
    """Write the streams in the order in which the code has them."""
    head = ("Stream", "Endpoint", "Primary key", "Replication", "Read", "Evidence")
    rows = [stream_row(stream, tap) for stream in STREAMS]
    yield from table(head, rows)


def stream_row(
    stream_class: type[ClientSuccessStream], tap: TapClientSuccess
) -> Sequence[str]:
    """Make the row of a stream.

    Raises:
        StaleError: It has no source of evidence here.
    """
    stream = stream_class(tap)
    if stream.name not in EVIDENCE:
        raise StaleError(f"scripts/docs.py has no evidence for {stream.name}")
    return (
        f"[{code(stream.name)}](docs/streams.md#{stream.name})",
        endpoint(stream),
        keys(stream.primary_keys),
        replication(stream.replication_key),
        "yes" if stream.selected_by_default else "when selected",
        EVIDENCE[stream.name],
    )


def endpoint(stream: ClientSuccessStream) -> str:
    """Write the requests of a stream."""
    root = "v1: " if isinstance(stream, ReferenceList) else ""
    text = root + code(f"{stream.http_method} {stream.path}")
    if isinstance(stream, DetailStream):
        text += f", then {code(f'GET {stream.detail_path}')} for each"
    return text


def keys(names: Iterable[str]) -> str:
    """Write the names of a key."""
    return ", ".join(map(code, names))


def replication(key: str | None) -> str:
    """Write how a stream is read."""
    return f"incremental on {code(key)}" if key else "full table"


def streams_page(tap: TapClientSuccess) -> Iterator[str]:
    """Write all streams with their fields, and how they hang together."""
    entries = [entry_of(tap, stream.name) for stream in STREAMS]  # type: ignore[misc]
    yield from (
        f"- [{code(entry.tap_stream_id)}](#{entry.tap_stream_id})" for entry in entries
    )
    yield "- [How they hang together](#how-they-hang-together)"
    yield ""
    for entry, stream in zip(entries, STREAMS, strict=True):
        yield from stream_section(entry, endpoint(stream(tap)))
    yield _RELATIONS
    details = {stream.name for stream in STREAMS if issubclass(stream, DetailStream)}  # type: ignore[misc]
    short = [entry for entry in entries if entry.tap_stream_id not in details]
    yield from diagram([relation for entry in short for relation in relations(entry)])


def entry_of(tap: TapClientSuccess, name: str) -> CatalogEntry:
    """Return a stream's entry in the catalog."""
    entry = tap.catalog.get_stream(name)
    assert entry is not None  # noqa: S101
    return entry


def stream_section(entry: CatalogEntry, requests: str) -> Iterator[str]:
    """Write one stream."""
    schema = entry.schema.to_dict()
    yield f"## {entry.tap_stream_id}"
    yield ""
    yield f"{one_line(schema.get('description', ''))} {requests}."
    yield ""
    yield f"- Primary key: {keys(entry.key_properties or [])}"
    yield f"- Replication: {replication(entry.replication_key)}"
    yield ""
    yield from table(("Field", "Type", "Description"), map(field_row, fields(schema)))
    yield ""


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


if __name__ == "__main__":
    sys.exit(main())
