"""The tables of the settings in README.md."""

from __future__ import annotations

import typing as t

from markdown_text import code, one_line, table

from tap_clientsuccess.config.settings import SCHEMA
from tap_clientsuccess.config.validation import problems
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JSONSchema = dict[str, t.Any]


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
