"""When a stream is read in full, with which version, and what the state says of that.

An incremental read brings what moved the modification time. All else (scores, deletes,
new columns) takes a *full read*, which is due at an interval, and where what leaves has
changed. It may take several runs. The rules, which a change must not break:

1. A run that takes part in a full read covers all times from the read's *place* to the
   end of the list, and proves that. What was sent before the place, in earlier runs,
   carries the same version; what changed since lies behind the place.
2. The place passes only what is proven; the bookmark is not the place, and never goes
   back.
3. A version is begun before the first record of a full read, and is activated only if
   the read ended complete and nothing spoke against it in any of its runs. Then targets
   delete the rows of lesser versions: those are the records that no longer exist.
4. What was begun under another key, name, stream map or `start_date`, or with BATCH or
   versions switched on or off, begins anew, with another version.
5. A new version is greater than every version in the state that the run was given.

All of it lies in the stream's bookmark, as the SDK keeps no other key. Meltano merges
a partial state deeply into the one before: so no key is removed, and none is null that
may become an object, which it fails to merge.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from tap_clientsuccess.singer.outputs import hash_of, packed, unpacked

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_clientsuccess.singer.outputs import Outputs

PAST = "full_read"
UNDERWAY = "full_read_in_progress"
VERSION = "table_version"

_MOST_EARLY = dt.timedelta(hours=3)
_EARLY = 0.1
"""A run that is early by this share of the interval counts as on time."""
_DAY = dt.timedelta(days=1)
_MOST_RUNS = 3
"""So often a read that cannot be resumed may be interrupted."""
_JITTER = dt.timedelta(minutes=1)
"""By so much a clock may go back between two runs: the server tells whole seconds."""
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)

Time = t.Annotated[dt.datetime, msgspec.Meta(tz=True)]


class Kind(StrEnum):
    """What a run reads of a stream."""

    FIRST = "first"
    FULL = "full"
    INCREMENTAL = "incremental"


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of earlier full reads.

    Attributes:
        began: When the last complete one began; None if there was none.
        version: Its version.
        start_date: From when it read.
        shape: What left then, see `Outputs.shape`.
        columns: The columns that left in every run since.
        records: How many records it brought.
        activated: How many the next one is measured against: as many as the last one
            brought that was activated, or the first that could be.
        undated: How many of its records had no time.
        tried: When the last one began that ended without being complete.
        failed: How many did so, one after the other.
        due: Why one is due next time, if something came up.
        turn: When one last had its turn.
        by_number: Whether the stream was last read by page number.
        accepted: How many records are missing by a total that is taken to be wrong.
    """

    began: Time | None = None
    version: int = 0
    start_date: Time | None = None
    shape: str = ""
    columns: str = ""
    records: int | None = None
    activated: int | None = None
    undated: int = 0
    tried: Time | None = None
    failed: int = 0
    due: str = ""
    turn: Time | None = None
    by_number: bool = False
    accepted: int = 0


class Underway(msgspec.Struct, frozen=True, kw_only=True):
    """A full read that is in progress.

    Attributes:
        began: When it began; None if none is in progress.
        version: The version of its records, whether they carry it or not.
        place: What changed up to this time has been read; None: nothing.
        basis: What must not change in the meantime, as a hash.
        columns: The columns that left in each of its runs.
        barred: Why it must not be activated, if so.
        runs: How many runs began it from the start, where it cannot be resumed.
    """

    began: Time | None = None
    version: int = 0
    place: Time | None = None
    basis: str = ""
    columns: str = ""
    barred: str = ""
    runs: int = 0


