"""What users build on is as the golden files have it: `--about`, and the catalog."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import golden  # noqa: E402

ADVICE = """\
`make docs` writes tests/golden anew. A setting, stream or field that goes, or a type
that narrows, belongs in CHANGELOG.md.
"""


@pytest.mark.parametrize("name", ["about.yml", "catalog.yml"])
def test_the_golden_files_are_current(name: str) -> None:
    kept = (golden.FOLDER / name).read_text(encoding="utf-8").splitlines()
    now = golden.texts()[name].splitlines()
    changes = "\n".join(difflib.unified_diff(kept, now, name, "now", lineterm="", n=1))
    assert not changes, f"{ADVICE}\n{changes[:5000]}"
