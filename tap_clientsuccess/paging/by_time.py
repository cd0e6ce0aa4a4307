"""Read by modification time, oldest change first, each request from the last time seen.

A record keeps its time until it changes, and then it moves to the end, which is still
to be read. So what a page's times cover is added to the coverage, in whatever order
pages come, and the end is the newest change that was known when the read began.

1. *Open*: the first page, which may be all.
2. *Newest*: the page of the newest changes proves that the server sorts, and says where
   the end is.
3. *Seeds*: every few pages one is requested by number, only to choose where chains
   begin that *read on* from its newest time. What remains are gaps, read on as well.
4. *Catch up*, in a first read, or where fewer records came than were counted: what
   changed since the newest page was read, and what has no time and passes the filter.
   Then a count has to agree.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from itertools import count

from tap_clientsuccess.paging.border import Border
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.groups import Group, fills
from tap_clientsuccess.paging.page import (
    BEGINNING,
    DEPTH,
    EPOCH,
    FAR_FUTURE,
    MICROSECOND,
    MILLISECOND,
    Page,
    PageRequest,
    floor,
)
from tap_clientsuccess.paging.window import FURTHER_BACK

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.paging.chains import Phase
    from tap_clientsuccess.paging.page import Chain
    from tap_clientsuccess.paging.proof import Proof
    from tap_clientsuccess.paging.window import Window

_STEP = 3
"""One page in this many is requested by number, the others by time."""
_ROUNDS = 6
"""How often it catches up with changes until all that was counted was found."""


class TimeReader:
    """Reads a search by time.

    Attributes:
        started_earlier: Whether it started earlier than wanted, because the filter may
            hide records.
        surplus: How many records the total counts although a filter by time should hide
            them, as far as an incremental read has found out.
    """

    def __init__(self, window: Window, proof: Proof, width: Callable[[], int]) -> None:
        """Prepare to read a window; the proof takes every page."""
        self.started_earlier = False
        self.surplus = 0
        self._window = window
        self._proof = proof
        self._width = width
        self._evidence = Evidence()
        self._ends = _Ends(window.start)
        self._border = Border()
        self._groups: set[dt.datetime] = set()
        """Where the groups end that are being read."""

    def phases(self) -> Iterator[Phase]:
        """Give the phases of the read; NotByTimeError ends one that is not possible."""
        proof, undated = self._proof, self._proof.undated
        yield self._main()
        yield from self._gaps()
        for _ in range(_ROUNDS):
            if not proof.unfound:
                break
            yield [self._catch_up()]
            yield from self._gaps()
            if proof.unfound:
                yield [self._count()]
        is_partial = self._window.is_first and self._is_partial
        if is_partial and undated.is_stale(proof.timed.total):
            # With nothing else in flight, fewer changes come between two counts.
            yield [undated.count()]
        if self._window.is_place and self._ends.newest:
            # An edit before the counts can be made up for by a delete. The row of the
            # record would be dropped, until the next sync sends it.
            yield [self._catch_up()]
            yield from self._gaps()

    @property
    def why_undated_unknown(self) -> str:
        """Why it is not known whether records have no time, if so."""
        proof = self._proof
        return proof.undated.why_unknown(len(proof.sent)) if self._is_partial else ""

    @property
    def _is_partial(self) -> bool:
        """Whether the first page does not show everything there is."""
        first = self._ends.first
        return bool(self._ends.after or (first and first.goes_on()))

    def bookmark(self, *, is_final: bool = False) -> dt.datetime | None:
        """Return the time up to which every change has been sent; see rule 6."""
        reached, latest = self._proof.coverage.reached, self._ends.latest
        if reached == BEGINNING or self._proof.doubt or not latest:
            return None
        if is_final:
            return min(reached - MICROSECOND, latest)
        # More records may share the newest time.
        is_certain = self._evidence.is_enough
        return min(floor(reached) - MILLISECOND, latest) if is_certain else None

    def _main(self) -> Phase:
        yield self._open()
        while not (first := self._ends.first):
            yield None
        if not first.goes_on():
            return
        if self._window.is_first and not self._ends.after:
            yield self._proof.undated.count_beside(first.total)
        yield self._read_newest()
        if self._width() > 1 and (first.total or 0) > _STEP * len(first.keys):
            yield from self._sections(first)
        else:
            yield self._read_on(self._proof.coverage.reached)
        if self._window.is_first:
            while not self._ends.newest:
                yield None
            yield self._catch_up()
            yield self._count()

    def _open(self) -> Chain[None]:
        """Read the first page, which is often the only one."""
        window, ends = self._window, self._ends
        # Asked before anything is known, so it takes newcomers for known: it is only a
        # hint that something is missing, as the coverage proves what has a time.
        count = self._proof.begin_count()
        page = yield PageRequest(after=ends.after)
        if ends.after and (yield from self._border.is_hidden(page, window)):
            self.started_earlier = True
            ends.after -= FURTHER_BACK
            page = yield PageRequest(after=ends.after)
        if not ends.after and page.keys and not page.newest and page.goes_on():
            ends.after = EPOCH  # Records without a time come first: hide them.
            page = yield PageRequest(after=EPOCH)
        if ends.after and page.goes_on() and page.is_said_to_be_last:
            page = yield from self._reconciled(page)
        if page.goes_on():
            self._evidence.check(page, ends.after)
            # In a first read this may count what has no time: another count follows.
            count.total = None if window.is_first else page.total
        ends.first, ends.latest = page, page.sent_at
        if page.newest:
            self._cover(BEGINNING, page, PageRequest(after=ends.after))

    def _reconciled(self, page: Page) -> Chain[Page]:
        """Return a page whose total says that more follows, and whose hint denies it.

        A total that counts what no filter may let through is too large by that, or does
        not heed the filter. Then what follows by time decides.
        """
        future = (yield PageRequest.for_count(FAR_FUTURE)).total or 0
        self.surplus = future
        total = max((page.total or 0) - future, len(page.keys))
        if total > len(page.keys) or not page.newest:
            return replace(page, total=total)
        following = yield PageRequest.since(page.newest)
        is_last = not following.newest or following.newest <= page.newest
        return replace(page, total=total if is_last else None)

    def _read_newest(self) -> Chain[None]:
        """Read the page of the newest changes, which proves that the server sorts."""
        ends = self._ends
        request = PageRequest(after=ends.after or EPOCH, newest_first=True)
        page = yield request
        self._evidence.check(page, None, newest_first=True)
        newest = page.newest or self._proof.coverage.reached
        if not ends.newest:
            if self._proof.coverage.reached > newest:
                raise NotByTimeError("the server does not sort by modification time")
            ends.latest = min(newest, ends.latest or newest)
        ends.newest = max(newest, ends.newest or newest)
        if page.oldest:
            self._cover(page.oldest + MICROSECOND, page, request)

    def _sections(self, first: Page) -> Phase:
        """Give chains that begin at pages requested by number, far enough apart.

        Numbers shift, so they only choose where to read; a page's times say what it
        covers. Behind the deepest page that the server allows, a new section starts,
        which is found first, while the pages before it are read.
        """
        after = self._ends.after or EPOCH  # What has no time stands in the way.
        section: _Section | None = _Section(after, first, self._proof.coverage.reached)
        while section:
            seeds, is_deep = section.seeds()
            following: list[_Section | None] = [] if is_deep else [None]
            if is_deep:
                yield self._read_seed(seeds.pop(), following)
            yield self._read_on(section.reached, pages=_STEP - 1 if seeds else None)
            for seed in seeds:
                yield self._read_seed(seed)
            while not following:
                yield None
            section = following.pop()

    def _read_seed(
        self, request: PageRequest, following: list[_Section | None] | None = None
    ) -> Chain[None]:
        """Read a page by number, and on from there, or find the following section."""
        page = yield request
        if page.keys:  # Else the list is shorter by now, or is not read so deep.
            self._evidence.check(page, request.after)
        oldest, newest, section = page.oldest, page.newest, None
        if oldest and newest and oldest < newest:
            # The page before may have more records of its oldest time.
            end = self._cover(oldest + MICROSECOND, page, request)
            if following is None and end == newest:
                yield from self._read_on(end, pages=_STEP - 1)
        if following is not None:
            if newest and newest < (self._ends.newest or newest):
                page, until = yield from self._read_from(newest)
                reached = self._proof.coverage.add(newest, until)
                section = _Section(PageRequest.since(newest).after, page, reached)
            following.append(section)

    def _gaps(self) -> Iterator[Phase]:
        """Give phases until no gap is left."""
        newest = self._ends.newest
        while newest and (gaps := self._proof.coverage.gaps(newest)):
            yield [self._read_on(gap) for gap in gaps]

    def _read_on(self, since: dt.datetime, *, pages: int | None = None) -> Chain[None]:
        """Read on from a time, until what follows has been read."""
        for _ in range(pages) if pages else count():
            _, until = yield from self._read_from(since)
            end = self._proof.coverage.add(since, until)
            is_read = end != until or end > (self._ends.newest or end)
            if is_read or end == since:
                return
            since = end

    def _read_from(self, since: dt.datetime) -> Chain[tuple[Page, dt.datetime]]:
        """Read a page, or more if its records cannot be told apart.

        Returns:
            The page, and up to which time everything has been read.
        """
        request = PageRequest.since(since)
        page = yield request
        self._evidence.check(page, request.after)
        unit = self._evidence.unit
        newest = self._ends.newest or page.sent_at
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
            return page, max(end, group.last.newest or end)
        if is_settled and not page.shows(since):
            yield from self._border.check(since)
        if not page.goes_on():
            return page, max(newest, page.newest or newest) + MICROSECOND
        self._border.remember(page, request)
        return page, page.newest or since

    def _cover(
        self, since: dt.datetime, page: Page, request: PageRequest
    ) -> dt.datetime:
        """Mark the times up to a page's newest record as read; return the end."""
        newest = page.newest or since
        self._border.remember(page, request)
        # Else the page that follows may have more records of its newest time.
        is_end = request.newest_first or not (request.number or page.goes_on())
        return self._proof.coverage.add(
            since, newest + MICROSECOND if is_end else newest
        )

    def _catch_up(self) -> Chain[None]:
        """Read what changed since the newest page was read."""
        newest = self._ends.newest or EPOCH
        page = yield PageRequest.since(newest)
        if page.goes_on():
            yield from self._read_newest()
        elif page.newest and page.newest > newest:
            self._proof.coverage.add(newest, page.newest + MICROSECOND)
            self._ends.newest = page.newest

    def _count(self) -> Chain[None]:
        count = self._proof.begin_count()
        count.total = (yield PageRequest.for_count(self._ends.after or EPOCH)).total


