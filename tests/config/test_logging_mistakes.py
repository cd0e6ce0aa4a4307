"""Invalid logging variables cause a one-line error."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOGLEVEL", "NOPE"),
        ("TAP_CLIENTSUCCESS_LOGLEVEL", "10"),
        ("SINGER_SDK_LOG_CONFIG", "/"),
    ],
)
def test_an_invalid_logging_setting(name: str, value: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tap_clientsuccess", "--about"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, name: value},
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "Invalid logging configuration" in line
    assert name in line
