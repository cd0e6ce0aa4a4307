"""Two trials of `make deletes`: kills at an activation, and two states for a table."""

from __future__ import annotations

import json
import signal
import time
import typing as t

import postgres
from pipeline import Feed, Pipeline, WrongError, account, expect

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
        loaded = _loaded(sandbox, place)
        for moment, how in MOMENTS:
            client = sandbox.store.ids("clients")[0]
            sandbox.store.delete("clients", client)
            messages = loaded.messages()
            first = _activation(messages)
            if moment == "at":
                postgres.query(SLOW_DELETE, place.name)
            with Feed(loaded) as feed:
                feed.send(messages[: first + (moment != "before")])
                if moment == "after":
                    feed.wait_until_gone(str(client))
                else:
                    feed.wait_until_idle()
                feed.kill(how)
            has_row = str(client) in loaded.rows()["clients"]
            if moment == "at":
                postgres.query(NO_SLOW_DELETE, place.name)
            expect(has_row is (moment != "after"), f"{moment} {how.name}: {has_row=}")
            when = f"{how.name} {moment} the activation"
            loaded.expect_rows(when, exactly=False)
            loaded.run()
            loaded.expect_rows(f"the run after {when}")
            print(f"  {when}, then one more run: equal")


def states(place: Path) -> None:
    """Load one table from two states, against the rules."""
    with _sandbox() as sandbox:
        loaded = _loaded(sandbox, place)
        older = loaded.messages()
        sandbox.store.delete("clients", 1)
        time.sleep(1.1)  # A version is a second.
        newer = loaded.messages()
        for messages in (newer, older):
            with Feed(loaded) as feed:
                feed.send(messages)
        loaded.expect_rows("an older version that ended later", exactly=False)
        back = "1" in loaded.rows()["clients"]
        print(f"  an older version ends later: no living row dropped ({back=})")
        loaded.run()
        loaded.expect_rows("the next run")

        time.sleep(1.1)
        older = loaded.messages()
        time.sleep(1.1)
        newer = loaded.messages()
        first = _activation(newer)
        with Feed(loaded) as feed:
            feed.send(newer[:first])
            feed.wait_until_idle()
            with Feed(loaded) as other:
                other.send(older[: _activation(older)])
            feed.send(newer[first:])
        living = account(sandbox)["clients"].keys()
        dropped = len(living - loaded.rows()["clients"].keys())
        print(f"  older records before a newer activation: {dropped} rows dropped")
        expect(dropped > 0, "none was dropped, other than documented")
        loaded.run()
        loaded.expect_rows("the next full read")
        print("  the next full read: equal")


def _sandbox() -> Sandbox:
    return Sandbox(seed=3, clients=12, delete_owned=True)


def _loaded(sandbox: Sandbox, place: Path) -> Pipeline:
    """Return a pipeline that reads all each time, after its first run."""
    each_run = {"full_read_interval_days": {"*": 0}}
    # In small batches, rows arrive long before the activation.
    loaded = Pipeline(sandbox, place, each_run, {"batch_size_rows": 5})
    loaded.run()
    return loaded


def _activation(messages: list[bytes]) -> int:
    """Return where the version of the clients is activated."""
    for place, message in enumerate(map(json.loads, messages)):
        if message["type"] == "ACTIVATE_VERSION" and message["stream"] == "clients":
            return place
    raise WrongError("clients was not activated")
