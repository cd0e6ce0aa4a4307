"""What one run reads of a stream: decided once, before its first record."""

from __future__ import annotations

import datetime as dt
import typing as t
from enum import StrEnum

from tap_clientsuccess.schedule.noted import NEVER, Noted, Underway
from tap_clientsuccess.singer.outputs import hash_of, packed, unpacked

if t.TYPE_CHECKING:
    from tap_clientsuccess.singer.outputs import Outputs
    from tap_clientsuccess.singer.progress import Outcome

_DAY = dt.timedelta(days=1)
_MOST_EARLY = dt.timedelta(hours=3)
_EARLY = 0.1
"""A run that is early by this share of the interval counts as on time."""
_JITTER = dt.timedelta(minutes=1)
"""How far a clock may go back between two runs: the server tells whole seconds."""
_MOST_RUNS = 3
"""How often a read that cannot be resumed may be interrupted."""


class Kind(StrEnum):
    """What a run reads of a stream."""

    FIRST = "first"
    FULL = "full"
    INCREMENTAL = "incremental"


class Facts(t.NamedTuple):
    """What decides on the read of a stream in this run.

    Attributes:
        outputs: What leaves.
        interval: How often it is read in full; None for never.
        start_date: From when it is read.
        is_whole: Whether every run reads it in full.
        reads_at_once: Whether a full read of it has no second half.
        replication_key: What its bookmark is of.
        has_bookmark: Whether an earlier run read it.
        is_new: Whether the tap was given no state at all.
        uses_versions: Whether its records carry a version.
        uses_batch: Whether they leave in files.
    """

    outputs: Outputs
    interval: dt.timedelta | None = None
    start_date: dt.datetime | None = None
    is_whole: bool = False
    reads_at_once: bool = False
    replication_key: str | None = None
    has_bookmark: bool = False
    is_new: bool = False
    uses_versions: bool = False
    uses_batch: bool = False

    @property
    def basis(self) -> str:
        """What must not change while a full read is in progress, as a hash."""
        options = [self.start_date, self.uses_versions, self.uses_batch]
        return hash_of([self.outputs.shape, self.replication_key, *options])


