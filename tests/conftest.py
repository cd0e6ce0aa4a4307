"""Shared fixtures: a sandbox for each test, and a tap that reads it."""

from __future__ import annotations

import contextlib
import json
import logging
import time
import typing as t
from collections import defaultdict
from dataclasses import dataclass

import completeness
import hypothesis
import pytest

from clientsuccess_sandbox import Sandbox
from tap_clientsuccess.http import client
from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


# The same examples on every run, without a deadline.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("steady")

LIMIT_SECONDS = 120.0
"""Only a failing test waits this long."""


V1 = {
    str(vars(stream)["name"]) for stream in STREAMS if issubclass(stream, ReferenceList)
}
"""The streams that API v1 lists."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Say what streams lack, and end: hundreds of tests would fail."""
    if not hasattr(session.config, "workerinput") and (lines := completeness.missing()):
        pytest.exit("\n".join(["", *lines]), returncode=1)


def wait_until(reached: Callable[[], bool]) -> None:
    """Wait for something that a test started in another thread or process."""
    give_up = time.monotonic() + LIMIT_SECONDS
    while not reached():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def isolated_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep settings in the environment or a `.env` from changing a test."""
    for name in TapClientSuccess.config_jsonschema["properties"]:
        monkeypatch.delenv(f"TAP_CLIENTSUCCESS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry as usual, but sooner."""
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(client, "LONGEST_WAIT_SECONDS", 0.01)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clients=30) as running:
        yield running


class Output:
    """The messages that a tap wrote, by type and stream."""

    def __init__(self, text: str) -> None:
        self.messages = [json.loads(line) for line in text.splitlines()]
        self.records: dict[str, list[dict[str, t.Any]]] = defaultdict(list)
        self.schemas: dict[str, dict[str, t.Any]] = {}
        self.states: list[dict[str, t.Any]] = []
        self.batches: dict[str, list[str]] = defaultdict(list)
        for message in self.messages:
            match message["type"]:
                case "RECORD":
                    self.records[message["stream"]].append(message["record"])
                case "SCHEMA":
                    self.schemas[message["stream"]] = message["schema"]
                case "STATE":
                    self.states.append(message["value"])
                case "BATCH":
                    self.batches[message["stream"]] += message["manifest"]

    @property
    def state(self) -> dict[str, t.Any]:
        return self.states[-1]

    def bookmark(self, stream: str) -> str | None:
        bookmark: str | None = self.state["bookmarks"][stream].get(
            "replication_key_value"
        )
        return bookmark

    def ids(self, stream: str) -> list[int]:
        return sorted({record["id"] for record in self.records[stream]})


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, t.Any]:
    return {
        "api_key": sandbox.api_key,
        "base_url": sandbox.base_url,
        # Most tests count requests; those of custom fields turn this on.
        "discover_custom_fields": False,
    }


Sync = t.Callable[..., Output]


@pytest.fixture
def sync(config: dict[str, t.Any], capsys: pytest.CaptureFixture[str]) -> Sync:
    """Run the tap in this process; keyword arguments are settings."""

    def run(
        *,
        state: dict[str, t.Any] | None = None,
        catalog: dict[str, t.Any] | None = None,
        streams: list[str] | None = None,
        **settings: t.Any,
    ) -> Output:
        if streams is not None:
            known = settings.keys() & {"custom_streams", "read_details"}
            asked = config | {name: settings[name] for name in known}
            catalog = TapClientSuccess(config=asked).catalog_dict
            select(catalog, streams)
        tap = TapClientSuccess(config=config | settings, state=state, catalog=catalog)
        capsys.readouterr()
        tap.run()
        return Output(capsys.readouterr().out)

    return run


def select(catalog: dict[str, t.Any], streams: list[str]) -> dict[str, t.Any]:
    """Select only these streams of a catalog."""
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    exit_code: int
    stdout: str
    stderr: str


CommandLine = t.Callable[..., CommandResult]


@pytest.fixture
def bare_cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run the command line in this process."""

    def run(*args: str) -> CommandResult:
        capsys.readouterr()
        with restored_logging(), pytest.raises(SystemExit) as ended:
            TapClientSuccess.cli.main(list(args))
        code = ended.value.code
        return CommandResult(code if isinstance(code, int) else 0, *capsys.readouterr())

    return run


@pytest.fixture
def cli(bare_cli: CommandLine, config: dict[str, t.Any], tmp_path: Path) -> CommandLine:
    """Run the command line with a configuration; keyword arguments are settings."""

    def run(*args: str, **settings: t.Any) -> CommandResult:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config | settings))
        return bare_cli("--config", str(path), *args)

    return run


@contextlib.contextmanager
def restored_logging() -> Iterator[None]:
    """Undo what the command line does to the loggers."""
    root, own = logging.getLogger(), logging.getLogger("tap-clientsuccess")
    handlers, levels = list(root.handlers), (root.level, own.level)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for logger, level in zip((root, own), levels, strict=True):
            logger.setLevel(level)
        logging.captureWarnings(capture=False)
