"""The sandbox and the tap are two distributions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("package", "other"),
    [
        ("tap_clientsuccess", "clientsuccess_sandbox"),
        ("sandbox/clientsuccess_sandbox", "tap_clientsuccess"),
    ],
)
def test_neither_imports_the_other(package: str, other: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert len(files) > 5
    assert not [path for path in files if f"import {other}" in path.read_text()]
    assert not [path for path in files if f"from {other}" in path.read_text()]


def imported(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in froms for alias in node.names}


def test_no_two_files_import_each_other() -> None:
    """Remove modules that import no other; only a cycle remains."""
    package = ROOT / "sandbox" / "clientsuccess_sandbox"
    needs = {
        str(path.relative_to(package)): imported(path) for path in package.rglob("*.py")
    }
    names = {
        f"clientsuccess_sandbox/{path}"[:-3].removesuffix("/__init__"): path
        for path in needs
    }
    files = {name.replace("/", "."): path for name, path in names.items()}
    left = {
        path: {files.get(name) or files.get(name.rpartition(".")[0]) for name in found}
        for path, found in needs.items()
    }
    while free := [path for path, found in left.items() if not found & left.keys()]:
        for path in free:
            del left[path]
    assert left == {}
