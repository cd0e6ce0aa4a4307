"""Functions of the SDK that are replaced, or are there under private names alone.

The tap and the streams override private methods where they stand. The SDK's next
release may change any of them: `tests/test_sdk_private_names.py` lists all, file by
file, and tests what is relied on.
"""

from __future__ import annotations

import json
import textwrap
import traceback
import typing as t
from dataclasses import replace

from singer_sdk import _logging, about
from singer_sdk.helpers._catalog import get_selected_schema

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.streams import Stream

    from tap_clientsuccess.records import JSONSchema

_WIDTH = 88


def read_logging_as_utf8() -> None:
    """Read the file of ``SINGER_SDK_LOG_CONFIG`` whatever the locale's encoding is."""

    def load(path: t.Any) -> t.Any:
        import yaml  # noqa: PLC0415 # as the SDK does

        return yaml.safe_load(path.read_bytes())

    _logging._load_yaml_logging_config = load  # noqa: SLF001


def selected_schema(stream: Stream) -> JSONSchema:
    """Return a copy of a stream's schema that has its selected fields alone."""
    return get_selected_schema(stream.name, stream.effective_schema, stream.mask)


def failed_at(error: Exception) -> tuple[str, str | None, str | None]:
    """Tell what was set up or applied when an error was raised, by the SDK's frames.

    Returns:
        ``stream_maps`` or ``faker_config``, the stream in it, and the expression; None
        for what is not known.
    """
    stream = expression = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_init_faker_instance":
            return "faker_config", None, None
        names = frame.f_locals
        if isinstance(key := names.get("stream_map_key"), str):
            stream = key
        if isinstance(found := names.get("expr", names.get("prop_def")), str):
            expression = found
    return "stream_maps", stream, expression


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
