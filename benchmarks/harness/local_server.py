"""Starts the server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.harness.model import API_KEY, PAGE_SIZE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def serving(records: int, latency_ms: int = 0) -> Iterator[str]:
    """Run the server in a process of its own.

    Args:
        records: How many clients it has.
        latency_ms: Milliseconds before each answer.

    Yields:
        Its base URL.
    """
    with subprocess.Popen(  # noqa: S603 - a module of this benchmark
        [
            *(sys.executable, "-m", "benchmarks.server"),
            *("--records", str(records)),
            *("--latency-ms", str(latency_ms)),
            *("--max-size", str(PAGE_SIZE)),
            *("--api-key", API_KEY),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout  # noqa: S101 - it is a pipe
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/api"
