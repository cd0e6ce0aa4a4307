"""Part of `make deletes`: kills at an activation, and two states for a table."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from pipeline import TARGET, Pipeline, account
from target import SECONDS_TO_END

from clientsuccess_sandbox import Sandbox

SLOW_DELETE = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_sleep(60); RETURN OLD; END';
CREATE TRIGGER slow BEFORE DELETE ON clients FOR EACH ROW EXECUTE FUNCTION slow();
"""
NO_SLOW_DELETE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep';
DROP TRIGGER slow ON clients;
DROP FUNCTION slow;
"""
MOMENTS = [
    ("before", signal.SIGKILL),
    ("before", signal.SIGTERM),
    ("at", signal.SIGKILL),
    ("after", signal.SIGKILL),
    ("after", signal.SIGTERM),
]


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline that reads all each time, after its first run."""
    print(f"\n{TARGET.title} {TARGET.install()}, hard_delete")
    each_run = {"full_read_interval_days": {"*": 0}}
    with Sandbox(seed=3, clients=12, delete_owned=True) as sandbox:
        # In small batches, rows arrive long before the activation.
        pipeline = Pipeline(sandbox, tmp_path, each_run, batch_size_rows=5)
        pipeline.run()
        yield pipeline


@pytest.mark.parametrize(("moment", "how"), MOMENTS)
def test_a_kill_at_an_activation(
    pipeline: Pipeline, moment: str, how: signal.Signals
) -> None:
    """Kill the target before, at or after an activation; then run once more."""
    pipeline.sandbox.store.delete("clients", 1)
    messages = pipeline.messages()
    first = _activation(messages)
    if moment == "at":
        postgres.query(SLOW_DELETE, pipeline.place.name)
    with pipeline.target() as target:
        target.send(messages[: first + (moment != "before")])
        if moment == "after":
            _wait_until_gone(pipeline, "1")
        else:
            target.wait_until_idle()
        target.kill(how)
    assert ("1" in pipeline.rows()["clients"]) is (moment != "after")
    if moment == "at":
        postgres.query(NO_SLOW_DELETE, pipeline.place.name)
    pipeline.check_rows("after the kill", exactly=False)
    pipeline.run()
    pipeline.check_rows("after one more run")


def test_an_older_version_ends_later(pipeline: Pipeline) -> None:
    """Load one table from two states, against the rules: the older one ends later."""
    older = pipeline.messages()
    pipeline.sandbox.store.delete("clients", 1)
    time.sleep(1.1)  # A version is a second.
    newer = pipeline.messages()
    for messages in (newer, older):
        with pipeline.target() as target:
            target.send(messages)
    pipeline.check_rows("an older version that ended later", exactly=False)
    back = "1" in pipeline.rows()["clients"]
    print(f"  an older version ends later: no living row dropped ({back=})")
    pipeline.run()
    pipeline.check_rows("the next run")


def test_older_records_before_a_newer_activation(pipeline: Pipeline) -> None:
    """Load one table from two states: the older one between the newer one's records."""
    time.sleep(1.1)  # A version is a second.
    older = pipeline.messages()
    time.sleep(1.1)
    newer = pipeline.messages()
    first = _activation(newer)
    with pipeline.target() as target:
        target.send(newer[:first])
        target.wait_until_idle()
        with pipeline.target() as other:
            other.send(older[: _activation(older)])
        target.send(newer[first:])
    living = account(pipeline.sandbox)["clients"].keys()
    dropped = len(living - pipeline.rows()["clients"].keys())
    print(f"  older records before a newer activation: {dropped} rows dropped")
    assert dropped > 0, "none was dropped, other than documented"
    pipeline.run()
    pipeline.check_rows("the next full read")


def _wait_until_gone(pipeline: Pipeline, client: str) -> None:
    """Wait until a client is deleted in the warehouse."""
    give_up = time.monotonic() + SECONDS_TO_END
    while client in pipeline.rows()["clients"]:
        assert time.monotonic() < give_up, "the activation deleted nothing"
        time.sleep(0.2)


def _activation(messages: list[bytes]) -> int:
    """Return where the version of the clients is activated."""
    return next(
        place
        for place, message in enumerate(map(json.loads, messages))
        if message["type"] == "ACTIVATE_VERSION" and message["stream"] == "clients"
    )
