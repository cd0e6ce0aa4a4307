"""Who takes part: how each is started, and where its records are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.scenarios import Scenario
from clientsuccess_sandbox.clock import to_iso
from tap_clientsuccess.tap import TapClientSuccess

Command = Callable[[str, Scenario, Path], list[str]]
"""Writes the files that a program needs into a folder, and returns how to start it."""
Records = Callable[[Path, str], Iterator[dict[str, Any]]]
"""Reads the records of a stream that a program wrote."""

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(__file__).parent / "programs"
VERSIONS = """
import sys
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in sys.argv[1:]))
"""
STDOUT = "stdout.txt"
KEY = "benchmark"


def program(environment: str, name: str = "python") -> str:
    """Return the path of a program in one of the virtual environments."""
    return str(ROOT / environment / "bin" / name)


@cache
def discover() -> str:
    """Return the catalog of this tap with all streams, as JSON; sends no request."""
    config = {"api_key": KEY, "read_details": True, "discover_custom_fields": False}
    return json.dumps(TapClientSuccess(config=config).catalog_dict)


def lines(path: Path) -> Iterator[Any]:
    """Read a file that has JSON on each line."""
    with path.open("rb") as file:
        yield from map(json.loads, file)


def singer_records(folder: Path, stream: str) -> Iterator[dict[str, Any]]:
    """Read the records in Singer messages."""
    for message in lines(folder / STDOUT):
        if message["type"] == "RECORD" and message["stream"] == stream:
            yield message["record"]


def airbyte_records(folder: Path, stream: str) -> Iterator[dict[str, Any]]:
    """Read the records in Airbyte's messages."""
    for message in lines(folder / STDOUT):
        if message["type"] == "RECORD" and message["record"]["stream"] == stream:
            yield message["record"]["data"]


def dlt_records(folder: Path, stream: str) -> Iterator[dict[str, Any]]:
    """Read the records in dlt's load packages, of which a line has many."""
    for path in folder.glob(f"**/new_jobs/{stream}.*.typed-jsonl"):
        yield from chain.from_iterable(lines(path))


@dataclass(frozen=True)
class Contender:
    """A program that reads the API and writes records.

    Attributes:
        name: Its name in the results.
        title: Its name in the report.
        what: What it does.
        packages: What it is made of.
        environment: The virtual environment that it runs in.
        command: How it is started.
        records: How its records are read.
        keeps_nulls: Whether it writes fields that are null.
    """

    name: str
    title: str
    what: str
    packages: tuple[str, ...]
    environment: str
    command: Command
    records: Records = singer_records
    keeps_nulls: bool = True

    def describe(self) -> dict[str, str]:
        """Return what the report says about it."""
        command = [program(self.environment), "-c", VERSIONS, *self.packages]
        versions = subprocess.check_output(command, text=True).strip()
        named = {"name": self.name, "title": self.title, "what": self.what}
        return named | {"versions": versions}


def _tap(tap: Sequence[str], url: str, scenario: Scenario, folder: Path) -> list[str]:
    config: dict[str, Any] = {"base_url": url, "api_key": KEY}
    # No other contender reads them, and a nightly run has them in its catalog.
    # A night of the plain SDK tap reads what changed, and nothing else.
    never = {"full_read_interval_days": {"*": None}}
    config |= {"discover_custom_fields": False, **never, **scenario.config}
    if scenario.concurrency:
        config["concurrency"] = scenario.concurrency
    files = {"config": config, "catalog": _catalog(scenario)}
    if scenario.changes is not None:
        files["state"] = _state(scenario)
    return [*tap, *_options(folder, files)]


def _dlt(url: str, scenario: Scenario, folder: Path) -> list[str]:
    return [
        *(program(".venv-bench-dlt"), str(PROGRAMS / "dlt_rest_api.py")),
        *(url, KEY, scenario.stream, str(folder), str(scenario.concurrency or 5)),
    ]


def _airbyte(url: str, scenario: Scenario, folder: Path) -> list[str]:
    stream = {
        "name": scenario.stream,
        "json_schema": {},
        "supported_sync_modes": ["full_refresh"],
    }
    modes = {"sync_mode": "full_refresh", "destination_sync_mode": "append"}
    workers = scenario.concurrency or 10
    files: dict[str, Any] = {
        "config": {"base_url": url, "api_key": KEY, "num_workers": workers},
        "catalog": {"streams": [{"stream": stream, **modes}]},
    }
    return [
        *(program(".venv-bench-airbyte", "source-declarative-manifest"), "read"),
        *_options(folder, files),
        *("--manifest-path", str(PROGRAMS / "airbyte_manifest.yaml")),
    ]


def _bare_loop(url: str, scenario: Scenario, _: Path) -> list[str]:
    script = str(PROGRAMS / "bare_loop.py")
    return [program(".venv-bench"), script, url, KEY, scenario.stream]


CONTENDERS = (
    Contender(
        name="ours",
        title="tap-clientsuccess",
        what="This tap, one stream selected. It validates every record against its "
        "schema, and loses none to edits during the read.",
        packages=("singer-tap-clientsuccess", "singer-sdk"),
        environment=".venv",
        command=partial(_tap, [program(".venv", "tap-clientsuccess")]),
    ),
    Contender(
        name="plain",
        title="plain singer-sdk tap",
        what="A tap of the same stream with the same schema, as the SDK's "
        "documentation shows it. Its paginator decodes each page a second time to see "
        "whether it is the last.",
        packages=("singer-sdk",),
        environment=".venv",
        command=partial(_tap, [program(".venv"), str(PROGRAMS / "plain_sdk_tap.py")]),
    ),
    Contender(
        name="dlt",
        title="dlt rest_api source",
        what="`pipeline.extract` of a `rest_api` source, parallelized where dlt can, "
        "into an uncompressed load package on disk. It does not look at types: dlt "
        "does that in its next step, normalize, which is not measured.",
        packages=("dlt",),
        environment=".venv-bench-dlt",
        command=_dlt,
        records=dlt_records,
    ),
    Contender(
        name="airbyte",
        title="Airbyte declarative source",
        what="`read` of a manifest for the CDK's declarative sources. It does not look "
        "at types, leaves out fields that are null, and reads the pages of a stream "
        "one after the other, whatever its concurrency.",
        packages=("airbyte-cdk",),
        environment=".venv-bench-airbyte",
        command=_airbyte,
        records=airbyte_records,
        keeps_nulls=False,
    ),
    Contender(
        name="bare",
        title="bare requests loop",
        what="Not a connector: `requests` and `orjson`, one request after the other, "
        "each record written as a RECORD line. No schema, no state, no retries.",
        packages=("requests", "orjson"),
        environment=".venv-bench",
        command=_bare_loop,
    ),
)


def _options(folder: Path, files: dict[str, dict[str, Any]]) -> list[str]:
    options = []
    for name, content in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content))
        options += [f"--{name}", str(path)]
    return options


def _catalog(scenario: Scenario) -> dict[str, Any]:
    catalog: dict[str, Any] = json.loads(discover())
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["stream"] == scenario.stream
            elif item["breadcrumb"] == ["properties", scenario.deselected]:
                item["metadata"]["selected"] = False
    return catalog


def _state(scenario: Scenario) -> dict[str, Any]:
    bookmark = data.times(scenario)[-(scenario.changes or 0) - 1]
    state = {
        "replication_key": "modifiedTime",
        "replication_key_value": to_iso(bookmark),
    }
    return {"bookmarks": {scenario.stream: state}}
