"""Every private name of the SDK that the tap uses: its next release may change them."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
import typing as t
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
from singer_sdk.singerlib import SelectionMask

import tap_clientsuccess
from tap_clientsuccess.singer.sdk import selected_schema

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(tap_clientsuccess.__file__).parent
# Importing `__main__` would take over the signals.
FILES = sorted({*PACKAGE.rglob("*.py")} - {PACKAGE / "__main__.py"})

PRIVATE: dict[str, set[str]] = {
    "singer/batch_files.py": {"singer_sdk.helpers._batch.BatchConfig"},
    "singer/sdk.py": {
        "singer_sdk._logging",
        "singer_sdk.helpers._catalog.get_selected_schema",
    },
    "singer/stream.py": {
        "singer_sdk.helpers._batch.BatchConfig",
        "singer_sdk.helpers._catalog.pop_deselected_record_properties",
        "singer_sdk.helpers._util.utc_now",
        "Stream._check_max_record_limit",
        "Stream._finalize_state",
        "Stream._generate_record_messages",
        "Stream._tap",
        "Stream._write_activate_version_message",
        "Stream._write_batch_message",
        "Stream._write_state_message",
    },
    "streams/lists.py": {"Stream._tap"},
    "streams/scheduled.py": {
        "Stream._sync_batches",
        "Stream._sync_records",
        "Stream._tap",
    },
    "streams/sync_log.py": {
        "singer_sdk.helpers._batch.SDKBatchMessage",
        "Stream._generate_record_messages",
    },
    "sync.py": {"Tap._streams"},
    "tap.py": {
        "Stream._config",  # The tap's own, which has the same name.
        "PluginBase._env_var_config",
        "PluginBase._setup_signal_handlers",
        "PluginBase._validate_config",
        "Tap._mapper",
    },
}
"""By file: imports, and members of the SDK's classes that are overridden or used."""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_private_names_of_the_sdk_are_listed(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    assert set(private_names(path)) == PRIVATE.get(name, set())


def test_the_list_names_no_other_files() -> None:
    assert {PACKAGE / name for name in PRIVATE} <= {*FILES}


def test_the_selected_schema_is_a_copy_without_what_is_deselected() -> None:
    text = {"type": "string"}
    inner = {"type": "object", "properties": {"a": text, "b": text}}
    schema = {"type": "object", "properties": {"a": text, "b": text, "c": inner}}
    before = copy.deepcopy(schema)
    deselected = [("properties", "a"), ("properties", "c", "properties", "b")]
    mask = SelectionMask({(): True} | dict.fromkeys(deselected, False))
    stream: t.Any = SimpleNamespace(name="x", effective_schema=schema, mask=mask)
    kept = {"type": "object", "properties": {"a": text}}
    assert selected_schema(stream) == {
        "type": "object",
        "properties": {"b": text, "c": kept},
    }
    assert schema == before


def private_names(path: Path) -> Iterator[str]:
    """Find the private names of the SDK in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {name for node in ast.walk(tree) for name in imports(node)}
    yield from filter(is_private_import, imported)
    classes = sdk_classes(path)
    for name in members(tree, stored=False):
        if owner := next((c for c in classes if name in own_members(c)), None):
            yield f"{owner.__name__}.{name}"


def imports(node: ast.AST) -> list[str]:
    """Return the full names that a node imports."""
    match node:
        case ast.ImportFrom(module=module, names=names):
            return [f"{module}.{alias.name}" for alias in names]
        case ast.Import(names=names):
            return [alias.name for alias in names]
    return []


def is_private_import(name: str) -> bool:
    return name.startswith("singer_sdk.") and any(map(is_private, name.split(".")))


def sdk_classes(path: Path) -> list[type]:
    """Return the SDK's classes that a file imports or inherits from."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    values = vars(import_module(".".join(parts))).values()
    lines = chain(*(value.__mro__ for value in values if isinstance(value, type)))
    return [cls for cls in lines if cls.__module__.startswith("singer_sdk")]


@cache
def own_members(cls: type) -> set[str]:
    """Return the private members that a class of the SDK defines."""
    return members(ast.parse(textwrap.dedent(inspect.getsource(cls))), stored=True)


def members(tree: ast.AST, *, stored: bool) -> set[str]:
    """Return the private names that are defined or, unless only stored, used."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(attr=name, ctx=ctx):
                if isinstance(ctx, ast.Store) or not stored:
                    names.add(name)
    return set(filter(is_private, names))


def is_private(name: str) -> bool:
    return name.startswith("_") and name.strip("_") != "" and name[:2] != "__"
