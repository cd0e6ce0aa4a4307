"""Nights: the tap itself reads an account in memory into a target in memory.

No socket, no thread and no waiting: the tap's client, thread pool and output are
replaced, and all clocks show the time of the account.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import logging
import typing as t
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import SimpleNamespace
from unittest import mock
from urllib.parse import urlsplit

import msgspec
from server_model import SECOND, START, Record, ServerModel

from tap_clientsuccess.config.settings import Settings
from tap_clientsuccess.context import TapContext
from tap_clientsuccess.custom_fields import FieldDefinitions
from tap_clientsuccess.errors import ApiError, UnavailableError
from tap_clientsuccess.http.responses import ServerClock
from tap_clientsuccess.paging.page import PageRequest
from tap_clientsuccess.singer.reporter import Reporter
from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.singer.writer import BufferedWriter, OutputError
from tap_clientsuccess.streams import search
from tap_clientsuccess.streams.objects import Clients, Products
from tap_clientsuccess.tap import TapClientSuccess
from tap_clientsuccess.timestamps import format_time

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from requests import Request
    from target_model import Message, StateStore, Target

    from tap_clientsuccess.http.client import RequestCounts
    from tap_clientsuccess.paging.page import Page
    from tap_clientsuccess.singer.progress import Outcome

STREAMS = {"products": Products, "clients": Clients}
PATHS = {"/product/search": "products", "/client/search": "clients"}
_A_REQUEST = dt.timedelta(milliseconds=100)


@dataclass
class Listing(ServerModel):
    """The records of one stream, and what is to be known of their past.

    Attributes:
        timed: The version of each as of the last change that has a time of its own.
        odd_at: When each was restored, set back or robbed of its time, if it was.
        edited_at: When each was last changed with a time of its own.
        changed_at: When anything last changed.
        hides: Whether the server forgets records on its pages, but counts them.
        hidden: The keys of those.
    """

    hides: bool = False
    hidden: set[int] = field(default_factory=set)

    timed: dict[int, int] = field(default_factory=dict)
    odd_at: dict[int, dt.datetime] = field(default_factory=dict)
    edited_at: dict[int, dt.datetime] = field(default_factory=dict)
    changed_at: dt.datetime = START

    def forget_some(self) -> None:
        """Choose anew what is counted and not shown."""
        count = self.random.choice([0, 0, 1, 2]) if self.hides else 0
        self.hidden = {*self.random.sample(sorted(self.records), count)}

    def search(self, request: PageRequest) -> Page:
        page = super().search(request)
        if self.hidden.isdisjoint(page.keys):
            return page
        shown = [r for r in page.records if r["id"] not in self.hidden]
        return replace(
            page,
            records=shown,
            keys=[record["id"] for record in shown],
            times=[record["modified"] for record in shown],
        )

    def insert(self) -> None:
        key = self._next_id
        super().insert()
        self._note_timed(key)

    def _touch(self, key: int) -> None:
        super()._touch(key)
        self._note_timed(key)

    def _note_timed(self, key: int) -> None:
        self.timed[key] = self.records[key]["version"]
        self.edited_at[key] = self.now

    def _note_odd(self, key: int) -> None:
        self.timed.pop(key, None)
        self.odd_at[key] = self.now

    def insert_undated(self) -> None:
        """Insert a record without a time."""
        key = self._next_id
        super().insert()
        self.records[key]["modified"] = None

    def score(self, key: int) -> None:
        """Change a record, but not its modification time."""
        self._tick()
        self.records[key] = Record(self.records[key])
        self.records[key]["version"] += 1

    def set_back(self, key: int) -> None:
        """Change a record, and set its modification time back."""
        self._tick()
        record = self.records[key]
        time = record["modified"]
        self.records[key] = Record(
            id=key,
            version=record["version"] + 1,
            modified=time and time - self.random.randint(1, 200) * SECOND,
        )
        self._note_odd(key)

    def restore(self, *, index: int = -1) -> int:
        key = super().restore(index=index)
        self._note_odd(key)
        return key

    def change_by(self, weights: dict[str, int]) -> None:
        """Change something, of a kind that is drawn."""
        kind = self.random.choices([*weights], [*weights.values()])[0]
        keys = sorted(self.records)
        if kind == "delete" and len(keys) < 10:
            kind = "insert"
        if kind == "restore" and not self._deleted:
            kind = "delete"
        if kind in {"insert", "insert_undated", "restore", "edit_half"}:
            getattr(self, kind)()
        else:
            getattr(self, kind)(self.random.choice(keys))
        self.changed_at = self.now

    @property
    def versions(self) -> dict[int, int]:
        """The version of each record now."""
        return {key: record["version"] for key, record in self.records.items()}


class Killed(BaseException):
    """The tap was killed."""


@dataclass
class Kill:
    """How a night ends early.

    Attributes:
        what: "tap": the process; "target"; "signal": the tap is told to stop; "server":
            all further requests fail.
        at: At which event.
        kind: The kind of event; None counts all.
        is_before: Whether it happens before the event.
    """

    what: str
    at: int = 1
    kind: str | None = None
    is_before: bool = True


@dataclass
class World:
    """An account, a target, and the machine between them.

    Attributes:
        listings: The records, by stream.
        target: Where they go.
        store: Keeps the states.
        weights: How often each kind of change occurs.
        changes_per_request: How many changes come with a request.
        has_date: Whether responses say what time it is.
        clock: How far ahead the server's clock is.
        now: The time.
    """

    random: Random
    listings: dict[str, Listing]
    target: Target
    store: StateStore
    weights: dict[str, int]
    changes_per_request: float = 0.0
    has_date: bool = True
    clock: dt.timedelta = dt.timedelta()
    now: dt.datetime = START
    kill: Kill | None = None
    events: int = 0
    failure: Callable[[], BaseException] | None = None
    is_deaf: bool = False
    messages: list[Message] = field(default_factory=list)

    def let_pass(self, time: dt.timedelta) -> None:
        """Let a time pass in which nothing changes."""
        self.now += time

    def change(self) -> None:
        listing = self.random.choice([*self.listings.values()])
        listing.now = max(listing.now, self.now)
        listing.change_by(self.weights)
        self.now = listing.now

    def start_night(self, kill: Kill | None) -> None:
        """Begin a night."""
        self.kill, self.events, self.failure = kill, 0, None
        self.is_deaf = False
        self.messages = []
        self.target.start()

    def event(self, kind: str, *, is_before: bool) -> None:
        """Something happens; perhaps it is the end.

        Raises:
            BaseException: The tap is killed, told to stop, or nobody takes its output.
        """
        kill = self.kill
        if kill is None or kill.is_before != is_before or kill.kind not in {None, kind}:
            return
        self.events += 1
        if self.events == kill.at:
            self._end(kill.what)

    def _end(self, what: str) -> None:
        match what:
            case "tap":
                self.is_deaf = True
                self.failure = Killed
            case "target":
                self.target.kill()
                self.failure = partial(OutputError, "The target is gone")
            case "signal":
                self.failure = partial(Interrupted, 15)
            case "server":
                self.failure = partial(UnavailableError, "no answer", status=503)

    def check(self, *, is_request: bool = False) -> None:
        """Raise what ends the night, if it is over for who asks.

        Raises:
            BaseException: It is.
        """
        if self.failure is None:
            return
        error = self.failure()
        if is_request or not isinstance(error, ApiError):
            raise error

    def answer(self, name: str, request: PageRequest) -> tuple[bytes, dt.datetime]:
        """Answer a request for a page."""
        self.check(is_request=True)
        self.event("request", is_before=True)
        self.check(is_request=True)
        whole, rest = divmod(self.changes_per_request, 1)
        for _ in range(int(whole) + (self.random.random() < rest)):
            self.change()
        listing = self.listings[name]
        listing.now = max(listing.now, self.now)
        page = listing.search(request)
        self.now += _A_REQUEST
        body = {
            "data": [
                {
                    "id": record["id"],
                    "name": str(record["version"]),
                    "currency": str(record["version"]),
                    "modifiedTime": record["modified"]
                    and format_time(record["modified"]),
                }
                for record in page.records
            ],
            "totalElements": page.total,
            "size": page.size,
            "last": page.last,
        }
        self.event("request", is_before=False)
        return msgspec.json.encode(body), page.sent_at + self.clock


class Lazy:
    """A call that is made when someone waits for its result, or for another's."""

    def __init__(self, pool: LazyPool, call: Callable[[], t.Any]) -> None:
        self._pool = pool
        self._call = call
        self.is_done = False
        self._result: t.Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._error = error
        self.is_done = True

    def result(self) -> t.Any:
        self._pool.run_until(self)
        if self._error:
            raise self._error
        return self._result