class Facts(t.NamedTuple):
    """What decides on the read of a stream in this run.

    Attributes:
        outputs: What leaves.
        interval: How often it is read in full; None for never.
        start_date: From when it is read.
        is_whole: Whether every run reads it in full.
        is_at_once: Whether a full read of it has no second half.
        replication_key: What its bookmark is of.
        has_bookmark: Whether an earlier run read it.
        is_unfinished: Whether its first read is unfinished.
        is_new: Whether the tap was given no state at all.
        uses_versions: Whether its records carry a version.
        uses_batch: Whether they leave in files.
    """

    outputs: Outputs
    interval: dt.timedelta | None = None
    start_date: dt.datetime | None = None
    is_whole: bool = False
    is_at_once: bool = False
    replication_key: str | None = None
    has_bookmark: bool = False
    is_unfinished: bool = False
    is_new: bool = False
    uses_versions: bool = False
    uses_batch: bool = False

    @property
    def basis(self) -> str:
        """What must not change while a full read is in progress, as a hash."""
        return hash_of(
            [
                self.outputs.shape,
                self.replication_key,
                self.start_date,
                self.uses_versions,
                self.uses_batch,
            ]
        )


class Ending(t.NamedTuple):
    """How a full read ended.

    Attributes:
        is_complete: Whether it brought everything.
        records: How many records there are.
        undated: How many of them have no time.
        objection: Why its version must not be activated, if so.
    """

    is_complete: bool
    records: int = 0
    undated: int = 0
    objection: str = ""


