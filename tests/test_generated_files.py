"""What `make docs` writes is current: plugin.yml, `--about` and the catalog."""

from __future__ import annotations

import difflib
from pathlib import Path

import files
import pytest

ADVICE = """\
`make docs` writes it anew. A setting, stream or field that goes, or a type that
narrows, belongs in CHANGELOG.md.
"""


PATHS = ("plugin.yml", "tests/golden/about.yml", "tests/golden/catalog.yml")


@pytest.mark.parametrize("path", PATHS)
def test_the_file_is_current(path: str) -> None:
    kept = (
        (Path(__file__).parent.parent / path).read_text(encoding="utf-8").splitlines()
    )
    now = files.texts()[path].splitlines()
    changes = "\n".join(difflib.unified_diff(kept, now, path, "now", lineterm="", n=1))
    assert not changes, f"{ADVICE}\n{changes[:5000]}"
