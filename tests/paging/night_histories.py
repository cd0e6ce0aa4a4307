"""Histories of nights: what is drawn, and what must hold after each."""

from __future__ import annotations

import copy
import datetime as dt
import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from math import ceil
from random import Random
from tempfile import TemporaryDirectory

from night_model import (
    STREAMS,
    Kill,
    Listing,
    Setup,
    World,
    run_night,
)
from server_model import DAY, HOUR, SECOND, START
from target_model import StateStore, Target, merged

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from night_model import Night
    from target_model import Message, Table

MINUTE = dt.timedelta(minutes=1)
EDITS = {"insert": 2, "edit": 5, "delete": 2, "score": 4, "insert_undated": 1}
ODD = EDITS | {"restore": 2, "set_back": 2}
DATED = EDITS | {"insert_undated": 0}
KILLS = ("tap", "target", "signal", "server")
MOST = 2**31


@dataclass(frozen=True)
class Case:
    """What a server and its nights are like.

    Attributes:
        server: Settings of the server model.
        weights: How often each kind of change occurs.
        intervals: What `full_read_interval_days` is drawn of.
        kills: How many nights of ten end early.
        rollbacks: How many nights of ten begin with an older state.
        unconfirmed: After how many nights of ten no state is kept.
        is_whole: Whether the streams are FULL_TABLE.
        has_date: Whether responses say what time it is.
        clocks: How far ahead the server's clock may be; it changes between nights.
        changes_settings: Whether columns, maps, names and versions change.
        is_prompt: Whether what the interval promises must hold.
        activates: Whether full reads end with an activation.
        proves: Whether anything tells that a read is complete.
        width: How many requests may be in flight; None draws it.
    """

    server: dict[str, t.Any] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=lambda: EDITS)
    intervals: tuple[float | None, ...] = (0, 1, 1, 2, 7, None)
    kills: int = 0
    rollbacks: int = 0
    unconfirmed: int = 0
    is_whole: bool = False
    has_date: bool = True
    clocks: tuple[dt.timedelta, ...] = (dt.timedelta(),)
    changes_settings: bool = False
    is_prompt: bool = False
    activates: bool = True
    proves: bool = True
    width: int | None = None


