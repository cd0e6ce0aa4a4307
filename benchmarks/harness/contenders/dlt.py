"""dlt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import outputs
from benchmarks.harness.contenders.base import Contender
from benchmarks.harness.environments import Environment
from benchmarks.harness.model import API_KEY, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.harness.model import Job
    from benchmarks.harness.outputs import Record

_ENVIRONMENT = Environment("bench-dlt")
_PIPELINES = "pipelines"


class Dlt(Contender):
    """dlt's generic source of REST APIs."""

    name = "dlt"
    title = "dlt rest_api source"
    what = (
        "`pipeline.extract` of a `rest_api` source, parallelised where dlt can, into "
        "an uncompressed load package on disk. Types are not looked at: dlt does "
        "that in its next step, normalize, which is not measured."
    )
    packages = ("dlt",)

    def command(self, job: Job, folder: Path) -> list[str]:
        """Run the pipeline; its workers are as many as requests may be in flight."""
        workers = ["--concurrency", str(job.concurrency)] if job.concurrency else []
        return [
            *(_ENVIRONMENT.program("python"), str(PROGRAMS / "dlt_rest_api.py")),
            *(job.base_url, API_KEY, job.stream, str(folder / _PIPELINES), *workers),
        ]

    def records(self, output: Path, stream: str) -> Iterator[Record]:
        """Find the records in the load package beside the output."""
        return outputs.dlt_records(output.with_name(_PIPELINES), stream)

    def prepare(self) -> None:
        """Make its environment."""
        _ENVIRONMENT.prepare()

    def version(self, package: str) -> str:
        """Ask its environment."""
        return _ENVIRONMENT.version(package)
