"""The sandbox and the tap are two distributions."""

from __future__ import annotations

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
