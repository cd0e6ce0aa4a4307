"""The bare loop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.harness.contenders.base import Contender
from benchmarks.harness.model import API_KEY, PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness.model import Job


class BareLoop(Contender):
    """The physical limit of reading one page after the other."""

    name = "bare"
    title = "bare requests loop"
    what = (
        "No connector: `requests` and the standard library's JSON, one request after "
        "the other, each record written as a line. No schema, no state, no retries."
    )
    packages = ("requests",)
    peer = False

    def command(self, job: Job, folder: Path) -> list[str]:  # noqa: ARG002
        """Run the script."""
        script = str(PROGRAMS / "bare_loop.py")
        return [sys.executable, script, job.base_url, API_KEY, job.stream]