class Schedule(Noted):
    """Decides what a run reads of one stream, and keeps that in its bookmark.

    Attributes:
        kind: What this run reads.
        reason: Why it reads in full, in words for the log.
        version: The version of the records; None without versions.
        has_begun: Whether `begin` was called.
        now: When it was, by the server's clock.
        is_resumed: Whether an earlier run began what this one reads.
        has_second_half: Whether the rest is read after what is new in all streams.
    """

    kind = Kind.INCREMENTAL
    reason = ""
    version: int | None = None
    has_begun = False
    is_resumed = False
    has_second_half = False
    _has_attempted = False
    _facts: Facts
    now: dt.datetime

    @property
    def next_at(self) -> dt.datetime | None:
        """When the next full read is due; None for never, or while one is underway."""
        if not self.has_begun or self.underway or self._facts.is_whole:
            return None
        if (interval := self._facts.interval) is None:
            return None
        return self.now if self._why_due(interval) else self.past.latest + interval

    def begin(self, facts: Facts, now: dt.datetime, version: int) -> None:
        """Decide what is read, before the first record.

        The time is by the server's clock; the version is a new one, see rule 5 in
        `schedule/__init__.py`.
        """
        self.has_begun, self._facts, self.now = True, facts, now
        underway = self.underway
        if underway and (facts.is_whole or underway.basis != facts.basis):
            underway = None
        if underway and underway.runs >= _MOST_RUNS:
            self._end_without(underway)
            underway = None
        self.kind, self.reason = self._decide(underway)
        self.is_resumed = self.first_read_is_unfinished or bool(
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
        self.underway = underway
        is_at_once = facts.is_whole or facts.reads_at_once or self.past.by_number
        self.has_second_half = self.kind is Kind.FULL and not is_at_once
        if facts.uses_versions:
            latest = underway.version if underway else self.latest_version
            self.version = self.latest_version = version if latest is None else latest

    def _decide(self, underway: Underway | None) -> tuple[Kind, str]:
        facts = self._facts
        if facts.is_whole:
            return Kind.FULL, "every run reads it in full"
        if not facts.has_bookmark or self.first_read_is_unfinished:
            return Kind.FIRST, "it was never read before"
        if facts.interval is None:
            return Kind.INCREMENTAL, ""
        if underway:
            return Kind.FULL, f"it began on {underway.began:%Y-%m-%d}"
        reason = self._why_due(facts.interval)
        return (Kind.FULL if reason else Kind.INCREMENTAL), reason

    def _why_due(self, interval: dt.timedelta) -> str:
        """Return why a full read is due; nothing if it is not."""
        past, facts, since = self.past, self._facts, self.past.latest
        early = min(interval * _EARLY, _MOST_EARLY) + _JITTER
        days, words = interval / _DAY, {0.0: "its interval is 0", 1.0: "every day"}
        every = words.get(days, f"every {days:g} days")
        is_unread = since == NEVER or since > self.now + _JITTER
        reasons = [
            ("the last full read was not complete", past.failed == 1),
            ("it was never read in full", is_unread),
            (every, self.now - since >= interval - early),
        ]
        if not past.failed:
            outputs = facts.outputs
            start, before = facts.start_date or NEVER, past.start_date or NEVER
            has_new = not outputs.columns <= unpacked(past.columns)
            reasons += [
                ("its name, key or stream map changed", past.shape != outputs.shape),
                ("there are new columns", has_new),
                ("start_date is earlier", start < before),
                (past.due, bool(past.due)),
            ]
        return next((reason for reason, holds in reasons if holds), "")

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
                "no earlier version was activated, so there is no number of records "
                "to compare with; the next full read has one"
            )
        return ""

    def note_attempt(self) -> None:
        """Note, once a run, that a read begins that cannot be resumed."""
        if (underway := self.underway) and not self._has_attempted:
            self._has_attempted = True
            self.go_on(runs=underway.runs + 1)

    def note_columns(self) -> None:
        """Note that records left with the columns of this run."""
        columns = self._facts.outputs.columns
        past, underway = self.past, self.underway
        if past.columns and not (known := unpacked(past.columns)) <= columns:
            self.note(columns=packed(known & columns))
        if underway and not (known := unpacked(underway.columns)) <= columns:
            self.go_on(columns=packed(known & columns))

    def bar(self, objection: str) -> None:
        """Note why the read in progress must not be activated."""
        if (underway := self.underway) and not underway.barred:
            self.go_on(barred=objection)

    def objection(self, outcome: Outcome) -> str:
        """Return why the version must not be activated; nothing if it may be."""
        if not outcome.is_complete:
            return "the read was not complete"
        if (underway := self.underway) is None:
            return "an earlier part was read without this version"
        if why := underway.barred or outcome.uncounted:
            return why
        records, expected = outcome.everything, self.past.activated or 0
        if not records:
            return "there are no records at all"
        if 2 * records < expected:
            return f"{records:,} records are fewer than half of {expected:,}"
        return ""

    def end(self, outcome: Outcome, *, is_activated: bool) -> None:
        """Note how the full read ended: a first one is over."""
        self.note_first_read_over()
        underway, past, facts = self.underway, self.past, self._facts
        if underway is None:
            return
        if not outcome.is_complete:
            self._end_without(underway)
            return
        records, activated = past.records, past.activated
        if not outcome.uncounted:  # Else that is no number of all there is.
            records = outcome.everything
            if facts.uses_versions and (is_activated or activated is None):
                activated = outcome.everything
        self.note(
            began=underway.began,
            version=underway.version,
            start_date=facts.start_date,
            shape=facts.outputs.shape,
            columns=underway.columns,
            records=records,
            activated=activated,
            undated=outcome.undated,
            tried=None,
            failed=0,
            due="",
        )
        self.underway = None

    def _end_without(self, underway: Underway) -> None:
        self.note(tried=underway.began, failed=self.past.failed + 1, due="")
        self.underway = None

    def intervals_waited(self) -> float:
        """Return how many intervals ago the second half last had its turn."""
        interval = self._facts.interval or _DAY
        return (self.now - (self.past.turn or NEVER)) / interval
