"""What a read of a search found out: how it ended, and what the log says of it."""

from __future__ import annotations

import datetime as dt
import typing as t

from tap_clientsuccess.errors import counted
from tap_clientsuccess.paging.page import FURTHER_BACK
from tap_clientsuccess.schedule.schedule import Kind
from tap_clientsuccess.singer.progress import Outcome, Status

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_clientsuccess.paging.reader import Reader
    from tap_clientsuccess.schedule.schedule import Schedule


def outcome_of(
    reader: Reader, schedule: Schedule, refusals: Sequence[str], doubts: Sequence[str]
) -> Outcome:
    """Return how a read ended; `refusals` and `doubts` speak against completeness."""
    proof = reader.proof
    verdict = proof.verdict
    why = verdict.why or "; ".join([*refusals, *doubts])
    status = Status.IN_DOUBT if why else Status.COMPLETE
    if verdict.missing:
        status = Status.MISSING
    is_first = schedule.kind is Kind.FIRST
    return Outcome(
        status=status,
        why=why,
        missing=verdict.missing,
        is_unfinished=is_first and verdict.is_unfinished and not refusals,
        was_accepted=verdict.is_accepted and verdict.missing <= schedule.past.accepted,
        distinct=len(proof.sent),
        everything=proof.everything,
        undated=proof.undated.known,
        uncounted=verdict.uncounted,
    )


def remarks(reader: Reader, *, reads_everything: bool) -> Iterator[str]:
    """Say what a read found out about the server, where nothing is missing by it."""
    surplus, verdict = reader.by_time.surplus, reader.proof.verdict
    if surplus and not reads_everything:
        yield (
            f"the server counts {counted(surplus)} more than its filter by time lets "
            "through, which incremental syncs ignore"
        )
    if reader.by_time.started_earlier:
        yield (
            f"read from {FURTHER_BACK / dt.timedelta(hours=1):.0f} hours earlier, as "
            "the newest known change was not returned (it was edited, or the server's "
            "filter is imprecise)"
        )
    if verdict.is_complete and verdict.uncounted:
        yield verdict.uncounted


def shortfall(reader: Reader, *, is_incremental: bool) -> str:
    """Say that records are or may be missing."""
    verdict = reader.proof.verdict
    missing = f"{counted(verdict.missing, 'is', 'are')} missing"
    if verdict.is_accepted:
        moves_on = ", so the bookmark moves on" * is_incremental
        return (
            f"{missing}: the server counts more than it returned in each of three "
            "reads, during which nothing changed. Its total seems to be wrong"
            f"{moves_on}; compare with ClientSuccess."
        )
    what = f"records may be missing: {verdict.why}."
    if verdict.missing:
        what = f"{missing}: the server counts more than it returned in three reads."
    # What has no time can be missing where all that has one was sent.
    start = "The" if reader.bookmark else "The bookmark stays; the"
    return f"{what} {start} next sync tries again."
