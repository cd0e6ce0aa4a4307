"""Prove deletes in a real PostgreSQL: 30 nights with kills, and kills at an activation.

The tap reads a sandbox over HTTP and MeltanoLabs' target-postgres deletes for good
(`hard_delete`). A night is 90 minutes here, and the intervals are as much shorter: the
sandbox's clock is set ahead by that much between two nights, from 23 hours behind this
machine's to 22 hours ahead, as the tap takes a server's clock that differs by more than
a day for wrong. The state is what the target confirmed, as with Meltano.

Exit code 1 if a row that lives at the source was dropped, or the tables are not what
the intervals promise.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from target_kinds import TARGETS, SkippedError, Target, fold, install, run
from targets import key_of, unequal

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.data.custom_fields import RESOURCES

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
KEYS = {"custom_fields": ("resourceType", "fieldId")}
SHARE_KILLED = 0.6
COERCED = {"clients": {"segment"}, "contracts": {"stage", "adjustedBy"}}
"""What the sandbox gives as an object, a text or a number, and the tap as an object."""
SECONDS_TO_END = 120

Records = dict[str, dict[str, dict[str, t.Any]]]
"""Records or rows, by stream and key."""


class WrongError(Exception):
    """The warehouse is not as promised."""


def main() -> int:
    """Run the trials; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="*", help=", ".join(TRIALS))
    parser.add_argument("--seed", type=int, default=1, help="decides what is random")
    parser.add_argument("--nights", type=int, default=30)
    options = parser.parse_args()
    target = next(each for each in TARGETS if each.name == "postgres")
    try:
        print(f"{target.title} {install(target)}, hard_delete", flush=True)
        for name in options.trials or TRIALS:
            print(f"\n{name}:", flush=True)
            with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
                TRIALS[name](target, Path(folder), stack, options)
    except SkippedError as skipped:
        print(f"not run: {skipped}", file=sys.stderr)
        return 1
    except WrongError as wrong:
        print(f"WRONG: {wrong}", file=sys.stderr)
        return 1
    return 0


class Kill(t.NamedTuple):
    """What ends a run early.

    Attributes:
        victim: `tap` or `target`.
        signal: How.
        after: Seconds since the run began.
    """

    victim: str
    signal: signal.Signals
    after: float

    def __str__(self) -> str:
        return f"{self.signal.name} of the {self.victim} after {self.after:.1f} s"


