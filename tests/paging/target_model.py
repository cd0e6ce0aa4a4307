"""A target with hard deletes, and a store of states, as far as a tap can tell."""

from __future__ import annotations

import copy
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Message = dict[str, t.Any]


@dataclass
class Row:
    """A row of a table.

    Attributes:
        values: Its columns, as the last record of its key set them.
        version: The version of that record, if it had one.
    """

    values: dict[str, t.Any]
    version: int | None = None


Table = dict[int, Row]


class Target:
    """Upserts by key; `ACTIVATE_VERSION` deletes the rows of lesser versions.

    Attributes:
        style: "sdk": the SQL sink of the SDK, which leaves rows without a version, and
            deletes before it has written what waits. "postgres": target-postgres
            0.8.1, which does both the other way round.
        tables: The tables, by the stream's name.
        confirmed: The states that it confirmed in this run.
        is_alive: Whether it takes messages.
        sizes: After how many records it may write them, and confirm a state.
        on_delete: Called with a table's name and the rows that are about to go.
        lost: The table and key of each row that is gone until it is sent again: it was
            deleted, and the target killed before it wrote what takes its place.
    """

    def __init__(self, style: str, random: Random) -> None:
        self.style = style
        self.tables: dict[str, Table] = {}
        self.confirmed: list[Message] = []
        self.is_alive = True
        self.sizes = [1, 10, 50, 10_000]
        self.on_delete: Callable[[str, int, Table], None] = lambda *_: None
        self.lost: set[tuple[str, int]] = set()
        self._replaced: set[tuple[str, int]] = set()
        self._random = random
        self._waiting: list[Message] = []
        self._most = 0
        self._state: Message | None = None

    def start(self) -> None:
        """Begin a run; how often it writes differs."""
        self.is_alive = True
        self.confirmed = []
        self._waiting, self._state = [], None
        self._most = self._random.choice(self.sizes)

    def take(self, message: Message) -> None:
        """Take a message, if it is alive."""
        if not self.is_alive:
            return
        match message["type"]:
            case "RECORD":
                self._waiting.append(message)
            case "STATE":
                self._state = message["value"]
                if len(self._waiting) >= self._most:
                    self._write_all()
            case "ACTIVATE_VERSION":
                self._activate(message["stream"], message["version"])

    def finish(self) -> None:
        """Take the end of the input."""
        if self.is_alive:
            self._write_all()
        self.is_alive = False

    def kill(self) -> None:
        """Forget what was not written, and confirm nothing more."""
        self.is_alive = False
        self.lost |= self._replaced

    def _write_all(self) -> None:
        self._write()
        if self._state is not None:
            self.confirmed.append(copy.deepcopy(self._state))

    def _write(self) -> None:
        for message in self._waiting:
            _upsert(self.tables.setdefault(message["stream"], {}), message)
            self.lost.discard((message["stream"], message["record"]["id"]))
        self._waiting.clear()
        self._replaced.clear()

    def _activate(self, name: str, version: int) -> None:
        if self.style == "postgres":
            self._write()
        table = self.tables.setdefault(name, {})
        waiting: Table = {}
        for message in self._waiting:
            if message["stream"] == name:
                _upsert(waiting, message)
        is_unversioned_old = self.style == "postgres"
        old = {
            key: row
            for key, row in table.items()
            if (
                row.version < version if row.version is not None else is_unversioned_old
            )
        }
        # What waits is written right after.
        gone = {key: row for key, row in old.items() if key not in waiting}
        self.on_delete(name, version, gone)
        for key in old:
            del table[key]
            if key in waiting:
                self._replaced.add((name, key))


def _upsert(table: Table, message: Message) -> None:
    record = message["record"]
    row = table.setdefault(record["id"], Row({}))
    row.values |= record
    row.version = message.get("version")


@dataclass
class StateStore:
    """Keeps what a target confirms.

    Attributes:
        merges: Whether each state is merged deeply into the one before, as Meltano does
            with partial states; else the last one counts.
        state: The state that the next run is given.
        older: All states that runs were given.
    """

    merges: bool
    state: Message = field(default_factory=dict)
    older: list[Message] = field(default_factory=list)

    def keep(self, states: list[Message]) -> None:
        """Keep the states of a run."""
        for state in states:
            self.state = merged(state, self.state) if self.merges else state
        self.older.append(copy.deepcopy(self.state))


def merged(source: Message, onto: Message) -> Message:
    """Merge deeply, as Meltano does: an object onto null fails."""
    result = copy.deepcopy(onto)
    _merge(source, result)
    return result


def _merge(source: Message, onto: Message) -> None:
    for key, value in source.items():
        if isinstance(value, dict):
            _merge(value, onto.setdefault(key, {}))
        else:
            onto[key] = value
