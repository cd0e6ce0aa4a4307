"""Read by modification time, oldest change first, each request from the last time seen.

A record keeps its time until it changes, and then it moves behind all others: before
the end it is still to be read, and behind it, the next sync reads it. The end is the
newest change on the page of the newest ones. So what a page's times cover is added to
the coverage, in whatever order pages come.

1. *Open*: the first page, which may be all.
2. *Newest*: the page of the newest changes proves that the server sorts, and says where
   the end is.
3. *Seeds*: where several requests may be in flight, every few pages one is requested by
   number. That only chooses where to read; its times cover what any page's times do,
   and a chain *reads on* from its newest. What remains are gaps, read on as well.
4. *Catch up* with what changed since, and *count*: if records without a time may be
   hidden, and again, at most `_ROUNDS` times, while fewer came than were counted. The
   second half of a full read catches up once more after the counts.
"""

from __future__ import annotations

import typing as t
from collections import deque
from itertools import count

from tap_clientsuccess.paging.evidence import (
    Evidence,
    NotByTimeError,
    count_surplus,
    is_hidden,
    is_returned,
    less_surplus,
    newest_page,
)
from tap_clientsuccess.paging.groups import Group, fills
from tap_clientsuccess.paging.page import (
    BEGINNING,
    DAWN,
    DEPTH,
    FURTHER_BACK,
    MICROSECOND,
    MILLISECOND,
    PageRequest,
    floor,
)

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.paging.chains import Phase
    from tap_clientsuccess.paging.page import Chain, Page, Window
    from tap_clientsuccess.paging.proof import Proof

_STEP = 3
"""One page in this many is requested by number, the others by time."""
_ROUNDS = 6
"""How often it catches up with changes at most, while fewer came than were counted."""


