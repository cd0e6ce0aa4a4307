"""The sources of the dbt example, made of the schemas, for a cog block in its file."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.tap import TapClientSuccess

NOT_MADE_HERE = {"client_details", "contact_details"}
"""They are only read with `read_details`."""

CONFIG = {
    **dict.fromkeys(
        ("employees", "client_statuses", "client_segments"),
        "{enabled: \"{{ var('v1_streams') }}\"}",
    ),
    # Read once a week.
    "custom_fields": "{freshness: {warn_after: {count: 9, period: day}, "
    "error_after: {count: 15, period: day}}}",
    "sync_log": '{loaded_at_query: "select max(started_at) from {{ this }}"}',
}
"""What differs from the configuration of all sources."""


def tables() -> str:
    """Write a table for each stream: descriptions, and tests of the primary key."""
    tap = TapClientSuccess(validate_config=False)
    return "\n".join(
        line
        for stream in (each(tap) for each in STREAMS)
        if stream.name not in NOT_MADE_HERE
        for line in _table(stream)
    )


def _table(stream: t.Any) -> Iterator[str]:
    yield f"      - name: {stream.name}"
    yield f"        description: {_text(stream.schema['description'])}"
    if config := CONFIG.get(stream.name):
        yield f"        config: {config}"
    yield "        columns:"
    tests = ["not_null"] if len(stream.primary_keys) > 1 else ["unique", "not_null"]
    for name, field in stream.schema["properties"].items():
        yield f"          - name: {name}"
        yield "            quote: true"
        if text := field.get("description"):
            yield f"            description: {_text(text)}"
        if name in stream.primary_keys:
            yield f"            data_tests: [{', '.join(tests)}]"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
