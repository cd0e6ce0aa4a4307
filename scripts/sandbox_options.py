"""The options of the sandbox, from its settings, for the cog blocks of its README."""

from __future__ import annotations

import typing as t

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.cli import grouped_settings, option_of


def table(group: str) -> str:
    """Write a table of the options of a group: `company`, `behaviour` or `server`."""
    lines = ["", "| Option | Setting | What it does |", "| --- | --- | --- |"]
    types = t.get_type_hints(Sandbox)
    for field in grouped_settings()[group]:
        option, hint = option_of(field), types[field.name]
        no = "[no-]" if hint in {bool, t.Mapping[str, bool]} else ""
        value = option.item or _choices(hint)
        flag = f"--{no}{option.flag} {value}".strip()
        lines.append(f"| `{flag}` | `{field.name}` | {option.help} |")
    return "\n".join([*lines, ""])


def _choices(hint: t.Any) -> str:
    choices = t.get_args(hint) if t.get_origin(hint) is t.Literal else ()
    return f"{{{','.join(map(str, choices))}}}" if choices else ""
