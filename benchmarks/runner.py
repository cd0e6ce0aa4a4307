"""Runs the contenders, measures them, and verifies what they wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.contenders import STDOUT, Contender, discover
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.server import Server
from benchmarks.summary import Run
from benchmarks.verify import FailedRunError, verify

_LAUNCHER = Path(__file__).with_name("launcher.py")
_SHOWN_CHARACTERS = 2000


def measure(
    contenders: Sequence[Contender], wanted: Sequence[Scenario], rounds: int
) -> Iterator[Run]:
    """Run all contenders in turn, round after round.

    Yields:
        Each run, as soon as it is verified.

    Raises:
        FailedRunError: A contender failed, or wrote other records than it should.
    """
    for contender in contenders:
        # So that its files are compiled and in the page cache.
        _run(contender, scenarios()["start"], 0)
    for number in range(1, rounds + 1):
        for scenario in wanted:
            for contender in contenders:
                if contender.name in scenario.contenders:
                    yield _run(contender, scenario, number)


def _run(contender: Contender, scenario: Scenario, number: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        try:
            with Server(scenario) as server:
                command = contender.command(server.url, scenario, folder)
                figures = _launch(command, folder)
            records = contender.records(folder, scenario.stream)
            verify(records, scenario, contender)
        except FailedRunError as error:
            text = f"{contender.title}, {scenario.name}: {error}"
            raise FailedRunError(text) from None
    run = Run(
        number, scenario.name, contender.name, requests=server.requests, **figures
    )
    print(*run, file=sys.stderr)
    return run


def _launch(command: Sequence[str], folder: Path) -> dict[str, float]:
    errors = folder / "stderr.txt"
    launched = subprocess.run(
        [sys.executable, "-I", _LAUNCHER, folder / STDOUT, errors, *command],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        check=False,
    )
    if launched.returncode:
        text = errors.read_text(errors="replace")[-_SHOWN_CHARACTERS:]
        raise FailedRunError(f"{' '.join(command)} failed:\n{text}")
    figures: dict[str, float] = json.loads(launched.stdout)
    return figures


def _environment(folder: Path) -> dict[str, str]:
    schemas = folder / "schemas"
    schemas.mkdir()
    for entry in json.loads(discover())["streams"]:
        path = schemas / f"{entry['tap_stream_id']}.json"
        path.write_text(json.dumps(entry["schema"]))
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        # For the plain tap: the schemas of this one.
        "SCHEMAS": str(schemas),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        # dlt writes plain text, as the others do.
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
