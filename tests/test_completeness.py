"""Every stream is complete; what one lacks is named before any test runs."""

from __future__ import annotations

import subprocess
import sys
import typing as t

from completeness import ROOT, missing, missing_of, stream_classes

from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.streams.objects import Products
from tap_clientsuccess.streams.search import SearchStream

if t.TYPE_CHECKING:
    from pathlib import Path


KINDS = "sandbox/clientsuccess_sandbox/data/__init__.py"


class Widgets(ReferenceList):
    """A list that there is not."""

    name = "widgets"
    path = "/widgets"


def test_every_stream_is_complete() -> None:
    assert missing() == []


def test_every_stream_is_looked_at() -> None:
    assert {*stream_classes()} == {*STREAMS}


def test_what_a_new_list_lacks() -> None:
    who = "stream `widgets` (class Widgets in tests/test_completeness.py)"
    assert list(missing_of(Widgets, STREAMS)) == [
        f"{who} has no schema (tap_clientsuccess/schemas/widgets.json)",
        f"{who} is not in STREAMS (tap_clientsuccess/streams/__init__.py)",
        f"{who} has no evidence that it exists (scripts/evidence.py)",
        f"{who} has no kind with the path /v1/widgets in the sandbox ({KINDS})",
        f"{who} is not in README.md (run `make docs`)",
        f"{who} is not in docs/streams.md (run `make docs`)",
        f"{who} is not in examples/dbt/models/sources.yml (run `make docs`)",
        f"{who} is not in tests/reports/as_documented.json (run `make reports`)",
    ]


def test_a_search_with_another_path_and_key() -> None:
    class Goods(SearchStream):
        name = "products"
        path = "/goods/search"
        primary_keys = ("number",)

    lines = " ".join(missing_of(Goods, [Goods]))
    assert "the key `number`, which is not in its schema" in lines
    assert "no kind with the path /goods/search" in lines
    assert not list(missing_of(Products, STREAMS))


def test_a_schema_and_a_class_that_nobody_uses() -> None:
    (line,) = missing([stream for stream in STREAMS if stream is not Products])
    assert line.startswith("stream `products`")
    assert "is not in STREAMS" in line


def test_the_session_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "import completeness\n"
        "completeness.missing = lambda: ['stream `x` has no y', 'nor z']\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "broken", "tests/test_messages.py"]
    result = subprocess.run(
        [*command, "--numprocesses=2", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT / 'tests'}:{ROOT / 'scripts'}"},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "stream `x` has no y\nnor z" in result.stdout + result.stderr
    assert "passed" not in result.stdout