class LazyPool:
    """A thread pool without threads: what is in flight ends in any order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Lazy] = []

    def submit(self, function: t.Any, *args: t.Any, **kwargs: t.Any) -> Lazy:
        task = Lazy(self, partial(function, *args, **kwargs))
        self._waiting.append(task)
        return task

    def run_until(self, task: Lazy) -> None:
        while not task.is_done:
            self._world.check()
            number = self._world.random.randrange(len(self._waiting))
            self._waiting.pop(number).run()


class ModelClient:
    """Sends no request, but asks the account."""

    def __init__(self, world: World) -> None:
        self.clock = ServerClock()
        self._world = world

    def fetch(
        self,
        request: Request,
        read: Callable[[t.Any], t.Any],
        counts: RequestCounts | None = None,
    ) -> t.Any:
        world = self._world
        if counts:
            counts.requests += 1
        params = t.cast("dict[str, str]", request.params)
        after = params["modifiedAfter"]
        wanted = PageRequest(
            number=int(params["page"]),
            size=int(params["size"]),
            after=dt.datetime.fromisoformat(after) if after else None,
            newest_first=params["sortDirection"] == "desc",
        )
        name = PATHS[urlsplit(request.url).path.removeprefix("/api")]
        body, time = world.answer(name, wanted)
        sent_at = time if world.has_date else None
        self.clock.note(sent_at)
        return read(SimpleNamespace(body=body, sent_at=sent_at))


class Pipe(BufferedWriter):
    """Hands messages to the target at once."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def _append(self, *parts: bytes) -> None:
        world = self._world
        for line in b"".join(parts).splitlines():
            message = msgspec.json.decode(line)
            world.event(message["type"], is_before=True)
            if world.is_deaf:
                break
            for part in _parts(message):
                world.messages.append(part)
                world.target.take(part)
            world.event(message["type"], is_before=False)
        if isinstance(error := world.failure and world.failure(), OutputError | Killed):
            raise error

    def flush(self, *, within: float | None = None) -> None:
        if within is None:
            self._world.check()