class TimeReader:
    """Reads a search by time.

    Attributes:
        started_earlier: Whether it started earlier than wanted, because the filter may
            hide records.
        surplus: How many records the first page counts that no filter lets through.
    """

    def __init__(self, window: Window, proof: Proof, width: Callable[[], int]) -> None:
        """Prepare to read a window; the proof takes every page."""
        self.started_earlier = False
        self.surplus = 0
        self._window = window
        self._proof = proof
        self._width = width
        self._evidence = Evidence()
        self._after = window.start
        """The filter of each request that does not read on from a time."""
        self._waiting: deque[Chain[None]] = deque()
        """Chains that have still to begin."""
        self._groups: set[dt.datetime] = set()
        """Where the groups end that are being read."""

    def phases(self) -> Iterator[Phase]:
        """Give the phases of the read; NotByTimeError ends one that is not possible."""
        proof, undated = self._proof, self._proof.undated
        self._waiting.append(self._open())
        yield self._take_waiting()
        yield from self._gaps()
        if undated.may_be_hidden:
            yield from self._then_gaps(
                self._catch_up(), self._count(), undated.count_future()
            )
        for _ in range(_ROUNDS):
            if not proof.unfound:
                break
            yield from self._then_gaps(self._catch_up())
            if proof.unfound:
                yield [self._count()]
        is_known = not (undated.future or undated.is_stale(proof.counted))
        if undated.may_be_hidden and not is_known:
            # With nothing else in flight, fewer changes come between two counts.
            yield [undated.count()]
        if self._window.is_place:
            # A delete can hide an edit from the counts: then ACTIVATE_VERSION would
            # delete the row of that record until the next sync.
            yield from self._then_gaps(self._catch_up())

    def bookmark(self, *, is_final: bool = False) -> dt.datetime | None:
        """Return the time up to which every change has been sent; see rule 6."""
        reached, latest = self._proof.coverage.reached, self._proof.coverage.latest
        if reached == BEGINNING or self._proof.doubt or not latest:
            return None
        if is_final:
            return min(reached - MICROSECOND, latest)
        # A record that comes later may have the time that was reached.
        is_certain = self._evidence.is_enough
        return min(floor(reached) - MILLISECOND, latest) if is_certain else None

    def _take_waiting(self) -> Phase:
        while True:  # Until nothing is in flight: any page may add to it.
            yield self._waiting.popleft() if self._waiting else None

    def _open(self) -> Chain[None]:
        """Read the first page, which is often all; else begin to read what follows."""
        first = yield from self._first_page()
        undated, waiting = self._proof.undated, self._waiting
        if self._window.wants_undated:
            undated.may_be_hidden = bool(self._after) or first.goes_on()
        if not first.goes_on():
            return
        if undated.may_be_hidden and not self._after:
            waiting.append(undated.count_beside(first.total))
        waiting.append(self._read_newest())
        reached = self._proof.coverage.reached
        if self._width() > 1 and (first.total or 0) > _STEP * len(first.keys):
            # What has no time would fill the first pages by number.
            request = PageRequest(after=self._after or DAWN)
            waiting.append(self._read_section(request, first, reached))
        else:
            waiting.append(self._read_on(reached))

    def _first_page(self) -> Chain[Page]:
        proof, window = self._proof, self._window
        page = yield PageRequest(after=self._after)
        if self._after and (yield from is_hidden(page, window)):
            self.started_earlier = True
            self._after -= FURTHER_BACK
            page = yield PageRequest(after=self._after)
        if not self._after and page.keys and not page.newest and page.goes_on():
            self._after = DAWN  # Records without a time come first: hide them.
            page = yield PageRequest(after=DAWN)
        request = PageRequest(after=self._after)
        if self._after and page.goes_on() and page.last:
            page, self.surplus = yield from less_surplus(page, request)
        if page.goes_on():
            self._evidence.check(page, request)
            # Nothing was known before, so newcomers count as known: it only hints, and
            # the coverage proves. If what has no time is wanted, `_count` asks again.
            proof.counted = None if window.wants_undated else page.total
            proof.coverage.latest = page.sent_at
        else:
            proof.coverage.latest = page.newest_until(page.sent_at)
        if page.newest:
            self._cover(BEGINNING, page, request)
        return page

    def _read_newest(self) -> Chain[None]:
        """Read the page of the newest changes, which proves that the server sorts."""
        coverage = self._proof.coverage
        request = PageRequest(after=self._after or DAWN, newest_first=True)
        page, later = yield from newest_page(request)
        self._evidence.check(page, request)
        newest = page.newest or coverage.reached
        if not coverage.newest:
            if max(coverage.reached, later or newest) > newest:
                raise NotByTimeError("the server does not sort by modification time")
            coverage.latest = page.newest_until(coverage.latest or newest)
        coverage.newest = max(newest, coverage.newest or newest)
        if page.oldest:
            self._cover(page.oldest + MICROSECOND, page, request)

    def _read_section(
        self, request: PageRequest, first: Page, reached: dt.datetime
    ) -> Chain[None]:
        """Read a part of the list, no longer than pages may be requested by number.

        Numbers shift, so they only choose where to read; a page's times say what it
        covers. The section that follows is found while this one is read. The first page
        has come, and all before the time `reached` is covered.
        """
        seeds, goes_on = _seeds(request, first)
        if goes_on:
            self._waiting.append(self._read_seed(seeds.pop(), is_deep=True))
        self._waiting.extend(map(self._read_seed, seeds))
        yield from self._read_on(reached, pages=_STEP - 1 if seeds else None)

    def _read_seed(self, request: PageRequest, *, is_deep: bool = False) -> Chain[None]:
        """Read a page by number, and on from there, or find the section behind it."""
        page = yield request
        if page.keys:  # Else the list is shorter by now, or is not read so deep.
            self._evidence.check(page, request)
        oldest, newest, coverage = page.oldest, page.newest, self._proof.coverage
        if oldest and newest and oldest < newest:
            # The page before may have more records of its oldest time.
            end = self._cover(oldest + MICROSECOND, page, request)
            if end == newest and not is_deep:
                yield from self._read_on(end, pages=_STEP - 1)
        if is_deep and newest and newest < (coverage.newest or newest):
            first, until = yield from self._read_from(newest)
            reached, request = coverage.add(newest, until), PageRequest.since(newest)
            self._waiting.append(self._read_section(request, first, reached))

    def _then_gaps(self, *chains: Chain[None]) -> Iterator[Phase]:
        yield chains
        yield from self._gaps()

    def _gaps(self) -> Iterator[Phase]:
        """Give phases until no gap is left."""
        while gaps := self._proof.coverage.gaps:
            yield [self._read_on(gap) for gap in gaps]

    def _read_on(self, since: dt.datetime, *, pages: int | None = None) -> Chain[None]:
        """Read on from a time, until what follows has been read."""
        for _ in range(pages) if pages else count():
            _, until = yield from self._read_from(since)
            coverage = self._proof.coverage
            end = coverage.add(since, until)
            meets_other = end != until or end > (coverage.newest or end)
            if meets_other or end == since:
                return
            since = end

    def _read_from(self, since: dt.datetime) -> Chain[tuple[Page, dt.datetime]]:
        """Read a page, or a group; return it, and the time up to which all was read."""
        request, coverage = PageRequest.since(since), self._proof.coverage
        known = coverage.newest
        page = yield request
        self._evidence.check(page, request)
        unit = self._evidence.unit
        newest = coverage.newest or page.sent_at
        end = min(floor(since, unit) + unit, newest + MICROSECOND)
        # What is younger than the lookback, the next sync reads again.
        is_settled = since < max(newest, page.sent_at) - self._window.lookback
        if fills(page, end):
            if end in self._groups:
                return page, since  # Another chain reads it; else it stays a gap.
            self._groups.add(end)
            group = Group(request, end, page, self._evidence)
            is_certain = yield from group.read()
            self._groups.discard(end)
            if is_settled and not is_certain:
                self._proof.doubt = "records of one time changed during several reads"
            if not group.last.count_before(end):
                return page, end  # None of it is on that page.
            return page, max(end, group.last.newest or end)
        if is_settled and not page.shows(since):
            yield from self._evidence.check_border(since)
        if not page.goes_on():
            last = page.newest or since
            if known and known > last and (yield from is_returned(known)):
                raise NotByTimeError("the server counts too few records")
            # A record newer than the end that was known may have come since.
            return page, max(known or since, last) + MICROSECOND
        return page, page.newest or since

    def _cover(
        self, since: dt.datetime, page: Page, request: PageRequest
    ) -> dt.datetime:
        """Mark the times up to a page's newest as read; return where a gap begins."""
        until = page.newest or since
        if request.newest_first or not (request.number or page.goes_on()):
            until += MICROSECOND  # Else the next page may have more of its newest time.
        return self._proof.coverage.add(since, until)

    def _catch_up(self) -> Chain[None]:
        """Read what changed since the newest page, unless the first page was all."""
        coverage = self._proof.coverage
        if not (newest := coverage.newest):
            return
        request = PageRequest.since(newest)
        page = yield request
        self._evidence.check(page, request)
        if page.goes_on():
            yield from self._read_newest()
        elif page.newest and page.newest > newest:
            coverage.add(newest, page.newest + MICROSECOND)
            coverage.newest = page.newest

    def _count(self) -> Chain[None]:
        """Count what passes the filter."""
        self._proof.begin_count()
        counted = (yield PageRequest.for_count(self._after or DAWN)).total
        if counted and not self._window.wants_undated:
            counted -= yield from count_surplus()
        self._proof.counted = counted


def _seeds(request: PageRequest, first: Page) -> tuple[list[PageRequest], bool]:
    """Return requests by number, and whether the list goes on behind the last."""
    # Smaller by what reading on returns again, so that two pages bridge the gap.
    newest = max(first.newest or DAWN, DAWN)
    size = first.count_before(newest - 2 * MILLISECOND) - 1
    if 2 * size < len(first.keys):  # Many have the same time.
        return [], False
    depth, places = DEPTH - size + 1, (first.total or 0) - len(first.keys)
    numbers = range(_STEP, -(-min(places, depth) // size), _STEP)
    seeds = [request._replace(number=number, size=size) for number in numbers]
    return seeds, bool(seeds) and places >= depth
