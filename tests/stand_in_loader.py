"""A loader for tests: it upserts into `loaded.json`, and echoes the last STATE.

It keeps the messages of the last run in `messages.jsonl`.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path


def main() -> None:
    """Load what comes on stdin."""
    lines = sys.stdin.read().splitlines()
    Path("messages.jsonl").write_text("\n".join(lines), encoding="utf-8")
    path = Path("loaded.json")
    tables: dict[str, dict[str, t.Any]] = {}
    if path.exists():
        tables = json.loads(path.read_text(encoding="utf-8"))
    keys: dict[str, list[str]] = {}
    state = None
    for message in map(json.loads, lines):
        match message["type"]:
            case "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            case "RECORD":
                stream, record = message["stream"], message["record"]
                key = "/".join(str(record[name]) for name in keys[stream])
                tables.setdefault(stream, {}).setdefault(key, {}).update(record)
            case "STATE":
                state = message["value"]
    path.write_text(json.dumps(tables), encoding="utf-8")
    if state:
        sys.stdout.write(json.dumps(state) + "\n")


if __name__ == "__main__":
    main()
