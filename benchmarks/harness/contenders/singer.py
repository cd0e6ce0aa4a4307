"""The Singer taps: this one, and a plain one."""

from __future__ import annotations

import json
import subprocess
import sys
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

from benchmarks.harness.contenders.base import Contender, program
from benchmarks.harness.measuring import FailedRunError
from benchmarks.harness.model import API_KEY, OURS, PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness.model import Job


class _Tap(Contender):
    @cached_property
    @abstractmethod
    def _program(self) -> list[str]:
        """How the tap is started, before its options."""

    def command(self, job: Job, folder: Path) -> list[str]:
        """Run the tap with a catalog in which only the one stream is selected."""
        config, catalog = folder / "config.json", folder / "catalog.json"
        config.write_text(json.dumps(_settings(job)))
        catalog.write_text(json.dumps(self._catalog(config, job.stream)))
        return [*self._program, "--config", str(config), "--catalog", str(catalog)]

    def _catalog(self, config: Path, stream: str) -> dict[str, Any]:
        discover = [*self._program, "--config", str(config), "--discover"]
        discovered = subprocess.run(  # noqa: S603 - a program of this project
            discover, capture_output=True, check=True
        )
        return _selected(json.loads(discovered.stdout), stream)


def _settings(job: Job) -> dict[str, Any]:
    settings = {"base_url": job.base_url, "api_key": API_KEY}
    if job.concurrency is None:
        return settings
    return {**settings, "concurrency": job.concurrency}


def _selected(catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    if stream not in {entry["stream"] for entry in catalog["streams"]}:
        raise FailedRunError(f"there is no stream {stream}")
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["stream"] == stream
    return catalog


class Ours(_Tap):
    """The tap of this project."""

    name = OURS
    title = "tap-clientsuccess"
    what = (
        "This tap as it is installed, one stream selected. Conforms every record to "
        "its schema and guards against records that move while it reads."
    )
    packages = ("tap-clientsuccess", "singer-sdk")

    @cached_property
    def _program(self) -> list[str]:
        return [program("tap-clientsuccess")]


class PlainTap(_Tap):
    """A tap after the documentation of the SDK."""

    name = "plain"
    title = "plain singer-sdk tap"
    what = (
        "A tap of the same stream with the same schema, written as the SDK's "
        "documentation shows it, with nothing changed in the SDK. Its paginator "
        "decodes each page once more to see whether it is the last."
    )
    packages = ("singer-sdk",)

    @cached_property
    def _program(self) -> list[str]:
        return [sys.executable, str(PROGRAMS / "plain_sdk_tap.py")]
