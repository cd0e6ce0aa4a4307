"""Where the project is, and how its scripts run commands: others' and the tap."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.data.custom_fields import RESOURCES
from clientsuccess_sandbox.store import Store

ROOT = Path(__file__).parent.parent

Row = dict[str, t.Any]
"""A record that the tap sent, or a row that a target has."""


class SkippedError(Exception):
    """Something cannot be run here, or failed; the message says why."""


def run(*command: t.Any, **options: t.Any) -> str:
    """Run a command; return what it prints.

    Raises:
        SkippedError: It failed; the message has its last line.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SkippedError(f"{Path(command[0]).name} failed: {' '.join(last)[:100]}")
    return str(done.stdout)


@dataclass(frozen=True)
class Messages:
    """The messages that the tap wrote into a file."""

    path: Path

    def of_type(self, kind: str) -> Iterator[dict[str, t.Any]]:
        """Yield the messages of a type; numbers with a fraction are `Decimal`."""
        head = f'{{"type":"{kind}",'.encode()
        with self.path.open("rb") as lines:
            for line in lines:
                if line.startswith(head):
                    yield json.loads(line, parse_float=Decimal)

    @cached_property
    def records(self) -> dict[str, list[Row]]:
        """The records by stream, as they were sent."""
        found: dict[str, list[Row]] = {}
        for message in self.of_type("RECORD"):
            found.setdefault(message["stream"], []).append(message["record"])
        return found

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """The names of the primary key's fields, by stream."""
        schemas = self.of_type("SCHEMA")
        return {each["stream"]: each["key_properties"] for each in schemas}

    @cached_property
    def state(self) -> t.Any:
        """The last state."""
        *_, last = self.of_type("STATE")
        return last["value"]


def tap_command(
    folder: Path, sandbox: Sandbox, state: t.Any = None, **settings: t.Any
) -> list[str]:
    """Write the tap's files into a folder; return the command that reads them."""
    account = {"base_url": sandbox.base_url, "api_key": sandbox.api_key}
    command = [str(Path(sys.executable).with_name("tap-clientsuccess"))]
    for kind, content in {"config": account | settings, "state": state or {}}.items():
        path = folder / f"tap-{kind}.json"
        path.write_text(json.dumps(content))
        command += [f"--{kind}", str(path)]
    return command


def run_tap(
    path: Path, sandbox: Sandbox, state: t.Any = None, **settings: t.Any
) -> Messages:
    """Run the tap; its messages go into a file, its log beside it."""
    command = tap_command(path.parent, sandbox, state, **settings)
    with path.open("wb") as output, path.with_suffix(".log").open("wb") as log:
        subprocess.run(command, stdout=output, stderr=log, check=True)
    return Messages(path)


def read_twice(
    sandbox: Sandbox, change: Callable[[Store], object], folder: Path, **settings: t.Any
) -> list[Messages]:
    """Run the tap before and after a change; its files go into a new folder."""
    place = Path(tempfile.mkdtemp(dir=folder))
    first = run_tap(place / "1.jsonl", sandbox, **settings)
    change(sandbox.store)
    time.sleep(1)  # The version of a table is a second.
    return [first, run_tap(place / "2.jsonl", sandbox, first.state, **settings)]


def records_in(sandbox: Sandbox) -> dict[str, list[Row]]:
    """Return what the sandbox holds now, by the stream that reads it by default."""
    store, resources = sandbox.store, set(RESOURCES) - {*sandbox.missing_custom_fields}
    fields = [
        {"resourceType": resource, **definition}
        for resource in resources
        for definition in store.definitions(resource)
    ]
    return {kind: store.records(kind) for kind in KINDS} | {"custom_fields": fields}