_PLAIN = Case(is_prompt=True, weights=DATED)
_HARD = Case(kills=4, rollbacks=1, unconfirmed=1, weights=ODD)
_NO_TOTAL = {"tells_total": False}
CASES: dict[str, Case] = {
    "quiet life": _PLAIN,
    "one request at a time": replace(_PLAIN, width=1),
    "without a time": replace(_PLAIN, weights=EDITS, server={"undated": 3}),
    "without a time, last": replace(
        _PLAIN, weights=EDITS, server={"undated": 3, "undated_are": "last"}
    ),
    "without a time, shown": replace(
        _PLAIN, weights=EDITS, server={"undated": 3, "shows_undated": True}
    ),
    "exclusive filter": replace(_PLAIN, server={"filter": "exclusive"}),
    "filter by the day": replace(_PLAIN, server={"filter": "by the day"}),
    "by the second": replace(_PLAIN, server={"filter": "by the second"}),
    "no date": replace(_PLAIN, has_date=False),
    "clock ahead": replace(_PLAIN, clocks=(23 * HOUR,)),
    "clock behind": replace(_PLAIN, clocks=(-23 * HOUR,)),
    "clock days ahead": replace(_PLAIN, clocks=(50 * HOUR,)),
    "full table": replace(_PLAIN, is_whole=True),
    "restored and set back": Case(weights=ODD),
    "kills": Case(kills=5),
    "kills, odd changes": Case(kills=5, weights=ODD),
    "kills, without a time": Case(
        kills=5, server={"undated": 4, "undated_are": "always last"}
    ),
    "kills, filter by the day": Case(kills=5, server={"filter": "by the day"}),
    "kills, ties": Case(kills=5, server={"ticks": (0.0, 0.0, 1.0)}),
    "kills, full table": Case(kills=5, is_whole=True),
    "kills, zone ahead": Case(kills=5, server={"filter": "zone ahead"}),
    "kills, zone behind": Case(kills=5, server={"filter": "zone behind"}),
    "states late": Case(kills=3, unconfirmed=5),
    "states rolled back": Case(kills=3, rollbacks=4),
    "rolled back, clocks": Case(
        kills=3, rollbacks=3, clocks=(0 * HOUR, 20 * HOUR, -20 * HOUR, 50 * HOUR)
    ),
    "all at once": replace(
        _HARD, changes_settings=True, clocks=(0 * HOUR, 20 * HOUR, -20 * HOUR)
    ),
    "settings": Case(changes_settings=True),
    "settings, kills": Case(changes_settings=True, kills=5),
    "no filter": Case(server={"filter": "ignored"}, is_prompt=True),
    "no filter, kills": Case(server={"filter": "ignored"}, kills=5),
    "no order": Case(server={"order": "by name"}, is_prompt=True, weights=DATED),
    "no order, kills": replace(_HARD, server={"order": "by name"}),
    "by id, no filter": Case(
        server={"order": "by id", "filter": "ignored"}, is_prompt=True
    ),
    "by id, no filter, kills": replace(
        _HARD, server={"order": "by id", "filter": "ignored"}
    ),
    "sort reversed": Case(server={"order": "reversed"}, kills=2),
    "no order, without a time": Case(
        server={"order": "by name", "undated": 4}, weights=EDITS, is_prompt=True
    ),
    "no totals": Case(server=_NO_TOTAL, activates=False, weights=DATED),
    "no totals, kills": replace(
        _HARD, server=_NO_TOTAL, activates=False, weights=DATED
    ),
    "no totals, no order": Case(
        server={**_NO_TOTAL, "order": "by name"},
        activates=False,
        weights=DATED,
        proves=False,
    ),
    "totals do not heed the filter": Case(
        server={"total_heeds_filter": False}, weights=DATED
    ),
    "forgetful server": Case(server={"hides": True}),
    "forgetful server, kills": Case(server={"hides": True}, kills=4),
    "forgetful server, no order": Case(
        server={"hides": True, "order": "by name"}, kills=2
    ),
    "forgetful server, without a time": Case(
        server={"hides": True, "undated": 4}, kills=2
    ),
    "forgetful server, full table": Case(server={"hides": True}, is_whole=True),
    "no date, kills": replace(_HARD, has_date=False),
    "own page size": Case(server={"heeds_size": False}, kills=3),
    "pages of changing sizes": Case(server={"other_sizes": (2, 4, 7)}, kills=3),
    "hints of a larger size": Case(server={"hints_at": 500}, kills=3),
}


@dataclass
class FullRead:
    """A full read, of one night or several.

    Attributes:
        number: In which night it began.
        began: When.
        config: The settings then.
        columns: The columns that were selected in all its nights.
        unseen: What the server hid in those that ended early.
    """

    number: int
    began: dt.datetime
    config: dict[str, t.Any]
    columns: set[str]
    unseen: set[int] = field(default_factory=set)


@dataclass
class Result:
    """What came of a history.

    Attributes:
        wrong: What must not have happened.
        nights: How many nights there were.
        counts: How often something happened that a test may ask for.
    """

    wrong: list[str]
    nights: int
    counts: Counter[str]


