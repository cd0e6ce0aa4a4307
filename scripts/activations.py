"""Trials of `make deletes`: kills at an activation, and two states for a table."""

from __future__ import annotations

import json
import signal
import time
import typing as t

import postgres
from pipeline import Pipeline, RunningTarget, WrongError, account, expect

from clientsuccess_sandbox import Sandbox

if t.TYPE_CHECKING:
    from pathlib import Path

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


def activation(place: Path) -> None:
    """Kill the target before, at and after an activation; then run once more."""
    with _sandbox() as sandbox:
        pipeline = _filled_pipeline(sandbox, place)
        for moment, how in MOMENTS:
            client = sandbox.store.ids("clients")[0]
            sandbox.store.delete("clients", client)
            messages = pipeline.messages()
            first = _activation(messages)
            if moment == "at":
                postgres.query(SLOW_DELETE, place.name)
            with RunningTarget(pipeline) as target:
                target.send(messages[: first + (moment != "before")])
                if moment == "after":
                    target.wait_until_gone(str(client))
                else:
                    target.wait_until_idle()
                target.kill(how)
            has_row = str(client) in pipeline.rows()["clients"]
            if moment == "at":
                postgres.query(NO_SLOW_DELETE, place.name)
            expect(has_row is (moment != "after"), f"{moment} {how.name}: {has_row=}")
            when = f"{how.name} {moment} the activation"
            pipeline.expect_rows(when, exactly=False)
            pipeline.run()
            pipeline.expect_rows(f"the run after {when}")
            print(f"  {when}, then one more run: equal")


def older_version(place: Path) -> None:
    """Load one table from two states, against the rules: the older one ends later."""
    with _sandbox() as sandbox:
        pipeline = _filled_pipeline(sandbox, place)
        older = pipeline.messages()
        sandbox.store.delete("clients", 1)
        time.sleep(1.1)  # A version is a second.
        newer = pipeline.messages()
        for messages in (newer, older):
            with RunningTarget(pipeline) as target:
                target.send(messages)
        pipeline.expect_rows("an older version that ended later", exactly=False)
        back = "1" in pipeline.rows()["clients"]
        print(f"  an older version ends later: no living row dropped ({back=})")
        pipeline.run()
        pipeline.expect_rows("the next run")


def older_records(place: Path) -> None:
    """Load one table from two states: the older one between the newer one's records."""
    with _sandbox() as sandbox:
        pipeline = _filled_pipeline(sandbox, place)
        time.sleep(1.1)  # A version is a second.
        older = pipeline.messages()
        time.sleep(1.1)
        newer = pipeline.messages()
        first = _activation(newer)
        with RunningTarget(pipeline) as target:
            target.send(newer[:first])
            target.wait_until_idle()
            with RunningTarget(pipeline) as other:
                other.send(older[: _activation(older)])
            target.send(newer[first:])
        living = account(sandbox)["clients"].keys()
        dropped = len(living - pipeline.rows()["clients"].keys())
        print(f"  older records before a newer activation: {dropped} rows dropped")
        expect(dropped > 0, "none was dropped, other than documented")
        pipeline.run()
        pipeline.expect_rows("the next full read")
        print("  the next full read: equal")


def _sandbox() -> Sandbox:
    return Sandbox(seed=3, clients=12, delete_owned=True)


def _filled_pipeline(sandbox: Sandbox, place: Path) -> Pipeline:
    """Return a pipeline that reads all each time, after its first run."""
    each_run = {"full_read_interval_days": {"*": 0}}
    # In small batches, rows arrive long before the activation.
    pipeline = Pipeline(sandbox, place, each_run, {"batch_size_rows": 5})
    pipeline.run()
    return pipeline


def _activation(messages: list[bytes]) -> int:
    """Return where the version of the clients is activated."""
    for place, message in enumerate(map(json.loads, messages)):
        if message["type"] == "ACTIVATE_VERSION" and message["stream"] == "clients":
            return place
    raise WrongError("clients was not activated")
