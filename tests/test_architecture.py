"""The architecture: imports run one way, and inheritance stays shallow."""

from __future__ import annotations

import ast
import re
import typing as t
from itertools import chain
from pathlib import Path

import pytest
from singer_sdk import RESTStream

import tap_clientsuccess
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.custom import CustomStream

PACKAGE = Path(tap_clientsuccess.__file__).parent
LEVELS = [
    {"__main__"},
    {"tap"},
    {"cli", "streams"},
    {"connection_test"},
    {"catalog", "context"},
    {"singer"},
    {"http", "paging", "records"},
    {"config"},
    {"errors", "timestamps", "schemas"},
]
"""The files and folders of the package; each imports only what is below it."""

LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [[a.name for a in node.names] for node in nodes if type(node) is ast.Import]
    froms = [node.module or "" for node in nodes if type(node) is ast.ImportFrom]
    return {*chain(*names), *froms}


def area(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_diagram_in_the_docs_shows_the_levels() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = re.findall(r'L(\d)\["([^"]+)"\]', page)
    assert [int(number) for number, _ in shown] == list(range(len(LEVELS)))
    assert [set(names.split(", ")) for _, names in shown] == LEVELS


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    here = area(path)
    modules = imported(path)
    assert not {name for name in modules if name.startswith("clientsuccess_sandbox")}
    ours = [name.split(".") for name in modules if name.startswith("tap_clientsuccess")]
    others = {parts[1] for parts in ours if len(parts) > 1} - {here}
    assert [name for name in others if LEVEL[name] <= LEVEL.get(here, -1)] == []


def test_no_two_files_import_each_other() -> None:
    """Remove modules that import no other; only a cycle remains."""
    left = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): imported(path)
        for path in FILES
        if path.stem != "__init__"
    }
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}


@pytest.mark.parametrize("stream", [*STREAMS, CustomStream])
def test_few_classes_stand_between_the_sdk_and_a_stream(
    stream: type[RESTStream[t.Any]],
) -> None:
    line = stream.__mro__
    assert line.index(RESTStream) - 1 <= 4