class Schedule:
    """Decides what a run reads of one stream, and keeps that in the state.

    Attributes:
        kind: What this run reads.
        reason: Why it reads in full, in words for the log.
        version: The version of the records; None without versions.
        has_begun: Whether `begin` was called.
        is_resumed: Whether an earlier run began what this one reads.
        has_second_half: Whether the rest is read after what is new in all streams.
    """

    def __init__(self, state: dict[str, t.Any]) -> None:
        """Read what the state says; what cannot be read counts as absent.

        Args:
            state: The stream's bookmark, which this object changes.
        """
        self.kind = Kind.INCREMENTAL
        self.reason = ""
        self.version: int | None = None
        self.has_begun = self.has_second_half = self.is_resumed = False
        self._has_attempted = False
        self._state = state
        self._facts: Facts
        self._now = _NEVER

    @property
    def past(self) -> Past:
        """What is known of earlier full reads."""
        return _read(self._state.get(PAST), Past) or Past()

    @property
    def underway(self) -> Underway | None:
        """The full read in progress, if any: one that is newer than the last."""
        found = _read(self._state.get(UNDERWAY), Underway)
        is_new = found and found.began and found.version > self.past.version
        return found if is_new else None

    @property
    def next_at(self) -> dt.datetime | None:
        """When the next full read is due; None for never, or while one is underway."""
        if not self.has_begun:
            return None
        facts, past = self._facts, self.past
        if facts.is_whole or facts.interval is None or self.underway:
            return None
        if past.failed == 1 or past.due:
            return self._now
        since = _latest(past)
        return None if since == _NEVER else since + facts.interval

    def begin(self, facts: Facts, now: dt.datetime, version: int) -> None:
        """Decide what is read, before the first record.

        Args:
            facts: What decides.
            now: The time, by the server's clock.
            version: A new version; see rule 5.
        """
        self.has_begun, self._facts, self._now = True, facts, now
        if self.past.version >= version:  # From the future: forgotten.
            self._change(version=0)
        underway = self.underway
        if underway and (
            facts.is_whole
            or underway.basis != facts.basis
            or underway.version >= version
        ):
            underway = None
        if underway and underway.runs >= _MOST_RUNS:
            self._end_without(underway)
            underway = None
        self.kind, self.reason = self._decide(underway)
        self.is_resumed = facts.is_unfinished or bool(
            self.kind is Kind.FULL and underway and underway.place
        )
        # Of a first read that began on another basis, a part is there already.
        is_mixed = self.kind is Kind.FIRST and facts.has_bookmark
        if self.kind is not Kind.INCREMENTAL and not (underway or is_mixed):
            underway = Underway(
                began=now,
                version=version,
                basis=facts.basis,
                columns=packed(facts.outputs.columns),
                barred=self._known_objection,
            )
        self._set(UNDERWAY, underway)
        is_at_once = facts.is_whole or facts.is_at_once or self.past.by_number
        self.has_second_half = self.kind is Kind.FULL and not is_at_once
        if facts.uses_versions:
            self.version = self._version(underway, version)
            self._state[VERSION] = self.version

    def _decide(self, underway: Underway | None) -> tuple[Kind, str]:
        facts = self._facts
        if facts.is_whole:
            return Kind.FULL, "every run reads it in full"
        if not facts.has_bookmark or facts.is_unfinished:
            return Kind.FIRST, "it was never read before"
        if facts.interval is None:
            return Kind.INCREMENTAL, ""
        if underway:
            return Kind.FULL, f"it goes on since {underway.began:%Y-%m-%d}"
        reason = why_due(self.past, facts, self._now)
        return (Kind.FULL if reason else Kind.INCREMENTAL), reason

    def _version(self, underway: Underway | None, new: int) -> int:
        latest = self._state.get(VERSION)
        if underway:
            return underway.version
        return latest if type(latest) is int and latest < new else new

    @property
    def _known_objection(self) -> str:
        """What speaks against an activation from the start."""
        facts = self._facts
        if facts.start_date:
            return "start_date leaves records out"
        if facts.uses_batch:
            return "BATCH messages have no version"
        if facts.outputs.filters:
            return "a stream map leaves records out"
        if facts.outputs.sets_keys:
            return "a stream map sets the primary key, as tables of several accounts do"
        if not facts.is_new and self.past.activated is None:
            return (
                "no earlier one was activated, so its number of records cannot be "
                "compared; the next one can"
            )
        return ""

    def note_turn(self) -> None:
        """Note that the second half has its turn."""
        self._change(turn=self._now)

    def note_by_number(self, *, is_by_number: bool) -> None:
        """Note whether the stream was read by page number."""
        if self.past.by_number != is_by_number:
            self._change(by_number=is_by_number)

    def note_attempt(self) -> None:
        """Note, once a run, that a read begins that cannot be resumed."""
        if (underway := self.underway) and not self._has_attempted:
            self._has_attempted = True
            self._set(UNDERWAY, replace(underway, runs=underway.runs + 1))

    def note_due(self, reason: str) -> None:
        """Let a full read be due next time."""
        if not self.past.due:
            self._change(due=reason)

    def note_columns(self) -> None:
        """Note that records left with the columns of this run."""
        columns = self._facts.outputs.columns
        past, underway = self.past, self.underway
        if past.columns and not (known := unpacked(past.columns)) <= columns:
            self._change(columns=packed(known & columns))
        if underway and not (known := unpacked(underway.columns)) <= columns:
            self._set(UNDERWAY, replace(underway, columns=packed(known & columns)))

    def bar(self, objection: str) -> None:
        """Note why the read in progress must not be activated."""
        if (underway := self.underway) and not underway.barred:
            self._set(UNDERWAY, replace(underway, barred=objection))

    @property
    def place(self) -> dt.datetime | None:
        """Up to where the full read in progress has come."""
        return self.underway.place if self.underway else None

    def move(self, place: dt.datetime | None) -> None:
        """Set the place of the full read in progress."""
        if underway := self.underway:
            self._set(UNDERWAY, replace(underway, place=place))

    def objection(self, ending: Ending) -> str:
        """Return why the version must not be activated; nothing if it may be."""
        if not ending.is_complete:
            return "not everything came"
        if (underway := self.underway) is None:
            return "a part was read before, without this version"
        if why := underway.barred or ending.objection:
            return why
        if not ending.records:
            return "there are no records at all"
        if 2 * ending.records < (self.past.activated or 0):
            expected = f"{self.past.activated:,}"
            return f"{ending.records:,} records are fewer than half of {expected}"
        return ""

    def end(self, ending: Ending, *, is_activated: bool) -> None:
        """Note how the full read ended."""
        underway, past, facts = self.underway, self.past, self._facts
        if underway is None:
            return
        if not ending.is_complete:
            self._end_without(underway)
            return
        records, activated = past.records, past.activated
        if not ending.objection:  # Else that is no number of all there is.
            records = ending.records
            if facts.uses_versions and (is_activated or activated is None):
                activated = ending.records
        self._set(
            PAST,
            Past(
                began=underway.began,
                version=underway.version,
                start_date=facts.start_date,
                shape=facts.outputs.shape,
                columns=underway.columns,
                records=records,
                activated=activated,
                undated=ending.undated,
                turn=past.turn,
                by_number=past.by_number,
                accepted=past.accepted,
            ),
        )
        self._set(UNDERWAY, None)

    def _end_without(self, underway: Underway) -> None:
        self._change(tried=underway.began, failed=self.past.failed + 1, due="")
        self._set(UNDERWAY, None)

    def accept(self, missing: int) -> bool:
        """Note a wrong total; return whether it was accepted before, and not less."""
        before = self.past.accepted
        self._change(accepted=missing)
        return 0 < missing <= before

    def intervals_waited(self) -> float:
        """Return how many intervals ago the second half last had its turn."""
        interval = self._facts.interval or _DAY
        return (self._now - (self.past.turn or _NEVER)) / interval

    def _change(self, **values: t.Any) -> None:
        self._set(PAST, replace(self.past, **values))

    def _set(self, key: str, value: Past | Underway | None) -> None:
        if value is not None:
            self._state[key] = msgspec.to_builtins(value)
        elif key in self._state:
            self._state[key] = msgspec.to_builtins(Underway())


