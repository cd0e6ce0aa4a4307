"""When a full read is due, and why."""

from __future__ import annotations

import datetime as dt
import typing as t

from tap_clientsuccess.schedule.noted import NEVER
from tap_clientsuccess.singer.outputs import hash_of, unpacked

if t.TYPE_CHECKING:
    from tap_clientsuccess.schedule.noted import Past
    from tap_clientsuccess.singer.outputs import Outputs

_DAY = dt.timedelta(days=1)
_MOST_EARLY = dt.timedelta(hours=3)
_EARLY = 0.1
"""A run that is early by this share of the interval counts as on time."""
_JITTER = dt.timedelta(minutes=1)
"""By so much a clock may go back between two runs: the server tells whole seconds."""


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
        return hash_of(
            [
                self.outputs.shape,
                self.replication_key,
                self.start_date,
                self.uses_versions,
                self.uses_batch,
            ]
        )


def why_due(past: Past, facts: Facts, now: dt.datetime) -> str:
    """Return why a full read is due; nothing if it is not."""
    if (interval := facts.interval) is None:
        return ""
    since = past.latest
    early = min(interval * _EARLY, _MOST_EARLY) + _JITTER
    is_time = now - since >= interval - early
    reasons = {
        "the last full read was not complete": past.failed == 1,
        "it was never read in full": since == NEVER or since > now + _JITTER,
        _in_words(interval): is_time,
    }
    if not past.failed:
        start, before = facts.start_date or NEVER, past.start_date or NEVER
        reasons |= {
            "its name, key or stream map changed": past.shape != facts.outputs.shape,
            "there are new columns": bool(
                facts.outputs.columns - unpacked(past.columns)
            ),
            "start_date is earlier": start < before,
            past.due: bool(past.due),
        }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _in_words(interval: dt.timedelta) -> str:
    days = interval / _DAY
    if days == 1:
        return "every day"
    return f"every {days:g} days" if days else "in every run"
