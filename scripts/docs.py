"""The generated parts of the documentation, called by cog blocks in the pages.

`make docs` runs cog over README.md and docs/*.md.
"""

from __future__ import annotations

import logging
import re
import typing as t

from evidence import EVIDENCE
from plugin import OWN, SDK

from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Stream

logging.disable()

_POINTER = re.compile(r"Points at `(\w+)\.(\w+)`")


class Field(t.NamedTuple):
    """A field of a stream, nested ones by their path, such as `items[].id`."""

    path: str
    type: str
    description: str


class Relation(t.NamedTuple):
    """A field that points at the key of another stream."""

    stream: str
    path: str
    is_list: bool
    target: str
    key: str


def settings() -> str:
    """Write the table of the tap's own settings."""
    return _settings_table(OWN)


def sdk_settings() -> str:
    """Write the table of the settings that every tap of the SDK has."""
    return _settings_table(SDK["properties"])


def streams() -> str:
    """Write the table of the streams."""
    head = ("Stream", "Endpoint", "Primary key", "Replication", "Read")
    rows = [
        (
            f"[`{stream.name}`](docs/streams.md#{stream.name})",
            _endpoint(stream),
            _codes(stream.primary_keys),
            _replication(stream),
            "with `read_details`" if hasattr(stream, "detail_path") else "yes",
            EVIDENCE[stream.name],
        )
        for stream in _streams()
    ]
    return _block(*_table((*head, "Evidence from other clients"), rows))


def fields() -> str:
    """Write a table of contents, and a section with the fields of each stream."""
    lines = [f"- [`{stream.name}`](#{stream.name})" for stream in _streams()]
    lines += ["- [How streams relate](#how-streams-relate)"]
    for stream in _streams():
        description = _one_line(stream.schema.get("description", ""))
        lines += ["", f"## {stream.name}", ""]
        lines += [f"{description} {_endpoint(stream)}.", ""]
        lines += [f"- Primary key: {_codes(stream.primary_keys)}"]
        lines += [f"- Replication: {_replication(stream)}", ""]
        lines += _fields_table(stream)
    return _block(*lines)


def fields_of(name: str) -> str:
    """Write a table of the fields of one stream."""
    (stream,) = [each for each in _streams() if each.name == name]
    return _block(*_fields_table(stream))


def relations() -> str:
    """Draw which stream points at which, and list the fields that do."""
    found = [
        relation
        for stream in _streams()
        if not hasattr(stream, "detail_path")
        for relation in _relations(stream)
    ]
    names: dict[tuple[str, str, str], dict[str, None]] = {}
    for relation in found:
        if not _is_back_pointer(relation):
            how = "}o--o{" if relation.is_list else "|o--o{"
            name = relation.path.partition(".")[0].removesuffix("[]")
            pair = (relation.target, how, relation.stream)
            names.setdefault(pair, {})[name] = None
    arrows = (f'    {" ".join(p)} : "{", ".join(names[p])}"' for p in sorted(names))
    rows = [
        (f"`{each.stream}.{each.path}`", f"`{each.target}.{each.key}`")
        for each in found
    ]
    table = _table(("Field", "Points at"), rows)
    return _block("```mermaid", "erDiagram", *arrows, "```", "", *table)


def _settings_table(properties: Mapping[str, t.Any]) -> str:
    head = ("Setting", "Default", "Description")
    return _block(*_table(head, _settings_rows(properties)))


def _settings_rows(
    properties: Mapping[str, t.Any], within: str = ""
) -> Iterator[Sequence[str]]:
    for name, schema in properties.items():
        description = _one_line(schema.get("description", ""))
        value = schema.get("default")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        default = "none" if value is None else f"`{text}`"
        if "Required" in description:
            default = "required"
        yield f"`{within}{name}`", default, description
        yield from _settings_rows(schema.get("properties", {}), f"{within}{name}.")


def _streams() -> list[t.Any]:
    tap = TapClientSuccess(validate_config=False)
    return [stream(tap) for stream in STREAMS]


def _endpoint(stream: t.Any) -> str:
    if not stream.path:
        return "The tap writes it"
    root = "v1: " if isinstance(stream, ReferenceList) else ""
    text = f"{root}`{stream.http_method} {stream.path}`"
    if detail := getattr(stream, "detail_path", None):
        text += f", then `GET {detail}` for each"
    return text


def _replication(stream: Stream) -> str:
    key = stream.replication_key
    return f"incremental on `{key}`" if key else "full table"


def _fields_table(stream: Stream) -> Iterator[str]:
    rows = [
        (f"`{field.path}`", field.type, field.description)
        for field in _fields(stream.schema)
    ]
    return _table(("Field", "Type", "Description"), rows)


def _fields(schema: Mapping[str, t.Any], within: str = "") -> Iterator[Field]:
    for name, field in schema.get("properties", {}).items():
        path, items = within + name, field.get("items", {})
        description = field.get("description") or items.get("description", "")
        yield Field(path, _type(field), _one_line(description))
        yield from _fields(field, f"{path}.")
        yield from _fields(items, f"{path}[].")


def _type(schema: Mapping[str, t.Any]) -> str:
    declared = schema.get("type", "any")
    names = [declared] if isinstance(declared, str) else declared
    items = f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    shown = {"string": schema.get("format", "string"), "array": items}
    return " or ".join(shown.get(name, name) for name in names if name != "null")


def _relations(stream: Stream) -> Iterator[Relation]:
    for field in _fields(stream.schema):
        if found := _POINTER.search(field.description):
            is_list = "[]" in field.path or field.type.startswith("list")
            yield Relation(stream.name, field.path, is_list, *found.groups())


def _is_back_pointer(relation: Relation) -> bool:
    """Tell whether a part of a record points at the record that it is in."""
    inner = relation.path.rpartition("[].")[2] if "[]." in relation.path else ""
    return relation.stream == relation.target and inner not in {"", relation.key}


def _block(*lines: str) -> str:
    return "\n".join(("", *lines, ""))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _one_line(text: str) -> str:
    return " ".join(text.split())
