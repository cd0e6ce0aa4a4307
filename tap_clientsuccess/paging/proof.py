"""What was sent, and whether that is everything. Fed with pages.

The rules, which a change must not break:

1. A count proves only what was sent before it was asked. A record that came later may
   be new, and would stand for one that is missing. It counts if it is no newer than the
   newest change that was known before.
2. A record counts once, by its key, however often it is edited and moves.
3. Two counts at the same moment, of all records and of those with a time, tell how many
   have none, whatever was inserted or deleted before. Two requests are not one moment:
   pairs of counts in a row have to agree. A count by a time in the future shows
   what passes any filter, and whether the total heeds it.
4. ``last`` and ``totalPages`` are hints, as a server may reckon with another page size
   than it sends. The total and the records are evidence. A total that is absent, or
   the most that the server ever counts, proves nothing. A read of a part of the list
   does not know how many came before, so to it any multiple of 1,000 may be the most.
5. An older version of a record never follows a newer one. A page can be older only than
   pages that came since it was requested, or by as much as a replica lags.
6. The bookmark passes only what is proven: times that were read without a gap, up to
   the newest change on the first page of the newest ones that is no later than the
   request of the first page, by the server's clock: a record may be from the future.
   What a lagging replica did not show is younger than that less the lookback, where the
   next read starts.

Read by time, all that has a time is proven by the coverage: a record keeps its time
until it is changed, and then it goes to the end, which is still to be read. The counts
tell of the rest. Read by number, only a count proves anything: see `Pass`.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import BEGINNING, DAWN, DEPTH
from tap_clientsuccess.paging.passes import Pass
from tap_clientsuccess.paging.undated import Undated

if t.TYPE_CHECKING:
    import datetime as dt

    from tap_clientsuccess.paging.page import Page, PageRequest, Window
    from tap_clientsuccess.paging.versions import Versions

PASSES = 3
"""How often a list is read by number at most."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether everything was sent.

    Attributes:
        missing: How many records are known to be missing.
        why: What is missing or in doubt, in words for the log; empty for nothing.
        is_accepted: Whether the total is taken to be wrong, so that nothing remains to
            be tried.
        uncounted: Why more may be missing unseen, if so: no count tells.
    """

    missing: int = 0
    why: str = ""
    is_accepted: bool = False
    uncounted: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything was sent, as far as counts tell."""
        return not self.why

    @property
    def is_unfinished(self) -> bool:
        """Whether the next read has to prove the same again."""
        return not (self.is_complete or self.is_accepted)


