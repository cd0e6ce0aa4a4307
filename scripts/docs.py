"""The generated parts of the documentation, called by cog blocks in the pages.

`make docs` runs cog over README.md and docs/*.md.
"""

from __future__ import annotations

import inspect
import logging
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from evidence import EVIDENCE
from page import block, table
from plugin import OWN
from singer_sdk import Stream

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.cli import grouped_settings, option_of
from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.faults.registry import FAULT_KINDS
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.tap import TapClientSuccess

logging.disable()

_POINTER = re.compile(r"Points at `(\w+)\.(\w+)`")


class Field(t.NamedTuple):
    """A field of a stream, nested ones by their path, such as `items[].id`."""

    path: str
    type: str
    description: str


def settings(properties: Mapping[str, t.Any] = OWN) -> str:
    """Write a table of settings: the tap's own, or those that are given."""
    head = ("Setting", "Default", "Description")
    return block(table(head, _settings_rows(properties)))


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
    return block(table((*head, "Evidence from other clients"), rows))


def fields() -> str:
    """Write a table of contents, and a section with the fields of each stream."""
    lines = [f"- [`{stream.name}`](#{stream.name})" for stream in _streams()]
    lines += ["- [How streams relate](#how-streams-relate)"]
    for stream in _streams():
        lines += ["", f"## {stream.name}", ""]
        lines += [f"{stream.schema['description']} {_endpoint(stream)}.", ""]
        lines += [f"- Primary key: {_codes(stream.primary_keys)}"]
        lines += [f"- Replication: {_replication(stream)}", ""]
        lines += [_fields_table(stream)]
    return block(*lines)


def fields_of(name: str) -> str:
    """Write a table of the fields of one stream."""
    (stream,) = [each for each in _streams() if each.name == name]
    return block(_fields_table(stream))


def relations() -> str:
    """Draw which stream points at which, and list the fields that do."""
    names: dict[tuple[str, str, str], dict[str, None]] = {}
    rows = []
    for stream, field in _all_fields():
        if found := _POINTER.search(field.description):
            target, key = found.groups()
            rows.append((f"`{stream.name}.{field.path}`", f"`{target}.{key}`"))
            inner = field.path.rpartition("[].")[2] if "[]." in field.path else ""
            if stream.name == target and inner not in {"", key}:
                # A part of a record that points at the record which it is in.
                continue
            is_list = "[]" in field.path or field.type.startswith("list")
            arrow = (target, "}o--o{" if is_list else "|o--o{", stream.name)
            name = field.path.partition(".")[0].removesuffix("[]")
            names.setdefault(arrow, {})[name] = None
    arrows = (f'    {" ".join(a)} : "{", ".join(names[a])}"' for a in sorted(names))
    pointers = table(("Field", "Points at"), rows)
    return block("```mermaid", "erDiagram", *arrows, "```", "", pointers)


def sandbox_options(group: str) -> str:
    """Write the sandbox's options of a group: `company`, `behaviour` or `server`."""
    rows, types = [], t.get_type_hints(Sandbox)
    for field in grouped_settings()[group]:
        option, hint = option_of(field), types[field.name]
        no = "[no-]" if hint in {bool, t.Mapping[str, bool]} else ""
        choices = t.get_args(hint) if t.get_origin(hint) is t.Literal else ()
        one_of = f"{{{','.join(map(str, choices))}}}" if choices else ""
        flag = f"--{no}{option.flag} {option.item or one_of}".strip()
        rows.append((f"`{flag}`", f"`{field.name}`", option.help))
    return block(table(("Option", "Setting", "What it does"), rows))


def sandbox_faults() -> str:
    """Write the kinds of faults, with the fields that not all of them have."""
    rows = []
    for kind in FAULT_KINDS:
        # Its own come first, as does the one that a text sets.
        names = dict.fromkeys([*kind.__annotations__, *kind.__struct_fields__])
        own = [name for name in names if name not in Fault.__struct_fields__]
        what = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]
        tag = str(kind.__struct_config__.tag)
        rows.append((f"`{tag}`", _codes(own), what.removesuffix(".")))
    return block(table(("Kind", "Fields", "What it does"), rows))


def _settings_rows(
    properties: Mapping[str, t.Any], within: str = ""
) -> Iterator[Sequence[str]]:
    for name, schema in properties.items():
        description = schema.get("description", "")
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


def _all_fields() -> Iterator[tuple[t.Any, Field]]:
    """Yield the fields of all streams but those that only add details."""
    for stream in _streams():
        if not hasattr(stream, "detail_path"):
            yield from ((stream, field) for field in _fields(stream.schema))


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


def _fields_table(stream: Stream) -> str:
    rows = [
        (f"`{field.path}`", field.type, field.description)
        for field in _fields(stream.schema)
    ]
    return table(("Field", "Type", "Description"), rows)


def _fields(schema: Mapping[str, t.Any], within: str = "") -> Iterator[Field]:
    for name, field in schema.get("properties", {}).items():
        path, items = within + name, field.get("items", {})
        description = field.get("description") or items.get("description", "")
        yield Field(path, _type(field), description)
        yield from _fields(field, f"{path}.")
        yield from _fields(items, f"{path}[].")


def _type(schema: Mapping[str, t.Any]) -> str:
    declared = schema.get("type", "any")
    names = [declared] if isinstance(declared, str) else declared
    items = f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    shown = {"string": schema.get("format", "string"), "array": items}
    return " or ".join(shown.get(name, name) for name in names if name != "null")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
