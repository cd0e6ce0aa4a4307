"""Airbyte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.harness import outputs
from benchmarks.harness.contenders.base import Contender
from benchmarks.harness.environments import Environment
from benchmarks.harness.model import API_KEY, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.harness.model import Job
    from benchmarks.harness.outputs import Record

_ENVIRONMENT = Environment("bench-airbyte")


class Airbyte(Contender):
    """A declarative source, which is what Airbyte's own connector is."""

    name = "airbyte"
    title = "Airbyte declarative source"
    what = (
        "`read` of a manifest for the CDK's declarative sources, messages to standard "
        "output. Types are not looked at, fields that are null are left out. It reads "
        "the pages of one stream one after the other, whatever its concurrency."
    )
    packages = ("airbyte-cdk",)
    keeps_nulls = False

    def command(self, job: Job, folder: Path) -> list[str]:
        """Run the manifest with a catalog of one stream."""
        config, catalog = folder / "config.json", folder / "catalog.json"
        config.write_text(json.dumps(_settings(job)))
        catalog.write_text(json.dumps(_catalog(job.stream)))
        return [
            *(_ENVIRONMENT.program("source-declarative-manifest"), "read"),
            *("--config", str(config), "--catalog", str(catalog)),
            *("--manifest-path", str(PROGRAMS / "airbyte_manifest.yaml")),
        ]

    def records(self, output: Path, stream: str) -> Iterator[Record]:
        """Find the records in Airbyte's messages."""
        return outputs.airbyte_records(output, stream)

    def prepare(self) -> None:
        """Make its environment."""
        _ENVIRONMENT.prepare()

    def version(self, package: str) -> str:
        """Ask its environment."""
        return _ENVIRONMENT.version(package)


def _settings(job: Job) -> dict[str, Any]:
    settings = {"base_url": job.base_url, "api_key": API_KEY}
    if job.concurrency is None:
        return settings
    return {**settings, "num_workers": job.concurrency}


def _catalog(stream: str) -> dict[str, Any]:
    described = {
        "name": stream,
        "json_schema": {},
        "supported_sync_modes": ["full_refresh"],
    }
    configured = {
        "stream": described,
        "sync_mode": "full_refresh",
        "destination_sync_mode": "append",
    }
    return {"streams": [configured]}