class History:
    """Some nights, and what is checked after each."""

    def __init__(self, seed: int, case: Case, folder: str = "") -> None:
        self.folder = folder
        self.random = random = Random(seed)  # noqa: S311
        self.case = case
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        size = random.choice([4, 6, 10])
        self.changes = random.choice([0, 3, 10, 30])
        listings = {}
        for name in STREAMS:
            listing = Listing(random, size=size, **case.server)
            listing.fill(size * random.randint(3, 12))
            listings[name] = listing
        self.world = World(
            random=random,
            listings=listings,
            target=Target(random.choice(["sdk", "postgres"]), random),
            store=StateStore(merges=random.random() < 0.5),
            weights=case.weights,
            has_date=case.has_date,
            now=START + 2 * DAY,
        )
        self.world.target.on_delete = self._on_delete
        self.during = random.choice([0.0, 0.0, 0.05, 0.2])
        if case.server.get("hides"):
            self.during = 0.0  # A delete would make up for what is not shown.
        self.setup = Setup(
            intervals={name: random.choice(case.intervals) for name in STREAMS},
            columns=("name",),
            is_whole=case.is_whole,
            config={
                "page_size": size,
                "concurrency": case.width or random.choice([1, 2, 4]),
                "emit_activate_version_messages": True,
                "lookback_seconds": 60,
            },
        )
        self.number = 0
        self.snapshots: list[dict[str, dict[int, int]]] = []
        self.starts: list[dt.datetime] = []
        self.events = 100
        self.doubted: dict[str, int] = defaultdict(lambda: -100)
        """The last night in which a read of a stream was not complete."""
        self.reads: dict[tuple[str, int], FullRead] = {}
        """By stream and version."""
        self.sent_in: dict[tuple[str, int | None], int] = {}
        """In which night records last had each version."""
        self.had_trouble = False
        self.state_in: Message = {}

    def fail(self, what: str) -> None:
        """Note what must not happen."""
        self.wrong.append(f"night {self.number}: {what}")

    def run(self) -> Result:
        """Run all nights: busy ones, then quiet ones."""
        for _ in range(self.random.randint(4, 10)):
            self.busy_night()
        self.world.changes_per_request = 0
        for listing in self.world.listings.values():
            listing.hidden.clear()
        for _ in range(3):
            self.world.let_pass(DAY)
            self.night()
        return Result(self.wrong, self.number, self.counts)

    def busy_night(self) -> None:
        """Let a day pass, then run, perhaps not to the end."""
        random, case, world = self.random, self.case, self.world
        world.changes_per_request = 0
        jitter = (10 if self.number % 2 else -10) * MINUTE
        night = START + (3 + self.number) * DAY + jitter
        self._pass_day(night)
        if case.changes_settings and random.random() < 0.3:
            self.change_settings()
        if random.randrange(10) < case.rollbacks and world.store.older:
            world.store.state = copy.deepcopy(random.choice(world.store.older))
            self.had_trouble = True
        world.clock = random.choice(case.clocks)
        kill = self.draw_kill() if random.randrange(10) < case.kills else None
        world.changes_per_request = self.during
        for listing in world.listings.values():
            listing.forget_some()
        is_kept = random.randrange(10) >= case.unconfirmed
        self.night(kill, is_kept=is_kept)

    def _pass_day(self, night: dt.datetime) -> None:
        world = self.world
        changes = self.random.randint(0, self.changes)
        times = sorted(self.random.random() for _ in range(changes))
        begin = world.now
        for time in times:
            world.now = max(world.now, begin + time * (night - begin))
            world.change()
        world.now = max(world.now, night)

    def draw_kill(self) -> Kill:
        """Draw how a night ends early."""
        random = self.random
        kind = random.choice(["request", None, None, "ACTIVATE_VERSION", "between"])
        kind = random.choice([kind, "STATE"])
        at = random.randint(1, max(2, self.events))
        if kind in {"ACTIVATE_VERSION", "between"}:
            at = 1 if kind == "between" else random.randint(1, 2)
        elif kind:
            at = random.randint(1, max(2, self.events // 3))
        is_before = kind == "between" or random.random() < 0.5
        return Kill(random.choice(KILLS), at, kind, is_before)

    def change_settings(self) -> None:
        """Change columns, names, maps, versions, files, or intervals."""
        random, setup = self.random, self.setup
        config = dict(setup.config)
        columns = setup.columns
        what = ["column", "column", "map", "versions", "start", "interval", "batch"]
        match random.choice(what):
            case "column":
                columns = ("name",) if "currency" in columns else ("name", "currency")
            case "map":
                maps: list[dict[str, t.Any]] = [
                    {},
                    {"products": {"__alias__": "goods"}},
                    {"clients": {"more": "name"}},
                ]
                config["stream_maps"] = random.choice(maps)
            case "versions":
                key = "emit_activate_version_messages"
                config[key] = not config[key]
            case "batch" if "batch_config" in config:
                del config["batch_config"]
            case "batch":
                config["batch_config"] = {
                    "encoding": {"format": "jsonl", "compression": "gzip"},
                    "storage": {"root": f"file://{self.folder}"},
                    "batch_size": random.choice([7, 1000]),
                }
            case "start":
                start = START + random.randint(0, 120) * SECOND
                config["start_date"] = f"{start:%Y-%m-%dT%H:%M:%SZ}"
                if random.random() < 0.6:
                    del config["start_date"]
            case "interval":
                intervals = {n: random.choice(self.case.intervals) for n in STREAMS}
                setup = replace(setup, intervals=intervals)
        self.setup = replace(setup, columns=columns, config=config)

    def night(self, kill: Kill | None = None, *, is_kept: bool = True) -> Night:
        """Run the tap once, and check."""
        world = self.world
        self.state_in = copy.deepcopy(world.store.state)
        self.snapshots.append({n: x.versions for n, x in world.listings.items()})
        self.starts.append(world.now)
        self.timed = {name: dict(x.timed) for name, x in world.listings.items()}
        night = run_night(world, self.setup, kill)
        if night.error or not is_kept:
            self.had_trouble = True
        if not night.error and not kill:
            self.events = len(world.messages) * 2
        if is_kept:
            world.store.keep(world.target.confirmed)
            self.check_store()
        else:
            world.store.older.append(copy.deepcopy(world.store.state))
        self.count(night)
        self.check(night)
        self.note_unseen()
        self.number += 1
        return night

    def count(self, night: Night) -> None:
        """Count what happened."""
        self.counts["nights"] += 1
        self.counts["ended early"] += night.error is not None
        for message in self.world.messages:
            self.counts[message["type"]] += 1
        for name, outcome in night.outcomes.items():
            # Where inserts make up for deletes, a count cannot be told from a limit.
            if outcome.is_newly_short or outcome.uncounted:
                self.doubted[name] = self.number
                self.counts["in doubt"] += 1
            # Where no full read has counted its records, the next one only does that.
            past = self.before(name).get("full_read") or {}
            if self.state_in and past.get("activated") is None:
                self.doubted[name] = self.number

    # What must hold.

    def _on_delete(self, table: str, version: int, gone: Table) -> None:
        """No living row is dropped, if its newest version had been delivered."""
        name = "products" if table == "goods" else table
        listing = self.world.listings[name]
        read = self.read(name, version)
        self.counts["dropped"] += len(gone)
        for key, row in gone.items():
            record = listing.records.get(key)
            # A run that goes on reads what lies behind its place: no count tells what
            # the run before did not see.
            if record is None or key in read.unseen:
                continue
            # Another state was there in between, and rows got a lower version.
            if self.sent_in.get((name, row.version), 0) > read.number:
                self.counts["dropped, two states"] += 1
                self.world.target.lost.add((table, key))
                continue
            odd_at = listing.odd_at.get(key)
            if odd_at and odd_at >= read.began:
                self.counts["dropped, odd"] += 1
                continue
            if listing.edited_at.get(key, START) >= self.starts[-1]:
                # It moved to the end of the list, behind what was read.
                self.counts["dropped, edited just now"] += 1
                continue
            self.fail(
                f"{table}: version {version} dropped {key}, which is alive: "
                f"{record}, {row}"
            )

    def check(self, night: Night) -> None:
        """Check all that must hold."""
        self.check_versions()
        self.check_bookmarks()
        self.check_order()
        self.check_activations(night)
        for name in STREAMS:
            self.check_resumed(name)
            if night.is_written:
                self.check_quiet(name)
                if self.case.is_prompt:
                    self.check_fresh(name)
            # A table under a new name has the rest after the next full read.
            is_odd = self.case.changes_settings or self.case.server.get("hides")
            if self.case.proves and not is_odd:
                self.check_news(name, night)

    def table_of(self, name: str) -> Table:
        """The table of a stream."""
        maps = self.setup.config.get("stream_maps", {})
        alias = maps.get(name, {}).get("__alias__", name)
        return self.world.target.tables.get(alias, {})

    def states(self, name: str) -> list[dict[str, t.Any]]:
        """The bookmarks of a stream in all STATE messages of the night."""
        return [
            message["value"]["bookmarks"].get(name, {})
            for message in self.world.messages
            if message["type"] == "STATE"
        ]

    def before(self, name: str) -> dict[str, t.Any]:
        """The bookmark of a stream that the night began with."""
        bookmark: dict[str, t.Any] = self.state_in.get("bookmarks", {}).get(name, {})
        return bookmark

    def check_store(self) -> None:
        """What Meltano merges is what was sent."""
        world = self.world
        if not (world.store.merges and world.target.confirmed):
            return
        last = world.target.confirmed[-1]["bookmarks"]
        kept = world.store.state["bookmarks"]
        for name in last:
            ours = {k: v for k, v in last[name].items() if v is not None}
            theirs = {k: v for k, v in kept[name].items() if v is not None}
            if ours != theirs:
                self.fail(f"{name}: merged state {theirs} is not {ours}")
        # Nothing that was null becomes an object.
        for one in world.target.confirmed:
            for other in world.store.older[-3:]:
                merged(one, other)

    def check_versions(self) -> None:
        """A version grows, is a time in seconds, and is that of all records."""
        known = [0]
        for bookmark in self.state_in.get("bookmarks", {}).values():
            known.append(bookmark.get("table_version") or 0)
            known += [
                (bookmark.get(key) or {}).get("version") or 0
                for key in ("full_read", "full_read_in_progress")
            ]
        latest = (self.world.now + self.world.clock + 2 * DAY).timestamp()
        for name in STREAMS:
            before = version = self.before(name).get("table_version") or 0
            for state in self.states(name):
                now = state.get("table_version") or version
                if now and not 0 < now < min(MOST, latest):
                    self.fail(f"{name}: {now} is no time")
                if now < version:
                    self.fail(f"{name}: version {version} became {now}")
                if now != before and now <= max(known):
                    self.fail(f"{name}: version {now} is not above {max(known)}")
                version = now
            self.note_read(name)
            found = {
                message.get("version")
                for message in self.world.messages
                if message["type"] == "RECORD" and self.is_of(name, message)
            }
            for sent in found - {None}:
                self.sent_in[name, sent] = self.number
            config = self.setup.config
            uses = (
                config["emit_activate_version_messages"]
                and "batch_config" not in config
            )
            if len(found) > 1 or (found == {None}) != (bool(found) and not uses):
                self.fail(f"{name}: records of versions {found}")

    def read(self, name: str, version: int) -> FullRead:
        """The full read of a version; one of this night, if none is known."""
        config, columns = self.setup.config, {*self.setup.columns}
        now = FullRead(self.number, self.starts[-1], config, columns)
        return self.reads.get((name, version), now)

    def note_read(self, name: str) -> None:
        """Note the full read that is in progress."""
        for state in self.states(name):
            if version := state.get("full_read_in_progress", {}).get("version"):
                read = self.reads[name, version] = self.read(name, version)
                read.columns &= {*self.setup.columns}

    def note_unseen(self) -> None:
        """Note what the server hid while full reads were in progress."""
        for name, listing in self.world.listings.items():
            for state in self.states(name)[-1:]:
                if version := state.get("full_read_in_progress", {}).get("version"):
                    self.reads[name, version].unseen |= listing.hidden

    def is_of(self, name: str, message: Message) -> bool:
        """Tell whether a message is of a stream."""
        return bool(message["stream"] == name) or (
            message["stream"] == "goods" and name == "products"
        )

    def check_bookmarks(self) -> None:
        """A bookmark never goes back to before where the night began."""
        for name in STREAMS:
            before = self.before(name).get("replication_key_value") or ""
            for state in self.states(name):
                if (state.get("replication_key_value") or "") < before:
                    self.fail(f"{name}: the bookmark went back from {before}")
                    break

    def check_activations(self, night: Night) -> None:
        """A version is activated after a complete read, or not at all."""
        for message in self.world.messages:
            if message["type"] == "ACTIVATE_VERSION":
                name = next(n for n in STREAMS if self.is_of(n, message))
                outcome = night.outcomes[name]
                if not self.case.activates:
                    self.fail(f"{name}: activated, and nothing counts its records")
                if not (outcome.is_complete or night.error):
                    self.fail(f"{name}: activated, and {outcome}")

    def check_order(self) -> None:
        """An older version of a record never comes after a newer one.

        Its time tells: so not if it was set back in between.
        """
        newest: dict[tuple[str, int], int] = {}
        for message in self.world.messages:
            if message["type"] != "RECORD":
                continue
            key = message["stream"], message["record"]["id"]
            name = "products" if key[0] == "goods" else key[0]
            if self._is_odd(self.world.listings[name], key[1]):
                continue
            version = int(message["record"]["name"])
            if newest.get(key, 0) > version:
                self.fail(f"{key}: version {version} after {newest[key]}")
            newest[key] = max(version, newest.get(key, 0))

    def check_resumed(self, name: str) -> None:
        """A full read that was begun goes on with its version, until it ends."""
        read = self.before(name).get("full_read_in_progress") or {}
        past = self.before(name).get("full_read") or {}
        version = read.get("version") or 0
        is_open = read.get("began") and version > past.get("version", 0)
        is_same = self.read(name, version).config == self.setup.config
        if not (is_open and is_same) or self.case.is_whole:
            return
        if self.setup.intervals[name] is None and past.get("began"):
            return
        if not (states := self.states(name)) or read.get("runs", 0) >= 3:
            return
        now = states[-1]
        found = now.get("full_read_in_progress", {}).get("version")
        ended = now.get("full_read", {})
        is_over = ended.get("version") == version or ended.get("failed", 0) > past.get(
            "failed", 0
        )
        if found != version and not is_over:
            self.fail(f"{name}: version {version} was lost: {now}")
        before, place = read.get("place"), now.get("full_read_in_progress", {})["place"]
        if found == version and before and place and place < before:
            self.fail(f"{name}: the place went back from {before} to {place}")
        self.counts["resumed"] += 1

    def has_ended(self, name: str) -> dict[str, t.Any] | None:
        """The last full read of a stream, if it ended complete in this night."""
        if not (states := self.states(name)):
            return None
        past: dict[str, t.Any] = states[-1].get("full_read") or {}
        before = self.before(name).get("full_read") or {}
        return past if past.get("began") != before.get("began") else None

    def check_quiet(self, name: str) -> None:
        """After a quiet complete full read, the table is what the account is."""
        past = self.has_ended(name)
        if past is None:
            return
        self.counts["full reads"] += 1
        listing = self.world.listings[name]
        read = self.read(name, past["version"])
        if listing.changed_at >= read.began:
            return
        self.counts["quiet full reads"] += 1
        table = self.table_of(name)
        start = self.setup.config.get("start_date")
        # What was selected since, another full read brings: it is due next.
        columns = read.columns & {*self.setup.columns}
        lacking = [
            key
            for key, version in listing.versions.items()
            if key not in read.unseen
            and not self.has(table, key, version, columns)
            and not (start and self._is_before(listing, key, start))
        ]
        if lacking:
            self.fail(f"{name}: a quiet full read, and {lacking} are not up to date")
        activated = {
            message["version"]
            for message in self.world.messages
            if message["type"] == "ACTIVATE_VERSION" and self.is_of(name, message)
        }
        left = [
            key
            for key, row in table.items()
            if key not in listing.records
            and not (row.version is None and self.world.target.style == "sdk")
            and not (row.version and row.version > past["version"])
        ]
        if activated and left:
            self.fail(f"{name}: {left} were deleted, and are left")
        is_expected = self.case.activates and not self.had_trouble and not start
        is_expected &= not self.case.changes_settings and len(listing.records) > 0
        # Without an earlier number of records, the first one gives it.
        before = self.before(name).get("full_read") or {}
        is_expected &= before.get("activated") is not None or not self.state_in
        if is_expected and not activated:
            self.fail(f"{name}: a quiet full read activated nothing: {past}")

    def _is_odd(self, listing: Listing, key: int) -> bool:
        """Whether a record was restored or set back in this night."""
        odd_at = listing.odd_at.get(key)
        return odd_at is not None and odd_at >= self.starts[-1]

    @staticmethod
    def _is_before(listing: Listing, key: int, start: str) -> bool:
        time = listing.records[key]["modified"]
        return bool(time and time < dt.datetime.fromisoformat(start))

    @staticmethod
    def has(table: Table, key: int, version: int, columns: Iterable[str]) -> bool:
        """Tell whether a table has at least a version of a record, in some columns."""
        row = table.get(key)
        return row is not None and all(
            int(row.values.get(column) or 0) >= version for column in columns
        )

    def check_news(self, name: str, night: Night) -> None:
        """What was changed before the night is there, once the first pass is over."""
        if not self.world.target.confirmed and not night.is_written:
            return
        if night.error and not (night.after_news and self._is_all_written()):
            return
        news = night.after_news.get(name)
        if not (news and news.is_complete) or night.outcomes[name].is_newly_short:
            return
        states = self.states(name)
        if not states or (
            not self.case.is_whole and states[-1].get("first_read_began")
        ):
            return
        table, listing = self.table_of(name), self.world.listings[name]
        start = self.setup.config.get("start_date")
        lacking = [
            key
            for key, version in self.timed[name].items()
            if key in self.snapshots[-1][name]
            and key in listing.records
            and not self._is_odd(listing, key)
            # It moved to the end of the list, behind what was read.
            and listing.edited_at.get(key, START) < self.starts[-1]
            and not (start and self._is_before(listing, key, start))
            and (name, key) not in self.world.target.lost
            and int((row.values if (row := table.get(key)) else {}).get("name", 0))
            < version
        ]
        self.counts["news"] += 1
        if lacking:
            self.fail(f"{name}: {lacking} changed before the night, and did not come")

    def _is_all_written(self) -> bool:
        return self.world.kill is not None and self.world.kill.what != "target"

    def check_fresh(self, name: str) -> None:
        """All is as fresh as the interval promises, without any trouble."""
        interval = self.setup.intervals[name]
        if self.case.is_whole:
            interval = 0
        if interval is None or self.had_trouble:
            return
        nights = max(0, ceil(interval) - 1)
        if self.doubted[name] >= self.number - nights - 1:
            return
        then = self.snapshots[max(0, self.number - nights)][name]
        listing, table = self.world.listings[name], self.table_of(name)
        lacking = [
            key
            for key, version in then.items()
            if key in listing.records
            and not self.has(table, key, version, self.setup.columns)
            and listing.edited_at.get(key, START) < self.starts[-1]
            and key not in listing.odd_at
        ]
        left = [key for key in table if key not in then and key not in listing.records]
        left = [key for key in left if key < min(self._newest(then), 10**9)]
        self.counts["fresh"] += 1
        if lacking:
            self.fail(f"{name}: {lacking} are older than {interval} days")
        if left and self.case.activates:
            self.fail(f"{name}: {left} were deleted more than {interval} days ago")

    @staticmethod
    def _newest(then: dict[int, int]) -> int:
        return max(then, default=0)


def run_history(seed: int, case: Case) -> Result:
    """Run the history of a seed."""
    if not case.changes_settings:
        return History(seed, case).run()
    with TemporaryDirectory() as folder:
        return History(seed, case, folder).run()
