"""The table of the streams in README.md, and docs/streams.md."""

from __future__ import annotations

import typing as t

from field_docs import diagram, field_row, fields, relations
from markdown_text import code, keys, one_line, table

from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import ReferenceList

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.singerlib import CatalogEntry

    from tap_clientsuccess.client import ClientSuccessStream
    from tap_clientsuccess.tap import TapClientSuccess

AIRBYTE = "public Airbyte connector"
SINGER = "older public Singer tap"
MCP = "public MCP server"
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

INTRODUCTION = """\
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


def streams_table(tap: TapClientSuccess) -> Iterator[str]:
    """Write the streams in the order in which the code has them."""
    head = (
        "Stream",
        "Endpoint",
        "Primary key",
        "Replication",
        "Read",
        "Evidence from other clients",
    )
    rows = [stream_row(stream, tap) for stream in STREAMS]
    yield from table(head, rows)


def stream_row(
    stream_class: type[ClientSuccessStream], tap: TapClientSuccess
) -> Sequence[str]:
    """Make the row of a stream.

    Raises:
        LookupError: It has no source of evidence here.
    """
    stream = stream_class(tap)
    if stream.name not in EVIDENCE:
        raise LookupError(f"scripts/stream_docs.py has no evidence for {stream.name}")
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


def replication(key: str | None) -> str:
    """Write how a stream is read."""
    return f"incremental on {code(key)}" if key else "full table"


def streams_page(tap: TapClientSuccess) -> Iterator[str]:
    """Write all streams with their fields, and how they hang together."""
    yield INTRODUCTION.rstrip("\n") + "\n"
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