@dataclass
class _Ends:
    """The two ends of the list.

    Attributes:
        after: The filter of the first request.
        first: The first page, without its records.
        newest: The newest change that is known.
        latest: The latest time that the bookmark may have: see rule 6.
    """

    after: dt.datetime | None
    first: Page | None = None
    newest: dt.datetime | None = None
    latest: dt.datetime | None = None


class _Section(t.NamedTuple):
    """A part of the list, no longer than pages may be requested by number.

    Attributes:
        after: The filter that begins it.
        first: Its first page.
        reached: The time up to which that page has been read.
    """

    after: dt.datetime | None
    first: Page
    reached: dt.datetime

    def seeds(self) -> tuple[list[PageRequest], bool]:
        """Return requests by number, and whether the list goes on behind the last."""
        page = self.first
        # Smaller by what the next page repeats, so that it bridges the gap.
        size = page.count_before((page.newest or EPOCH) - 2 * MILLISECOND) - 1
        if 2 * size < len(page.keys):  # Many have the same time.
            return [], False
        depth, places = DEPTH - size + 1, (page.total or 0) - len(page.keys)
        numbers = range(_STEP, -(-min(places, depth) // size), _STEP)
        seeds = [PageRequest(number, size, self.after) for number in numbers]
        return seeds, bool(seeds) and places >= depth