class Proof:
    """Takes every page and every count of a read, and answers: is this everything?

    Attributes:
        newest: The newest time that any page showed.
        sent: Counts the distinct records that came.
        coverage: The times that were read.
        undated: Counts what has no time.
        counted: The latest count of what has a time; None if there is none.
        newcomers: How many records came since it was requested, and are newer.
        passes: The passes by number so far.
        doubt: Why something cannot be told, if so.
    """

    def __init__(self, versions: Versions, window: Window) -> None:
        """Begin to read a window; `versions` are those that were sent just before."""
        self.newest: dt.datetime | None = None
        self.sent = Tally()
        self.coverage = Coverage(window.start)
        self.undated = Undated(is_part=window.start is not None)
        self.passes: list[Pass] = []
        self.doubt = ""
        self._versions = versions
        self._window = window
        self.begin_count()

    @property
    def pages(self) -> int:
        """How many pages came, also to the reader before."""
        return self._versions.pages

    def take(self, page: Page, request: PageRequest, pages_before: int) -> list[t.Any]:
        """Take a page; return its records that are still to be sent.

        So many pages had come before it was requested.
        """
        if request.is_count:
            return []
        self.newest = max(filter(None, (self.newest, page.newest)), default=None)
        new = self.sent.add(page.keys, page.records)
        if known := self._known:
            pairs = zip(page.keys, page.times, strict=True)
            late = {key for key, time in pairs if time and time > known}
            self.newcomers += len(late & new)
        self.undated.add(page, new)
        if self.passes:
            self.passes[-1].add(page, new)
        # Versions from here on are kept: a replica lags no longer than the lookback, by
        # the records' clock, and what lies behind the coverage may come again.
        clock = min(page.sent_at, self.newest or page.sent_at)
        until = max(clock, DAWN) - self._window.lookback
        if not self.passes:
            until = min(until, self.coverage.reached)
        return self._versions.take(page, pages_before, until)

    def begin_count(self) -> None:
        """Begin a count of what has a time; see rule 1."""
        self.counted: int | None = None
        self.newcomers = 0
        self._known = self.newest
        """The newest change that was known when it was asked."""

    def begin_pass(self) -> Pass:
        """Begin to read all pages by number."""
        lookback = self._window.lookback
        self.passes.append(Pass(self.newest, len(self.sent), lookback))
        return self.passes[-1]

    def distrust_times(self) -> None:
        """Begin again: what was counted by time proves nothing."""
        self.undated, self.doubt = Undated(), ""
        self.begin_count()

    @property
    def everything(self) -> int:
        """How many records there are, after a first or full read."""
        everything = self.undated.everything
        return len(self.sent) if everything is None else everything

    @property
    def unfound(self) -> int:
        """How many records with a time were counted and not sent."""
        known = len(self.sent) - self.undated.hidden_sent - self.newcomers
        return max(0, (self.counted or 0) - known)

    @property
    def verdict(self) -> Verdict:
        """Whether everything was sent, as far as is known now."""
        if self.passes and self.undated.total is None:
            return self._verdict_by_number()
        # Newcomers were not counted: rule 1.
        sent, undated = len(self.sent) - self.newcomers, self.undated
        if missing := undated.missing:
            return self._lacking(missing, "have no modification time")
        if missing := self.unfound:
            return self._lacking(missing, "cannot be found by modification time")
        why = self.doubt
        if self.coverage.gaps:
            why = "some times were not read"
        elif undated.total and undated.is_capped(sent):
            why = "some have no modification time, and the server does not count all"
        elif undated.is_open:
            why = "the number of records changed between any two counts"
        latest = self.coverage.latest
        is_quiet = not (self.newest and latest and self.newest > latest)
        unknown = undated.why_unknown(sent, is_quiet=is_quiet)
        return Verdict(why=why, uncounted=unknown)

    def _verdict_by_number(self) -> Verdict:
        last = self.passes[-1]
        missing = max(0, last.total - len(self.sent))
        if last.is_complete and last.is_counted:
            return Verdict()
        if last.is_complete or (self._is_wrong_total and not missing):
            most = f" further than {last.total:,}" * last.is_counted
            return Verdict(
                uncounted=f"the server does not count its records{most}: "
                "some may be missing"
            )
        if missing and last.is_steady:
            return self._lacking(missing, "were not on any page")
        if last.is_steady and (last.total < len(last.sent) or last.total == DEPTH):
            return Verdict(why="the server does not count all records")
        return Verdict(why="the data changed during each of several reads")

    def _lacking(self, missing: int, what: str) -> Verdict:
        return Verdict(missing, f"{missing} records {what}", self._is_wrong_total)

    @property
    def _is_wrong_total(self) -> bool:
        """Whether all passes lacked the same, though nothing changed."""
        return (
            len(self.passes) == PASSES
            and all(each.is_quiet for each in self.passes)
            and len({each.total for each in self.passes}) == 1
            and len(self.sent) == self.passes[1].sent_before
        )


class Coverage:
    """Which times have been read without a gap.

    Half-open intervals, merged: the first time of each belongs to it.

    Attributes:
        newest: The newest change that is to be read; None until it is known.
        latest: The latest time that the bookmark may have: see rule 6.
    """

    def __init__(self, start: dt.datetime | None = None) -> None:
        self.newest: dt.datetime | None = None
        self.latest: dt.datetime | None = None
        self._intervals = [(start or BEGINNING, start or BEGINNING)]

    @property
    def reached(self) -> dt.datetime:
        """The time up to which everything has been read."""
        return self._intervals[0][1]

    @property
    def gaps(self) -> list[dt.datetime]:
        """Where the gaps begin, up to the newest change."""
        newest = self.newest
        return [end for _, end in self._intervals if newest and end <= newest]

    def add(self, since: dt.datetime, until: dt.datetime) -> dt.datetime:
        """Add an interval; return where the gap behind it begins."""
        merged: list[tuple[dt.datetime, dt.datetime]] = []
        for begin, end in sorted([*self._intervals, (since, max(since, until))]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self._intervals = merged
        return next(end for begin, end in merged if begin <= since <= end)
