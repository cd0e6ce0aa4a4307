"""How the read of a stream ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from singer_sdk.exceptions import (
    AbortedSyncFailedException,
    AbortedSyncPausedException,
)

from tap_clientsuccess.singer.signals import Interrupted

_SAMPLED = (AbortedSyncFailedException, AbortedSyncPausedException)
"""What the SDK ends a stream with of which it was to read a few records only."""


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
