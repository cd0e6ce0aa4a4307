"""Prove deletes in a real PostgreSQL: 30 nights with kills, and kills at an activation.

The tap reads a sandbox over HTTP and MeltanoLabs' target-postgres deletes for good
(`hard_delete`). A night is 90 minutes here, and the intervals are as much shorter: the
sandbox's clock is set ahead by that much between two nights, from 23 hours behind this
machine's to 22 hours ahead, as the tap takes a server's clock that differs by more than
a day for wrong.

No row that lives at the source may be dropped, and the tables must be what the
intervals promise. `NIGHTS` and `SEED` are taken from the environment.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
import typing as t
from collections import Counter
from pathlib import Path
from random import Random

from commands import Row
from comparison import unequal
from pipeline import TARGET, Kill, Pipeline, Records, account

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS

NIGHTS = int(os.environ.get("NIGHTS", "30"))
SEED = int(os.environ.get("SEED", "1"))
NIGHT = dt.timedelta(minutes=90)
FIRST_NIGHT = dt.timedelta(hours=-23)
JITTER_SECONDS = 40
"""Ten minutes in a day of 24 hours."""
DAY = NIGHT / dt.timedelta(days=1)
INTERVALS = {"clients": DAY, "contracts": DAY, "*": 7 * DAY}
"""The default ones, for such nights."""
EACH_NIGHT = {"clients", "contracts", "tasks", "employees"}
EACH_NIGHT |= {"client_statuses", "client_segments"}
WEEK = 7
SHARE_KILLED = 0.6
COERCED = {
    "clients": {"segment"},
    "contracts": {"stage", "adjustedBy"},
    "employees": {"lastUsedTime", "createdTime", "modifiedTime"},
}
"""What the tap sends in another form: objects for texts, times for milliseconds."""


def test_nights_with_kills(tmp_path: Path) -> None:
    """Load an account every night, with kills; check after each what is promised."""
    print(f"\n{TARGET.title} {TARGET.install()}, hard_delete")
    random = Random(SEED)  # noqa: S311
    kills: Counter[str] = Counter()
    seconds = 10.0
    with _sandbox_behind(SEED) as sandbox:
        pipeline = Pipeline(sandbox, tmp_path, {"full_read_interval_days": INTERVALS})
        checks = Checks(pipeline)
        for night in range(NIGHTS):
            _live_through_a_day(sandbox, random, night)
            if night % 8 == 5:  # noqa: PLR2004
                _add_column(sandbox, random, night)
                checks.note_added(night, {"contacts"})
            kill = _draw_kill(random, seconds) if night < NIGHTS - 2 else None
            began = time.monotonic()
            is_done = pipeline.run(kill)
            if is_done:
                seconds = time.monotonic() - began
            elif kill:
                kills[f"{kill.signal.name} of the {kill.victim}"] += 1
            gone, stale = checks.check(night, is_done=is_done)
            what = f"{seconds:.0f} s" if is_done else str(kill)
            print(
                f"  night {night + 1}: {what}; {gone} rows deleted, {stale} old values"
            )
    print(f"  {kills.total()} nights killed: {dict(kills)}")
    print(f"  {checks.deleted} rows deleted, {checks.checked} nights checked in full")


def _sandbox_behind(seed: int) -> Sandbox:
    """Return an account whose clock is so far behind as the tap believes."""
    start = dt.datetime.now(dt.UTC) + FIRST_NIGHT - NIGHT
    return Sandbox(
        seed=seed,
        clients=30,
        delete_owned=True,
        now=f"{start:%Y-%m-%dT%H:%M:%SZ}",
        clock_offset=(FIRST_NIGHT - NIGHT).total_seconds(),
    )


def _draw_kill(random: Random, seconds: float) -> Kill | None:
    if random.random() > SHARE_KILLED:
        return None
    victim = random.choice(["tap", "target"])
    how = random.choice([signal.SIGTERM, signal.SIGKILL])
    return Kill(victim, how, random.uniform(0.1, seconds))


def _live_through_a_day(sandbox: Sandbox, random: Random, night: int) -> None:
    """Change the account, half a day before the next night."""
    half = (NIGHT / 2).total_seconds()
    sandbox.clock.offset += half + random.uniform(-JITTER_SECONDS, JITTER_SECONDS)
    store = sandbox.store
    sizes = {kind: store.count(kind) for kind, known in KINDS.items() if known.created}
    for client in store.ids("clients"):
        # As a nightly calculation: no time moves.
        _edit_silently(sandbox, "clients", client, successScore=random.randint(0, 100))
    for pulse in random.sample(store.ids("pulses"), 5):
        store.edit("pulses", pulse, nextSteps=f"edited on day {night}")
    for kind in ("pulses", "clients"):
        for number in random.sample(store.ids(kind), 2):
            store.delete(kind, number)
    for kind, known in KINDS.items():
        # What has no times are a few words, and all of them are there.
        operations = ("edit", "insert") if known.created else ("edit",)
        store.random_edits(kind, 3, operations=operations)
    store.random_edits("tasks", 2, operations=("delete",))
    for kind, size in sizes.items():
        # An account that halves within a week is not one that the tap believes.
        while store.count(kind) < size:
            store.insert(kind)
    sandbox.clock.offset += half


def _add_column(sandbox: Sandbox, random: Random, night: int) -> None:
    """Give all contacts a new custom field; no time moves."""
    store = sandbox.store
    key = f"added_{night}__cs"
    names = {"fieldId": 9900 + night, "fieldKey": key, "fieldTypeName": "INTEGER"}
    store.add_custom_field("CONTACT", names)
    for contact in store.ids("contacts"):
        custom = (store.get("contacts", contact) or {}).get("custom") or {}
        value = {**custom, key: random.randint(0, 100)}
        _edit_silently(sandbox, "contacts", contact, custom=value)


def _edit_silently(sandbox: Sandbox, kind: str, number: int, **values: t.Any) -> None:
    """Edit a record without a change of its modification time."""
    time_key = KINDS[kind].modified
    record = sandbox.store.get(kind, number) or {}
    sandbox.store.edit(kind, number, **{time_key: record[time_key]}, **values)


class Checks:
    """Holds the warehouse against what the account was at each night.

    Attributes:
        deleted: How many rows were deleted in all.
        checked: How many nights came to their end, and so were checked in full.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._accounts: list[Records] = []
        self._rows: Records = {}
        self._least: dict[str, int] = {}
        self._done = 0
        self.deleted = self.checked = 0

    def note_added(self, night: int, streams: set[str]) -> None:
        """Note which streams got a column, and so must be read in full."""
        self._least |= dict.fromkeys(streams, night)

    def check(self, night: int, *, is_done: bool) -> tuple[int, int]:
        """Check after a night.

        Returns:
            How many rows were deleted, and how many are from an earlier night.
        """
        now = account(self._pipeline.sandbox)
        self._accounts.append(now)
        before, self._rows = self._rows, self._pipeline.rows()
        gone = 0
        for stream, rows in self._rows.items():
            lost = before.get(stream, {}).keys() - rows.keys()
            gone += len(lost)
            living = lost & now[stream].keys()
            assert not living, f"night {night + 1}: {stream} {living} were dropped"
        self.deleted += gone
        self._done += is_done
        # What a killed first night has left waits for the second full read.
        if not is_done or self._done == 1:
            return gone, 0
        self.checked += 1
        return gone, sum(self._old_rows(stream, night) for stream in now)

    def _old_rows(self, stream: str, night: int) -> int:
        """Return how many rows are older than now, none of them older than allowed."""
        rows, now = self._rows[stream], self._accounts[night][stream]
        age = 0 if stream in EACH_NIGHT else WEEK - 1
        first = max(0, night - age, self._least.get(stream, 0))
        # Definitions have no time, so the next full read brings those that are new.
        due = self._accounts[night if stream in KINDS else first][stream]
        missing = sorted(now.keys() & due.keys() - rows.keys())
        assert not missing, f"night {night + 1}: {stream}: {missing} are missing"
        old = 0
        for key, row in rows.items():
            if wrong := self._difference(stream, key, row, night):
                old += 1
                assert any(
                    not self._difference(stream, key, row, earlier)
                    for earlier in range(first, night)
                ), f"night {night + 1}: {stream} {key}: {wrong}"
        return old

    def _difference(self, stream: str, key: str, row: Row, night: int) -> str:
        """Say how a row differs from what the account was at a night, if it does."""
        record = self._accounts[night][stream].get(key)
        if record is None:
            return "it was deleted"
        coerced = COERCED.get(stream, set())
        return ", ".join(name for name in unequal(record, row) if name not in coerced)
