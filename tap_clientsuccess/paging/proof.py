"""What was sent, and whether that is everything. Fed with pages; requests nothing.

The rules, which a change must not break:

1. A count proves only what was sent before it was asked. A record that came later may
   be new, and would stand for one that is missing. It counts if it is older than the
   newest change that was known before.
2. A record counts once, by its key, however often it is edited and moves.
3. Two counts at the same moment, of all records and of those with a time, tell how many
   have none, whatever was inserted or deleted before. Two requests are not one moment:
   two pairs of counts in a row have to agree.
4. ``last`` and ``totalPages`` are hints, as a server may reckon with another page size
   than it sends. The total and the records are evidence. A total that is absent, or
   the most that the server ever counts, proves nothing.
5. An older version of a record never follows a newer one. A page can be older only than
   pages that came since it was requested, or by as much as a replica lags.
6. The bookmark passes only what is proven: times that were read without a gap, up to
   the newest change that was known when the read began. What a lagging replica did not
   show is younger than that less the lookback, where the next read starts.

Read by time, all that has a time is proven by the coverage: a record keeps its time
until it is changed, and then it goes to the end, which is still to be read. The counts
tell of the rest. Read by number, only a count proves anything: see `Pass`.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from enum import Enum

from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.passes import Pass
from tap_clientsuccess.paging.undated import Undated

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Hashable

    from tap_clientsuccess.paging.page import Page, PageRequest
    from tap_clientsuccess.paging.versions import Versions

PASSES = 3
"""How often a list is read by number until it is complete."""


class Completeness(Enum):
    """Whether a read got everything."""

    COMPLETE = "complete"
    MISSING = "missing"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to the question whether everything was sent.

    Attributes:
        completeness: Whether it was.
        missing: How many records are missing, if known.
        why: What is missing or in doubt, in words for the log.
        is_accepted: Whether what is missing is taken for an error of the total, so
            that nothing remains to be tried.
    """

    completeness: Completeness = Completeness.COMPLETE
    missing: int = 0
    why: str = ""
    is_accepted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether everything was sent."""
        return self.completeness is Completeness.COMPLETE

    @property
    def is_unfinished(self) -> bool:
        """Whether the next read has to prove the same again."""
        return not (self.is_complete or self.is_accepted)


class Proof:
    """Takes every page and every count of a read, and answers: is this everything?

    Attributes:
        pages: How many pages it has taken.
        newest: The newest time that any page showed.
        sent: Counts what was sent.
        undated: Counts what has no time.
        timed: The latest count of what has a time.
        passes: The passes by number so far.
        doubt: Why something cannot be told, if so.
    """

    def __init__(self, versions: Versions, newest: dt.datetime | None = None) -> None:
        self.pages = 0
        self.newest = newest
        self.sent = Tally()
        self.undated = Undated()
        self.timed = TimedCount(None)
        self.passes: list[Pass] = []
        self.doubt = ""
        self._versions = versions

    def take(self, page: Page, request: PageRequest, pages_before: int) -> list[t.Any]:
        """Take a page; return its records that are still to be sent.

        Args:
            page: The page.
            request: Its request.
            pages_before: How many pages had been taken when it was requested.
        """
        self.pages += 1
        if request.is_count:
            return []
        self.newest = max(filter(None, (self.newest, page.newest)), default=None)
        self.timed.add(page, self.sent.add(page.keys))
        self.undated.add(page)
        if self.passes:
            self.passes[-1].add(page)
            self.passes[-1].known = len(self.sent)
        return self._versions.take(page, self.pages, pages_before)

    def settle(self, time: dt.datetime) -> None:
        """Note that what changed before a time will not be requested again."""
        self._versions.settled = time

    def ask(self) -> TimedCount:
        """Begin a count of what has a time; see rule 1."""
        self.timed = TimedCount(self.newest)
        return self.timed

    def begin_pass(self) -> Pass:
        """Begin to read all pages by number."""
        before = self.passes[-1] if self.passes else None
        self._versions.settled = None
        self.passes.append(Pass(before, self.newest))
        return self.passes[-1]

    @property
    def unfound(self) -> int:
        """How many records with a time were counted and not sent."""
        hidden = min(self.undated.total or 0, len(self.undated.seen))
        return max(0, self.timed.missing_from(len(self.sent) - hidden))

    @property
    def verdict(self) -> Verdict:
        """Whether everything was sent, as far as is known now."""
        if self.passes and self.undated.total is None:
            return self._verdict_by_number()
        if missing := self.undated.missing:
            return self._verdict(missing, "have no modification time")
        if missing := self.unfound:
            return self._verdict(missing, "cannot be found by modification time")
        why = self.doubt
        if self.undated.is_open:
            why = "the number of records changed between any two counts"
        if self.undated.total and self.undated.is_capped(len(self.sent)):
            why = "some have no modification time, and the server does not count all"
        if why:
            return Verdict(Completeness.IN_DOUBT, why=why)
        return Verdict()

    def _verdict_by_number(self) -> Verdict:
        last = self.passes[-1]
        missing = max(0, last.total - len(self.sent))
        if last.is_complete or (self._is_wrong_total and not missing):
            return Verdict()
        if missing and (last.is_short or self._is_wrong_total):
            return self._verdict(missing, "were not on any page")
        why = "the data changed during each of several reads"
        if last.is_capped:
            why = "the server does not count all records"
        return Verdict(Completeness.IN_DOUBT, why=why)

    def _verdict(self, missing: int, what: str) -> Verdict:
        is_accepted = self._is_wrong_total
        return Verdict(
            Completeness.MISSING, missing, f"{missing} records {what}", is_accepted
        )

    @property
    def _is_wrong_total(self) -> bool:
        """Whether all passes lacked the same, though nothing changed."""
        seen = {(each.is_quiet, each.total, each.known) for each in self.passes}
        return len(self.passes) == PASSES and len(seen) == 1 and self.passes[0].is_quiet


class TimedCount:
    """A count of all that has a time, and what came since it was asked.

    Attributes:
        total: The answer; None until it is there, or if there is none.
    """

    def __init__(self, newest: dt.datetime | None) -> None:
        """Ask.

        Args:
            newest: The newest change that is known.
        """
        self.total: int | None = None
        self._newest = newest
        self._newcomers = 0

    def add(self, page: Page, new: Collection[Hashable]) -> None:
        """Take a page, and those of its keys that were not sent before."""
        newest = self._newest
        if newest and page.newest and page.newest > newest:
            self._newcomers += sum(
                key in new
                for key, time in zip(page.keys, page.times, strict=True)
                if time and time > newest
            )

    def missing_from(self, sent: int) -> int:
        """Return how many were counted and are not among so many sent."""
        return (self.total or 0) - (sent - self._newcomers)