@dataclass
class Pipeline:
    """The tap and the target, and the state between their runs.

    Attributes:
        target: The target.
        sandbox: What the tap reads.
        place: A folder for this pipeline alone.
        settings: The target's settings.
        config: More settings of the tap.
        state: What the target confirmed last.
    """

    target: Target
    sandbox: Sandbox
    place: Path
    settings: dict[str, t.Any]
    config: dict[str, t.Any] = field(default_factory=dict)
    state: dict[str, t.Any] = field(default_factory=dict)

    def run(self, kill: Kill | None = None) -> bool:
        """Run once; return whether it came to its end.

        Raises:
            WrongError: It failed by itself.
        """
        confirmed = self.place / "states"
        with (
            (self.place / "tap.log").open("ab") as tap_log,
            (self.place / "target.log").open("ab") as target_log,
            confirmed.open("wb") as states,
            subprocess.Popen(
                self.tap_command(), stdout=subprocess.PIPE, stderr=tap_log
            ) as tap,
            subprocess.Popen(
                self.target_command(),
                stdin=tap.stdout,
                stdout=states,
                stderr=target_log,
            ) as target,
        ):
            if tap.stdout:
                tap.stdout.close()
            victims = {"tap": tap, "target": target}
            is_killed = kill is not None and _killed(victims[kill.victim], kill)
            codes = (tap.wait(SECONDS_TO_END), target.wait(SECONDS_TO_END))
        self.keep_state(confirmed)
        if not is_killed and any(codes):
            raise WrongError(f"tap and target ended with {codes}: {self.last_lines()}")
        return not is_killed

    def tap_command(self) -> list[str]:
        """Return the tap's command, after its files are written."""
        config = {
            "base_url": self.sandbox.base_url,
            "api_key": self.sandbox.api_key,
            "page_size": 50,
            "emit_activate_version_messages": True,
            "full_read_interval_days": INTERVALS,
            **self.config,
        }
        command = [str(Path(sys.executable).parent / "tap-clientsuccess")]
        for kind, content in {"config": config, "state": self.state}.items():
            path = self.place / f"{kind}.json"
            path.write_text(json.dumps(content))
            command += [f"--{kind}", str(path)]
        return command

    def target_command(self) -> list[str]:
        """Return the target's command, after its file is written."""
        path = self.place / "target.json"
        path.write_text(json.dumps(self.settings))
        return [str(self.target.program), "--config", str(path)]

    def messages(self) -> list[str]:
        """Run the tap alone; return the lines that it wrote."""
        done = subprocess.run(
            self.tap_command(), capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines(keepends=True)

    def execute(self, sql: str) -> None:
        """Execute SQL in the warehouse."""
        names = {"-h": "host", "-p": "port", "-U": "user", "-d": "database"}
        where = [f"{flag}{self.settings[name]}" for flag, name in names.items()]
        run("psql", "-q", "-c", sql, *where)

    def keep_state(self, states: Path) -> None:
        """Take the last state that the target confirmed, if it confirmed one."""
        for line in states.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                self.state = json.loads(line)

    def last_lines(self) -> str:
        """Return the last lines of both logs."""
        logs = [self.place / f"{name}.log" for name in ("tap", "target")]
        return " / ".join(log.read_text(errors="replace")[-500:] for log in logs)

    def rows(self) -> Records:
        """Return what is in the warehouse."""
        found: Records = {}
        for stream in (*KINDS, *KEYS):
            names = [fold(name) for name in KEYS.get(stream, ("id",))]
            try:
                rows = self.target.rows(self.place, self.settings, stream)
            except SkippedError:
                rows = []  # There is no such table yet.
            folded = [{fold(name): row[name] for name in row} for row in rows]
            found[stream] = {key_of(row, names): row for row in folded}
        return found


def _killed(process: subprocess.Popen[bytes], kill: Kill) -> bool:
    """Kill a process at the given moment; return whether it was still there."""
    try:
        process.wait(kill.after)
    except subprocess.TimeoutExpired:
        process.send_signal(kill.signal)
        return True
    return False


def pipeline(
    target: Target, sandbox: Sandbox, folder: Path, stack: ExitStack, name: str
) -> Pipeline:
    """Prepare a pipeline into a database of its own."""
    place = folder / name
    place.mkdir()
    settings = target.prepare(place, stack) | {"hard_delete": True}
    return Pipeline(target, sandbox, place, settings)


def account(sandbox: Sandbox) -> Records:
    """Return what the account holds now."""
    store = sandbox.store
    records = {kind: store.records(kind) for kind in KINDS}
    records["custom_fields"] = [
        {"resourceType": resource, **definition}
        for resource in RESOURCES
        if resource not in sandbox.missing_custom_fields
        for definition in store.definitions(resource)
    ]
    return {
        stream: {key_of(each, KEYS.get(stream, ("id",))): each for each in found}
        for stream, found in records.items()
    }


# Nights


def nights(
    target: Target, folder: Path, stack: ExitStack, options: argparse.Namespace
) -> None:
    """Load an account every night, with kills; check after each what is promised."""
    random = Random(options.seed)  # noqa: S311
    sandbox = stack.enter_context(_sandbox_behind(options.seed))
    loaded = pipeline(target, sandbox, folder, stack, "nights")
    checks = Checks(loaded)
    seconds = 10.0
    kills: Counter[str] = Counter()
    for night in range(options.nights):
        checks.note_added(night, _live_through_a_day(sandbox, random, night))
        is_last = night >= options.nights - 2
        kill = None if is_last else _draw_kill(random, seconds)
        began = time.monotonic()
        is_done = loaded.run(kill)
        if is_done:
            seconds = time.monotonic() - began
        else:
            kills[f"{kill.signal.name} of the {kill.victim}" if kill else ""] += 1
        gone, stale = checks.check(night, is_done=is_done)
        what = f"{seconds:.0f} s" if is_done else str(kill)
        print(
            f"  night {night + 1}: {what}; {gone} rows deleted, {stale} old values",
            flush=True,
        )
    print(f"  {sum(kills.values())} nights killed: {dict(kills)}")
    print(f"  {checks.deleted} rows deleted, {checks.checked} nights checked in full")


def _sandbox_behind(seed: int) -> Sandbox:
    """Return an account whose clock is so far behind as the tap believes."""
    start = dt.datetime.now(dt.UTC) + FIRST_NIGHT - NIGHT
    return Sandbox(
        seed=seed,
        clients=30,
        now=f"{start:%Y-%m-%dT%H:%M:%SZ}",
        clock_offset=(FIRST_NIGHT - NIGHT).total_seconds(),
    )


def _draw_kill(random: Random, seconds: float) -> Kill | None:
    if random.random() > SHARE_KILLED:
        return None
    victim = random.choice(["tap", "target"])
    how = random.choice([signal.SIGTERM, signal.SIGKILL])
    return Kill(victim, how, random.uniform(0.1, seconds))


def _live_through_a_day(sandbox: Sandbox, random: Random, night: int) -> set[str]:
    """Change the account, half a day before the next night.

    Returns:
        The streams that got a column.
    """
    half = (NIGHT / 2).total_seconds()
    sandbox.clock.offset += half + random.uniform(-JITTER_SECONDS, JITTER_SECONDS)
    store = sandbox.store
    sizes = {kind: store.count(kind) for kind, known in KINDS.items() if known.created}
    for client in store.ids("clients"):
        # As a nightly calculation: no time moves.
        _edit_silently(sandbox, "clients", client, successScore=random.randint(0, 100))
    for pulse in random.sample(store.ids("pulses"), 5):
        store.edit("pulses", pulse, nextSteps=f"edited on day {night}")
    for pulse in random.sample(store.ids("pulses"), 2):
        store.delete("pulses", pulse)
    for client in random.sample(store.ids("clients"), 2):
        _delete_with_everything(sandbox, client)
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
    if night % 8 != 5:  # noqa: PLR2004
        return set()
    key = f"added_{night}__cs"
    names = {"fieldId": 9900 + night, "fieldKey": key, "fieldTypeName": "INTEGER"}
    store.add_custom_field("CONTACT", names)
    for contact in store.ids("contacts"):
        custom = (store.get("contacts", contact) or {}).get("custom") or {}
        value = {**custom, key: random.randint(0, 100)}
        _edit_silently(sandbox, "contacts", contact, custom=value)
    return {"contacts"}


def _edit_silently(sandbox: Sandbox, kind: str, number: int, **values: t.Any) -> None:
    """Edit a record without a change of its modification time."""
    time_key = KINDS[kind].modified
    record = sandbox.store.get(kind, number) or {}
    sandbox.store.edit(kind, number, **{time_key: record[time_key]}, **values)


def _delete_with_everything(sandbox: Sandbox, client: int) -> None:
    store = sandbox.store
    for kind, known in KINDS.items():
        for record in store.records(kind):
            if known.owner and record[known.owner] == client:
                store.delete(kind, record["id"])
    store.delete("clients", client)


class Checks:
    """Holds the warehouse against what the account was at each night.

    Attributes:
        deleted: How many rows were deleted in all.
        checked: How many nights came to their end, and so were checked in full.
    """

    def __init__(self, loaded: Pipeline) -> None:
        self._pipeline = loaded
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

        Raises:
            WrongError: The warehouse is not as promised.
        """
        now = account(self._pipeline.sandbox)
        self._accounts.append(now)
        before, self._rows = self._rows, self._pipeline.rows()
        gone = 0
        for stream, rows in self._rows.items():
            lost = before.get(stream, {}).keys() - rows.keys()
            gone += len(lost)
            if living := lost & now[stream].keys():
                raise WrongError(f"night {night + 1}: {stream} {living} were dropped")
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
        due = self._accounts[first if stream in KEYS else night][stream]
        if missing := now.keys() & due.keys() - rows.keys():
            what = f"{stream}: {sorted(missing)} are missing"
            raise WrongError(f"night {night + 1}: {what}")
        old = 0
        for key, row in rows.items():
            wrong = self._difference(stream, key, row, night)
            old += bool(wrong)
            if wrong and not any(
                self._difference(stream, key, row, other) == ""
                for other in range(first, night)
            ):
                raise WrongError(f"night {night + 1}: {stream} {key}: {wrong}")
        return old

    def _difference(
        self, stream: str, key: str, row: dict[str, t.Any], night: int
    ) -> str:
        """Say how a row differs from what the account was at a night."""
        record = self._accounts[night][stream].get(key)
        if record is None:
            return "it was deleted"
        coerced = COERCED.get(stream, set())
        return ", ".join(name for name in unequal(record, row) if name not in coerced)


# Activations


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
EACH_RUN = {"full_read_interval_days": {"*": 0}}
FEW = {"batch_size_rows": 5}
"""Rows arrive long before the activation."""
MOMENTS = [
    ("before", signal.SIGKILL),
    ("before", signal.SIGTERM),
    ("at", signal.SIGKILL),
    ("after", signal.SIGKILL),
    ("after", signal.SIGTERM),
]


def activation(
    target: Target, folder: Path, stack: ExitStack, options: argparse.Namespace
) -> None:
    """Kill the target before, at and after an activation; then run once more."""
    del options
    sandbox = stack.enter_context(Sandbox(seed=3, clients=12))
    loaded = pipeline(target, sandbox, folder, stack, "activation")
    loaded.config, loaded.settings = EACH_RUN, loaded.settings | FEW
    loaded.run()
    for moment, how in MOMENTS:
        client = sandbox.store.ids("clients")[0]
        _delete_with_everything(sandbox, client)
        messages = loaded.messages()
        place = _activation(messages, "clients")
        if moment == "at":
            loaded.execute(SLOW_DELETE)
        with Feed(loaded) as feed:
            feed.send(messages[: place + (moment != "before")])
            if moment == "after":
                feed.wait_until_gone(str(client))
            else:
                feed.wait_until_idle()
            feed.kill(how)
        has_row = str(client) in loaded.rows()["clients"]
        if moment == "at":
            loaded.execute(NO_SLOW_DELETE)
        _expect(has_row is (moment != "after"), f"{moment} {how.name}: {has_row=}")
        _no_living_row_is_missing(loaded, f"{how.name} {moment} the activation")
        loaded.run()
        _equal(loaded, f"the run after {how.name} {moment} the activation")
        print(f"  {how.name} {moment} the activation, then one more run: equal")


def states(
    target: Target, folder: Path, stack: ExitStack, options: argparse.Namespace
) -> None:
    """Load one table from two states, against the rules."""
    del options
    sandbox = stack.enter_context(Sandbox(seed=3, clients=12))
    one = pipeline(target, sandbox, folder, stack, "states")
    one.config, one.settings = EACH_RUN, one.settings | FEW
    one.run()
    older = one.messages()
    _delete_with_everything(sandbox, 1)
    time.sleep(1.1)  # A version is a second.
    newer = one.messages()
    for messages in (newer, older):
        with Feed(one) as feed:
            feed.send(messages)
    _no_living_row_is_missing(one, "an older version that ended later")
    back = "1" in one.rows()["clients"]
    print(f"  an older version ends later: no living row dropped ({back=})")
    one.run()
    _equal(one, "the next run")

    time.sleep(1.1)
    older = one.messages()
    time.sleep(1.1)
    newer = one.messages()
    place = _activation(newer, "clients")
    with Feed(one) as feed:
        feed.send(newer[:place])
        feed.wait_until_idle()
        with Feed(one) as other:
            other.send(older[: _activation(older, "clients")])
        feed.send(newer[place:])
    living = account(sandbox)["clients"].keys()
    dropped = len(living - one.rows()["clients"].keys())
    print(f"  older records before a newer activation: {dropped} living rows dropped")
    _expect(dropped > 0, "none was dropped, other than documented")
    one.run()
    _equal(one, "the next full read")
    print("  the next full read: equal")


def _activation(messages: list[str], stream: str) -> int:
    """Return where the version of a stream is activated."""
    parsed = enumerate(map(json.loads, messages))
    places = (n for n, m in parsed if _is_activation(m, stream))
    place = next(places, None)
    if place is None:
        raise WrongError(f"{stream} was not activated")
    return place


def _is_activation(message: dict[str, t.Any], stream: str) -> bool:
    return (message["type"], message.get("stream")) == ("ACTIVATE_VERSION", stream)


def _expect(holds: bool, what: str) -> None:  # noqa: FBT001
    if not holds:
        raise WrongError(what)


def _no_living_row_is_missing(loaded: Pipeline, when: str) -> None:
    rows = loaded.rows()
    for stream, records in account(loaded.sandbox).items():
        missing = records.keys() - rows[stream].keys()
        _expect(not missing, f"{when}: {stream} {sorted(missing)} are missing")


def _equal(loaded: Pipeline, when: str) -> None:
    rows = loaded.rows()
    for stream, records in account(loaded.sandbox).items():
        differing = records.keys() ^ rows[stream].keys()
        _expect(not differing, f"{when}: {stream} differs in {sorted(differing)}")


class Feed:
    """A target that is given messages bit by bit; the state is what it confirms."""

    def __init__(self, loaded: Pipeline) -> None:
        self._pipeline = loaded
        name = f"feed-{time.monotonic_ns()}"
        self._log = loaded.place / f"{name}.log"
        self._states = loaded.place / f"{name}.states"
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> t.Self:
        with self._log.open("wb") as log, self._states.open("wb") as output:
            self._process = subprocess.Popen(
                self._pipeline.target_command(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        self._process.wait(SECONDS_TO_END)
        self._pipeline.keep_state(self._states)

    @property
    def _input(self) -> t.IO[bytes]:
        return t.cast("t.IO[bytes]", self._process.stdin)

    def send(self, messages: list[str]) -> None:
        """Send messages."""
        self._input.write("".join(messages).encode())
        self._input.flush()

    def wait_until_gone(self, client: str) -> None:
        """Wait until a client is deleted in the warehouse."""
        give_up = time.monotonic() + SECONDS_TO_END
        while client in self._pipeline.rows()["clients"]:
            _expect(time.monotonic() < give_up, "the activation deleted nothing")
            time.sleep(0.2)

    def wait_until_idle(self) -> None:
        """Wait until the target has worked, and its log is silent."""
        seen = -1
        while (size := self._log.stat().st_size) != seen or not size:
            seen = size
            time.sleep(3)

    def kill(self, how: signal.Signals) -> None:
        """Send a signal, and wait for the end."""
        self._process.send_signal(how)
        self._process.wait(SECONDS_TO_END)


Trial = t.Callable[[Target, Path, ExitStack, argparse.Namespace], None]
TRIALS: dict[str, Trial] = {
    "nights": nights,
    "activation": activation,
    "states": states,
}

if __name__ == "__main__":
    sys.exit(main())
