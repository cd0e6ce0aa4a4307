"""Progress and summaries: log lines, their fields, and the live line on a terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pty
import subprocess
import sys
import typing as t

import pytest

from clientsuccess_sandbox import Sandbox, Status
from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.http.client import RequestCounts
from tap_clientsuccess.singer.progress import INTERVAL_SECONDS, Progress, StreamProgress

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import Sync


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def summary(caplog: pytest.LogCaptureFixture, stream: str) -> dict[str, t.Any]:
    (found,) = [
        record.__dict__["progress"]
        for record in caplog.records
        if record.__dict__.get("progress", {}).get("status")
        and record.__dict__["progress"]["stream"] == stream
    ]
    assert isinstance(found, dict)
    return found


def test_a_line_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = Clock()
    progress = Progress(clock)
    counts = RequestCounts()
    stream = StreamProgress("clients", total=1000, requests=counts)
    with progress.of(stream):
        stream.records = 250
        counts.add(requests=7, retries=2, rate_limited=1)
        for clock.now in (1.0, INTERVAL_SECONDS - 0.1, INTERVAL_SECONDS, 11.0, 19.9):
            progress.tick()
        stream.records, stream.total = 500, None
        clock.now = 20.0
        progress.tick()
        stream.status = "complete"
    progress.tick()
    assert caplog.messages == [
        (
            "clients: 250 of 1,000 records (25%), 25/s, about 30 s left; requests: 7, "
            "retries: 2, waits for the rate limit: 1"
        ),
        (
            "clients: 500 records, 25/s; requests: 7, retries: 2, "
            "waits for the rate limit: 1"
        ),
        (
            "clients: complete: 500 records (500 new) in 20.0 s; requests: 7, "
            "retries: 2, waits for the rate limit: 1"
        ),
    ]


def test_a_summary_of_each_stream(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sandbox.faults.add(Status("/client/search", 429, times=1))
    first = sync(streams=["clients", "tasks"])
    clients = summary(caplog, "clients")
    assert clients["records"] == clients["new"] == clients["total"] == 30
    assert (clients["requests"], clients["retries"]) == (2, 1)
    assert clients["rate_limited"] == 1
    assert clients["bookmark_before"] is None
    assert clients["bookmark"] == first.bookmark("clients")
    assert clients["status"] == summary(caplog, "tasks")["status"] == "complete"
    caplog.clear()
    sandbox.store.edit("clients", 3, name="New")
    sync(streams=["clients"], state=first.state, lookback_seconds=86_400 * 30)
    again = summary(caplog, "clients")
    assert again["new"] == 1 < again["records"]
    assert again["bookmark_before"] == first.bookmark("clients")


def test_the_metric_of_requests(
    sync: Sync,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line for each stream, at its end, however it is sent and ends."""
    caplog.set_level("INFO")
    encoding = {"format": "jsonl", "compression": "gzip"}
    batches = {"encoding": encoding, "storage": {"root": tmp_path.as_uri()}}
    monkeypatch.setattr("singer_sdk.metrics.time", iter(range(0, 10**6, 61)).__next__)
    flat = {"flattening_enabled": True, "flattening_max_depth": 1}
    for settings in ({}, flat, {"batch_config": batches}):
        sandbox.faults.add(Status("/client/search", 500, times=1))
        sync(streams=["clients"], **settings)
    sandbox.faults.add(Status("/client/search", 401))
    with pytest.raises(ApiError):
        sync(streams=["clients"])
    tags = {"endpoint": "/client/search", "stream": "clients", "pid": os.getpid()}
    metrics = [json.loads(m[8:]) for m in caplog.messages if m.startswith("METRIC: ")]
    assert [m for m in metrics if m["metric"] == "http_request_count"] == [
        {"type": "counter", "metric": "http_request_count", "value": n, "tags": tags}
        for n in (2, 2, 2, 1)
    ]


def test_what_the_next_sync_does_after_an_error(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    state = sync(streams=["clients"]).state
    for stream, words in (("clients", "resumes there"), ("tasks", "starts over")):
        caplog.clear()
        sandbox.faults.add(Status("*", 500))
        with pytest.raises(ApiError):
            sync(streams=[stream], state=state, max_retries=0)
        assert summary(caplog, stream)["status"] == "interrupted"
        assert f"; the next sync {words}" in caplog.text


def test_skipped_streams(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sandbox.key_opens_v1 = False
    sync(streams=["employees"])
    assert summary(caplog, "employees")["status"] == "skipped"


def test_a_terminal_shows_a_live_line_and_a_table(
    sandbox: Sandbox, config: dict[str, t.Any], tmp_path: Path
) -> None:
    sandbox.latency = 0.3
    (tmp_path / "config.json").write_text(json.dumps(config))
    terminal, stderr = pty.openpty()
    messages = tmp_path / "messages.jsonl"
    with (
        messages.open("wb") as stdout,
        subprocess.Popen(
            [sys.executable, "-m", "tap_clientsuccess", "--config", "config.json"],
            stdout=stdout,
            stderr=stderr,
            cwd=tmp_path,
        ) as process,
    ):
        os.close(stderr)
        shown = bytearray()
        with contextlib.suppress(OSError):  # The other end is closed.
            while part := os.read(terminal, 65_536):
                shown += part
    os.close(terminal)
    assert process.returncode == 0
    text = shown.decode()
    assert "clients:" in text
    assert "requests: 1" in text
    (header,) = [line for line in text.splitlines() if line.startswith("stream  ")]
    assert header.split()[:4] == ["stream", "records", "new", "requests"]
    assert any(line.startswith("clients ") for line in text.splitlines())
    types = {json.loads(line)["type"] for line in messages.read_text().splitlines()}
    assert types == {"SCHEMA", "RECORD", "STATE"}


def test_the_progress_bar_is_imported_on_a_terminal_only() -> None:
    program = "import sys, tap_clientsuccess.tap; sys.exit('tqdm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_fields_are_in_structured_logs() -> None:
    from singer_sdk.logging import StructuredFormatter  # noqa: PLC0415

    stream = StreamProgress("clients", records=3)
    record = logging.makeLogRecord({"msg": "x", "progress": stream.fields})
    line = json.loads(StructuredFormatter().format(record))
    assert line["extra"]["progress"]["records"] == 3
