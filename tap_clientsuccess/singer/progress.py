"""How far the read of a stream has come, in numbers and in words, and how it ended."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from enum import StrEnum

from singer_sdk.exceptions import (
    AbortedSyncFailedException,
    AbortedSyncPausedException,
)

from tap_clientsuccess.errors import counted
from tap_clientsuccess.http.client import RequestCounts
from tap_clientsuccess.singer.signals import Interrupted

_SAMPLED = (AbortedSyncFailedException, AbortedSyncPausedException)
"""What the SDK raises to end a sampled stream."""
_PASSES = {2: "second", 3: "third", 4: "fourth"}


class Status(StrEnum):
    """How a read ended, as `sync_log` says it."""

    COMPLETE = "complete"
    MISSING = "missing"
    IN_DOUBT = "in doubt"
    IN_PROGRESS = "in progress"
    SKIPPED = "skipped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    SAMPLED = "sampled"

    @classmethod
    def after(cls, error: BaseException) -> Status:
        """Return how a read ended that raised an error."""
        if isinstance(error, _SAMPLED):
            return cls.SAMPLED
        is_stopped = isinstance(error, Interrupted)
        return cls.INTERRUPTED if is_stopped else cls.FAILED

    @property
    def in_log(self) -> str:
        """As the summary says it: one word for all that falls short."""
        is_short = self in {Status.MISSING, Status.IN_DOUBT, Status.IN_PROGRESS}
        return "incomplete" if is_short else self.value


BROKEN_OFF = (Status.INTERRUPTED, Status.FAILED)
"""How a read ended that did not come to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the read of a stream ended.

    Attributes:
        status: How.
        why: What is missing or in doubt, or why it was skipped or failed.
        missing: How many records are missing, if known.
        is_unfinished: Whether a first read has to go on in the next run.
        was_accepted: Whether as many were missing before, and that was accepted.
        distinct: How many distinct records were sent.
        everything: How many records there are, if the read was a full one.
        undated: How many of them have no time.
        uncounted: Why records could be missing unseen, if so.
    """

    status: Status
    why: str = ""
    missing: int = 0
    is_unfinished: bool = False
    was_accepted: bool = False
    distinct: int = 0
    everything: int = 0
    undated: int = 0
    uncounted: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything came."""
        return self.status is Status.COMPLETE

    @property
    def is_newly_short(self) -> bool:
        """Whether something is missing or in doubt that was not before."""
        is_short = self.status in {Status.MISSING, Status.IN_DOUBT}
        return is_short and not self.was_accepted


@dataclass
class StreamProgress:
    """How far the sync of a stream has come.

    Attributes:
        stream: The stream's name.
        bookmark_before: The bookmark at the start, if any.
        part: What is read of it, where that is not all of its run.
        records: RECORD messages so far.
        sent: Of how many distinct records they are, at most; None for as many.
        changed: How many messages are of records that changed since that bookmark; None
            where nothing tells.
        passes: How often the list was begun: once, unless it has to be read again.
        read: How many records the pages of this pass had.
        total: Records to read by the server's count; None if unknown.
        requests: Counts of its requests.
        seconds: How long it has taken.
        bookmark: The bookmark at the end, if any.
        status: complete, incomplete, skipped, sampled, failed or interrupted, once it
            ended.
    """

    stream: str
    bookmark_before: str | None = None
    part: str = ""
    records: int = 0
    sent: int | None = None
    changed: int | None = None
    passes: int = 1
    read: int = 0
    total: int | None = None
    requests: RequestCounts = field(default_factory=RequestCounts)
    seconds: float = 0.0
    bookmark: str | None = None
    status: str = ""

    @property
    def distinct(self) -> int:
        """How many distinct records were sent so far."""
        return self.records if self.sent is None else min(self.records, self.sent)

    @property
    def new(self) -> int | None:
        """How many distinct records changed since that bookmark, if that is known."""
        return None if self.changed is None else min(self.distinct, self.changed)

    @property
    def position(self) -> int:
        """How many records of the list were passed."""
        return self.distinct if self.passes == 1 else self.read

    @property
    def label(self) -> str:
        """What is being read, where that is not all of the stream in one pass."""
        which = _PASSES.get(self.passes)
        return ", ".join(filter(None, (self.part, which and f"{which} pass")))

    def begin_pass(self, number: int, total: int | None) -> None:
        """Begin to read the list again."""
        self.passes, self.read, self.total = number, 0, total

    @property
    def fields(self) -> dict[str, t.Any]:
        """The values for a structured log."""
        counts = self.requests
        return {
            "stream": self.stream,
            "part": self.part,
            "records": self.records,
            "distinct_records": self.distinct,
            "new": self.new,
            "pass": self.passes,
            "total": self.total,
            "requests": counts.requests,
            "retries": counts.retries,
            "rate_limited": counts.rate_limited,
            "seconds": round(self.seconds, 1),
            "status": self.status,
            "bookmark_before": self.bookmark_before,
            "bookmark": self.bookmark,
        }

    def describe(self) -> str:
        """Describe how far it has come."""
        rate = self.records / max(self.seconds, 0.001)
        amount = counted(self.position)
        rest = ""
        if self.total:
            share = min(1.0, self.position / self.total)
            amount = f"{self.position:,} of {counted(self.total)} ({share:.0%})"
            if rate:
                left = max(0, self.total - self.position) / rate
                rest = f", about {left:,.0f} s left"
        amount = f"{self.label}: {amount}" if self.label else amount
        return f"{amount}, {rate:,.0f}/s{rest}; {self.requests.describe()}"

    @property
    def result(self) -> str:
        """What was read, in words."""
        notes = [] if self.new is None else [f"{self.new:,} new"]
        if again := self.records - self.distinct:
            notes.append(f"{again:,} sent again")
        text = counted(self.distinct) + (f" ({', '.join(notes)})" if notes else "")
        return f"{text} in {self.seconds:.1f} s; {self.requests.describe()}"

    def summarize(self) -> str:
        """Describe how it ended."""
        text = f"{self.part} {self.status}".lstrip() + f": {self.result}"
        if self.bookmark:
            text += f"; bookmark: {self.bookmark_before or 'none'} -> {self.bookmark}"
        if self.status in BROKEN_OFF:
            resumes = "resumes there, if the target confirms it"
            text += f"; the next sync {resumes if self.bookmark else 'starts over'}"
        return text
