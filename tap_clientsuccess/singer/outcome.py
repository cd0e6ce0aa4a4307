"""How the read of a stream ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tap_clientsuccess.singer.signals import Interrupted


class Status(StrEnum):
    """How a read ended, as `sync_log` and the summary say it."""

    COMPLETE = "complete"
    MISSING = "missing"
    IN_DOUBT = "in doubt"
    IN_PROGRESS = "in progress"
    SKIPPED = "skipped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @classmethod
    def after(cls, error: BaseException) -> Status:
        """Return how a read ended that raised an error."""
        is_stopped = isinstance(error, Interrupted)
        return cls.INTERRUPTED if is_stopped else cls.FAILED


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
        is_old_news: Whether as many were missing before, and that was accepted.
        distinct: How many distinct records were sent.
        everything: How many records there are, if the read was a full one.
        undated: How many of them have no time.
        uncounted: Why records could be missing unseen, if so.
    """

    status: Status
    why: str = ""
    missing: int = 0
    is_unfinished: bool = False
    is_old_news: bool = False
    distinct: int = 0
    everything: int = 0
    undated: int = 0
    uncounted: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything came."""
        return self.status is Status.COMPLETE

    @property
    def is_incomplete(self) -> bool:
        """Whether something is missing or in doubt that was not before."""
        is_short = self.status in {Status.MISSING, Status.IN_DOUBT}
        return is_short and not self.is_old_news
