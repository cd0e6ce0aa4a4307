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
from tap_clientsuccess.singer.progress import StreamProgress
from tap_clientsuccess.singer.reporter import INTERVAL_SECONDS, Reporter

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


def run_line(caplog: pytest.LogCaptureFixture) -> str:
    """The one line about the whole run, which is the last one."""
    (found,) = [record for record in caplog.records if "run" in record.__dict__]
    assert found is caplog.records[-1]
    return found.getMessage()


def test_a_line_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = Clock()
    reporter = Reporter(clock)
    counts = RequestCounts(requests=7, retries=2, rate_limited=1)
    stream = StreamProgress("clients", total=1000, changed=500, requests=counts)
    with reporter.of(stream):
        stream.records = 250
        for clock.now in (1.0, INTERVAL_SECONDS - 0.1, INTERVAL_SECONDS, 11.0, 19.9):
            reporter.tick()
        stream.records, stream.total = 500, None
        clock.now = 20.0
        reporter.tick()
        stream.status = "complete"
    reporter.tick()
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


def test_a_second_pass_is_announced_and_counted_once(
    sync: Sync,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too many records of one time are read again by number, and sent again."""
    monkeypatch.setattr("tap_clientsuccess.paging.groups.DEPTH", 40)
    monkeypatch.setattr("tap_clientsuccess.paging.versions._FEW", 5)
    caplog.set_level("INFO")
    ids = sandbox.store.ids("contacts")
    for number in ids[-60:]:
        time = "2999-01-01T00:00:00.000Z"
        sandbox.store.edit("contacts", number, modifiedTime=time)
    output = sync(streams=["contacts"], page_size=10, start_date="1999-01-01T00:00:00Z")
    assert output.ids("contacts") == ids
    found = summary(caplog, "contacts")
    messages = len(output.records["contacts"])
    assert found["distinct_records"] == found["new"] == found["total"] == len(ids)
    assert found["records"] == messages > len(ids)
    again = f"{len(ids)} records ({len(ids)} new, {messages - len(ids)} sent again)"
    assert f"contacts: complete: {again} in " in caplog.text
    (begins,) = [m for m in caplog.messages if "second pass" in m]
    assert begins == (
        "contacts: second pass, by page number: too many records have the same time"
    )
    assert caplog.messages.index(begins) < len(caplog.messages) - 4
    assert run_line(caplog).startswith(f"run complete: 1 stream, {again} in ")


def test_a_later_pass_has_a_place_of_its_own() -> None:
    stream = StreamProgress("notes", total=100, part="full read", changed=100)
    stream.records, stream.sent, stream.seconds = 100, 80, 10.0
    assert stream.describe().startswith("full read: 80 of 100 records (80%), 10/s")
    stream.begin_pass(2, 200)
    stream.read, stream.records, stream.sent = 50, 150, 90
    assert stream.describe().startswith(
        "full read, second pass: 50 of 200 records (25%), 15/s, about 10 s left"
    )
    stream.status = "complete"
    assert stream.summarize().startswith(
        "full read complete: 90 records (90 new, 60 sent again) in 10.0 s"
    )


def test_the_live_line_shows_a_later_pass(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    clock = Clock()
    reporter = Reporter(clock)
    stream = StreamProgress("notes", total=100)
    with reporter.of(stream):
        stream.begin_pass(2, 200)
        stream.read, clock.now = 50, 1.0
        reporter.tick()
        stream.status = "complete"
    shown = capsys.readouterr().err
    assert "50/200" in shown
    assert "second pass, requests: 0" in shown


def test_what_is_new_is_told_only_where_a_bookmark_tells(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    output = sync(streams=["tasks", "client_statuses", "clients", "sync_log"])
    rows = {row["stream"]: row for row in output.records["sync_log"]}
    number = len(sandbox.store.ids("tasks"))
    assert f"tasks: complete: {number} records in " in caplog.text
    assert summary(caplog, "tasks")["new"] is rows["tasks"]["new_records"] is None
    assert rows["client_statuses"]["new_records"] is None
    assert rows["clients"]["new_records"] == 30


def test_the_last_line_is_about_the_run(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sandbox.faults.add(Status("/client/search", 500, times=2))
    output = sync(streams=["clients", "tasks"])
    number = sum(map(len, output.records.values()))
    assert run_line(caplog).startswith(
        f"run complete: 2 streams, {number} records (30 new) in "
    )
    sent = len(sandbox.requests)
    assert run_line(caplog).endswith(f" s; requests: {sent}, retries: 2; warnings: 2")
    fields = caplog.records[-1].__dict__["run"]
    assert fields.pop("seconds") >= 0
    assert fields == {
        "streams": 2,
        "records": number,
        "distinct_records": number,
        "new": 30,
        "requests": sent,
        "retries": 2,
        "rate_limited": 0,
        "warnings": 2,
        "status": "complete",
    }
    caplog.clear()
    sync(streams=["tasks"])
    assert run_line(caplog).endswith("; warnings: 0")


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
        assert summary(caplog, stream)["status"] == "failed"
        assert f"{stream}: failed: 0 records" in caplog.text
        assert run_line(caplog).startswith("run failed: 1 stream, 0 records")
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
    total, last = text.splitlines()[-2:]
    assert total.startswith("total ")
    assert total.endswith(" complete")
    assert "run complete: 12 streams, " in last
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