def why_due(past: Past, facts: Facts, now: dt.datetime) -> str:
    """Return why a full read is due; nothing if it is not.

    Args:
        past: What is known of earlier ones.
        facts: What decides.
        now: The time, by the server's clock.
    """
    interval = facts.interval
    if interval is None:
        return ""
    since = _latest(past)
    early = min(interval * _EARLY, _MOST_EARLY) + _JITTER
    is_time = now - since >= interval - early
    reasons = {
        "the last full read was not complete": past.failed == 1,
        "it was never read in full": since == _NEVER or since > now + _JITTER,
        _in_words(interval): is_time,
    }
    if not past.failed:
        start, before = facts.start_date or _NEVER, past.start_date or _NEVER
        reasons |= {
            "its name, key or stream map changed": past.shape != facts.outputs.shape,
            "there are new columns": not facts.outputs.columns
            <= unpacked(past.columns),
            "start_date is earlier": start < before,
            past.due: bool(past.due),
        }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _latest(past: Past) -> dt.datetime:
    """Return when the read began from which the interval counts."""
    return max(past.began or _NEVER, (past.failed > 1 and past.tried) or _NEVER)


def _in_words(interval: dt.timedelta) -> str:
    days = interval / _DAY
    if days == 1:
        return "every day"
    return f"every {days:g} days" if days else "in every run"


def greatest_version(
    bookmarks: Mapping[str, t.Any], now: dt.datetime
) -> tuple[int, bool]:
    """Return the greatest version in a state, and whether one was from the future.

    One that is more than a day ahead is an error of a clock, and is forgotten.
    """
    versions = list(_versions(bookmarks.values()))
    latest = (now + _DAY).timestamp()
    usable = [version for version in versions if version <= latest]
    return max(usable, default=0), len(usable) < len(versions)


def _versions(bookmarks: Iterable[t.Any]) -> Iterable[int]:
    for bookmark in bookmarks:
        reads = [bookmark.get(key) for key in (PAST, UNDERWAY)]
        found = [read.get("version") for read in reads if isinstance(read, dict)]
        found.append(bookmark.get(VERSION))
        yield from (version for version in found if type(version) is int)


S = t.TypeVar("S", bound=msgspec.Struct)


def _read(value: t.Any, kind: type[S]) -> S | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
