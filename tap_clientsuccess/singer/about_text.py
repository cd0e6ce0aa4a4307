"""What `--about` prints as text."""

from __future__ import annotations

import json
import textwrap
import typing as t
from dataclasses import replace

from singer_sdk import about

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 88


class TextFormatter(about.TextFormatter, format_name="text"):
    """The SDK's text, with the default and the description of each setting.

    To define it is enough: it takes the place of the SDK's.
    """

    def format_about(self, about_info: about.AboutInfo) -> str:
        """Return the text."""
        head = super().format_about(replace(about_info, settings={}))
        properties = about_info.settings["properties"]
        settings = [
            "\n".join(
                _lines(f"{about_info.env_var_prefix}{name.upper()}", name, schema)
            )
            for name, schema in properties.items()
        ]
        return head + "\n".join(settings)


def _lines(variable: str, name: str, schema: dict[str, t.Any]) -> Iterator[str]:
    yield f"  - Name: {name}"
    yield f"    Type: {' or '.join(kind for kind in schema['type'] if kind != 'null')}"
    yield f"    Environment Variable: {variable}"
    if (default := schema.get("default")) is not None:
        text = default if isinstance(default, str) else json.dumps(default)
        yield f"    Default: {text}"
    if values := schema.get("enum"):
        yield f"    Values: {', '.join(map(str, values))}"
    for key in ("minimum", "maximum"):
        if key in schema:
            yield f"    {key.capitalize()}: {schema[key]}"
    text = f"Description: {schema.get('description', '')}"
    yield textwrap.fill(text, _WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 6)