def _parts(message: Message) -> Iterator[Message]:
    """Yield a message, or what a target makes of one that names files."""
    if message["type"] != "BATCH":
        yield message
        return
    for name in message["manifest"]:
        with gzip.open(name.removeprefix("file://")) as lines:
            for line in lines:
                record = msgspec.json.decode(line)
                yield {"type": "RECORD", "stream": message["stream"], "record": record}


class NightTap(TapClientSuccess):
    """The tap, with few streams, and no network."""

    def __init__(self, world: World, **kwargs: t.Any) -> None:
        self._world = world
        self.after_news: dict[str, Outcome] = {}
        super().__init__(message_writer=Pipe(world), **kwargs)

    def discover_streams(self) -> list[t.Any]:
        return [stream(self) for stream in STREAMS.values()]

    @cached_property
    def context(self) -> TapContext:
        return TapContext(
            Settings.from_config(self.config),
            t.cast("t.Any", ModelClient(self._world)),
            t.cast("t.Any", LazyPool(self._world)),
            FieldDefinitions(None, lambda: None),
            Reporter(),
        )

    def _read_second_halves(self) -> None:
        self.after_news = {name: s.outcome for name, s in self.streams.items()}  # type: ignore[attr-defined]
        self._world.event("between", is_before=True)
        self._world.check()
        super()._read_second_halves()


@dataclass(frozen=True)
class Setup:
    """What the settings and the catalog of a night say.

    Attributes:
        intervals: The setting `full_read_interval_days`.
        columns: The columns that are selected.
        is_whole: Whether the streams are FULL_TABLE.
        config: Further settings.
    """

    intervals: dict[str, float | None] = field(default_factory=dict)
    columns: tuple[str, ...] = ("name",)
    is_whole: bool = False
    config: dict[str, t.Any] = field(default_factory=dict)

    def catalog(self) -> dict[str, t.Any]:
        """The catalog."""
        kinds = {name: {"type": ["string", "null"]} for name in self.columns}
        time = {"type": ["string", "null"], "format": "date-time"}
        schema = {
            "type": "object",
            "properties": {"id": {"type": "integer"}, **kinds, "modifiedTime": time},
        }
        return {
            "streams": [
                {
                    "tap_stream_id": name,
                    "stream": name,
                    "key_properties": ["id"],
                    "replication_key": "modifiedTime",
                    "replication_method": (
                        "FULL_TABLE" if self.is_whole else "INCREMENTAL"
                    ),
                    "schema": schema,
                    "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
                }
                for name in STREAMS
            ]
        }


@dataclass
class Night:
    """How a night went.

    Attributes:
        error: What ended it early, if anything did.
        after_news: How the first pass ended, by stream; empty if it did not.
        outcomes: How the streams ended.
        is_written: Whether the target took everything to the end.
    """

    error: BaseException | None
    after_news: dict[str, Outcome]
    outcomes: dict[str, Outcome]
    is_written: bool


def run_night(world: World, setup: Setup, kill: Kill | None = None) -> Night:
    """Run the tap once, and its target."""
    config = {
        "api_key": "key",
        "base_url": "http://127.0.0.1/api",
        "discover_custom_fields": False,
        "full_read_interval_days": setup.intervals,
        **setup.config,
    }
    world.start_night(kill)
    with _in_the_model(world):
        tap = NightTap(
            world,
            config=config,
            state=msgspec.json.decode(msgspec.json.encode(world.store.state)),
            catalog=setup.catalog(),
        )
        error: BaseException | None = None
        try:
            tap.run()
        except (ApiError, OutputError, Interrupted, Killed) as ended:
            error = ended
    is_written = error is None and world.target.is_alive
    world.target.finish()
    outcomes = {name: s.outcome for name, s in tap.streams.items()}  # type: ignore[attr-defined]
    return Night(error, tap.after_news, outcomes, is_written)


@contextlib.contextmanager
def _in_the_model(world: World) -> Iterator[None]:
    def now(_: t.Any = None) -> dt.datetime:
        return world.now

    time = SimpleNamespace(
        datetime=SimpleNamespace(now=now), timedelta=dt.timedelta, UTC=dt.UTC
    )
    logging.disable(logging.CRITICAL)
    try:
        with (
            mock.patch("tap_clientsuccess.http.responses.dt", time),
            mock.patch.object(search, "dt", time),
            mock.patch("tap_clientsuccess.config.settings.package_version", str),
        ):
            yield
    finally:
        logging.disable(logging.NOTSET)
