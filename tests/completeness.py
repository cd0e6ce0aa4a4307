"""What a stream needs beside its class. CONTRIBUTING.md has the same list, in order.

`conftest.py` looks before any test runs: hundreds of tests fail where a stream is not
complete, and none of them says why.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing as t
from pathlib import Path

from dbt_sources import NOT_MADE_HERE
from evidence import EVIDENCE

from clientsuccess_sandbox.data import KINDS
from tap_clientsuccess import schemas, streams
from tap_clientsuccess.catalog import SCHEMAS
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.streams.search import SearchStream

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Stream = t.Any
"""A class: mypy takes `name` and `path` for attributes of instances alone."""

ROOT = Path(__file__).parent.parent
_SCHEMAS = Path(schemas.__path__[0])
_KINDS = "sandbox/clientsuccess_sandbox/data/__init__.py"


def missing(known: Sequence[Stream] = streams.STREAMS) -> list[str]:
    """Return a line for each thing that a stream lacks.

    Args:
        known: The streams that the tap has.
    """
    found = [line for each in stream_classes() for line in missing_of(each, known)]
    names = {each.name for each in stream_classes()}
    for path in sorted(_SCHEMAS.glob("*.json")):
        if path.stem not in {"shared", *names}:
            place = path.relative_to(ROOT)
            found.append(f"{place} has no class in tap_clientsuccess/streams/")
    return found


def stream_classes() -> list[Stream]:
    """Return the classes with a name of their own, wherever they are defined."""
    modules = [
        importlib.import_module(f"{streams.__name__}.{each.name}")
        for each in pkgutil.iter_modules(streams.__path__)
    ]
    classes = {
        each
        for module in modules
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, ClientSuccessStream)
        and isinstance(vars(each).get("name"), str)
    }
    return sorted(classes, key=lambda each: str(each.name))


def missing_of(stream: Stream, known: Sequence[Stream]) -> Iterator[str]:
    """Yield a line for each thing that one stream lacks."""
    name = str(stream.name)
    place = Path(inspect.getfile(stream)).relative_to(ROOT)
    who = f"stream `{name}` (class {stream.__name__} in {place})"
    if not (_SCHEMAS / f"{name}.json").exists():
        yield f"{who} has no schema (tap_clientsuccess/schemas/{name}.json)"
    else:
        fields = SCHEMAS.fetch_schema(name)["properties"]
        keys = (*stream.primary_keys, stream.replication_key)
        for key in [
            each for each in keys if isinstance(each, str) and each not in fields
        ]:
            yield f"{who} has the key `{key}`, which is not in its schema"
    if stream not in known:
        yield f"{who} is not in STREAMS (tap_clientsuccess/streams/__init__.py)"
    if name not in EVIDENCE:
        yield f"{who} has no evidence that it exists (scripts/evidence.py)"
    kind, path = KINDS.get(name), _path_in_sandbox(stream)
    if path and (kind is None or path != kind.path):
        yield f"{who} has no kind with the path {path} in the sandbox ({_KINDS})"
    for file, mark, command in _generated(stream):
        if not re.search(mark, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE):
            yield f"{who} is not in {file} (run `{command}`)"


def _path_in_sandbox(stream: Stream) -> str:
    """Return the path of a stream that is a kind of the sandbox."""
    if issubclass(stream, ReferenceList):
        return f"/v1{stream.path}"
    is_kind = issubclass(stream, SearchStream) and not issubclass(stream, DetailStream)
    return str(stream.path) if is_kind else ""


def _generated(stream: Stream) -> Iterator[tuple[str, str, str]]:
    """Yield the files that tell of a stream, with what words, and what makes them."""
    yield "README.md", rf"docs/streams\.md#{stream.name}\)", "make docs"
    yield "docs/streams.md", f"^## {stream.name}$", "make docs"
    if stream.name not in NOT_MADE_HERE:
        sources = "examples/dbt/models/sources.yml"
        yield sources, f"^ +- name: {stream.name}$", "make docs"
    if _path_in_sandbox(stream):
        report = "tests/reports/as_documented.json"
        yield report, f'"name": "{stream.name}"', "make reports"
