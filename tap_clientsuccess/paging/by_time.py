"""Reading by time: oldest change first, each request from where the one before ended.

Places in a list shift when records are edited or deleted. Times do not: a record keeps
its modification time until it is changed, and then it goes to the end, which is still
to be read. ``docs/completeness.md`` has the argument, with a drawing.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections import deque

from tap_clientsuccess.paging.coverage import BEGINNING, Coverage, SentRecords
from tap_clientsuccess.paging.evidence import (
    MILLISECOND,
    Evidence,
    NotByTimeError,
    floor,
)
from tap_clientsuccess.paging.group import DEPTH, is_longer_than, read_group
from tap_clientsuccess.paging.page import Batch, Completeness, Outcome, PageRequest

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tap_clientsuccess.paging.page import Page, Submit

_MICROSECOND = dt.timedelta(microseconds=1)
FURTHER_BACK = dt.timedelta(days=1, hours=14)
"""A whole day, and the farthest time zone: how much a filter may be off."""

_FEW_PAGES = 3
"""So many are not worth reading in parallel."""

_STEP = 3
"""Of so many pages one is read by its number."""

_LOOKS = 3
"""So often to look again, as one replica may know of a change and another not yet."""


class TimeReader:
    """Reads a search by time; iterate over it once.

    Yields batches of records. A record may come more than once, its newest state last.

    Raises:
        NotByTimeError: While iterating: read by number instead. What was yielded until
            then is right, and so are its high watermarks.

    Attributes:
        outcome: How the read ended, after the iteration.
    """

    def __init__(
        self,
        submit: Submit,
        *,
        start: dt.datetime | None,
        bookmark: dt.datetime | None,
        lookback: dt.timedelta,
        width: int,
    ) -> None:
        """Prepare to read.

        Args:
            submit: Sends a request for a page in the background.
            start: Records modified before this are not wanted; None wants all.
            bookmark: The newest change that an earlier read has sent, if any.
            lookback: How long a change may take to be visible everywhere.
            width: Requests in flight at once.
        """
        self.outcome = Outcome()
        self._submit = submit
        self._start = start
        self._bookmark = bookmark
        self._lookback = lookback
        self._width = width
        self._coverage = Coverage(start)
        self._sent = SentRecords()
        self._evidence = Evidence()
        self._limit: dt.datetime | None = None
        """Nothing modified at this time or later is sent yet."""
        self._shown_by: dict[dt.datetime, PageRequest] = {}
        """Which request showed the newest record of a page, by its time."""

    def __iter__(self) -> Iterator[Batch]:
        request = PageRequest(after=self._start)
        first = self._submit(request)()
        if self._start and self._may_hide(first):
            request = PageRequest(after=self._start - FURTHER_BACK)
            first = self._submit(request)()
        if not first.has_next:
            yield self._take(first, request, BEGINNING)
            self._conclude(first)
            return
        self._evidence.check(first, request.after)
        self._limit = self._settled(first)
        yield self._take(first, request, BEGINNING)
        newest = self._submit(request._replace(newest_first=True))()
        yield self._take_newest(newest, request)
        is_all = newest.newest and self._coverage.reached > newest.newest
        if is_all and self._start is not None:
            self._conclude(newest)
            return
        if self._width > 1 and (first.total or 0) > _FEW_PAGES * first.full_size:
            yield from self._read_in_parallel(first, request.after)
        self._limit = None
        yield from self._read_in_order()
        is_short = len(self._sent) < (first.total or 0)
        if is_short and not self._evidence.is_enough:
            raise NotByTimeError("too few records came to tell whether they are sorted")
        if is_short or self._start is None:
            yield from self._compare_with_count(request)

    def _take_newest(self, page: Page, request: PageRequest) -> Batch:
        """Take the page of the newest changes, which proves that the server sorts.

        Raises:
            NotByTimeError: It does not.
        """
        self._evidence.check_descending(page, self._coverage.reached)
        if not page.oldest or not page.newest:
            if page.records:
                raise NotByTimeError("the newest records have no modification time")
            return self._batch(page)
        if page.oldest < page.newest:
            self._cover(page.oldest + _MICROSECOND, page.newest + _MICROSECOND)
        self._shown_by[floor(page.newest)] = request._replace(newest_first=True)
        return self._batch(page)

    def _may_hide(self, first: Page) -> bool:
        """Tell whether the filter may hide records that were modified after the start.

        A filter may go by whole days, or by the time of another zone. Then the newest
        change that is known does not come; nor does it where it was edited since.
        """
        known = self._bookmark
        if known is None:
            known = first.newest
            return known is not None and not _shows(self._submit(_from(known))(), known)
        is_within = not first.has_next or (first.newest and first.newest >= known)
        return bool(is_within) and not _shows(first, known)

    def _settled(self, page: Page) -> dt.datetime:
        """Return the time before which the server's data have settled."""
        return (page.sent_at or dt.datetime.now(dt.UTC)) - self._lookback

    def _read_in_order(self) -> Iterator[Batch]:
        """Read from where all is covered to the end, one request after the other.

        Ends at the end of the list, or where all has come that was there at its first
        request, if changes come faster than they are read.
        """
        enough, began = 0, None
        while True:
            since = self._coverage.reached
            request = _from(since)
            page, is_growing = yield from self._read_from(
                since, self._submit(request)()
            )
            batch = self._take(page, request, since)
            yield batch
            if not page.has_next:
                self._conclude(page)
                return
            if began is None:
                began = self._settled(page) + self._lookback
                enough = self._sent.count + (page.total or 0)
            has_caught_up = self._sent.count >= enough and since > began
            if is_growing or has_caught_up:
                self.outcome.high_watermark = batch.high_watermark
                return

    def _read_in_parallel(
        self, first: Page, after: dt.datetime | None
    ) -> Iterator[Batch]:
        """Read all that has settled, several requests at once.

        Every other page is asked for by its number. What is between two of them, and
        may have shifted, is asked for by time: from the newest time of the one on.
        """
        numbered = _NumberedPages(after, first)
        asked: set[dt.datetime] = set()
        frontier = first.newest
        due = deque(self._due([first.newest], asked))
        in_flight: deque[tuple[PageRequest, dt.datetime | None, Callable[[], Page]]]
        in_flight = deque()
        while True:
            while len(in_flight) < self._width:
                since = due.popleft() if due else None
                request = _from(since) if since else numbered.next()
                if request is None:
                    break
                in_flight.append((request, since, self._submit(request)))
            if not in_flight:
                due.extend(self._due(self._coverage.gaps(), asked))
                if not due:
                    return
                continue
            request, since, wait = in_flight.popleft()
            page = wait()
            if since is None:
                self._evidence.check(page, request.after)
                # Of its oldest time there may be more on the page before.
                since = (page.oldest or BEGINNING) + _MICROSECOND
                frontier = page.newest or frontier
                due.extend(self._due([page.newest] if page.has_next else [], asked))
            else:
                page, _ = yield from self._read_from(since, page)
            numbered.saw(request, page, self._limit)
            yield self._take(page, request, since)
            # What is beyond may be on a numbered page that is under way.
            gaps = [gap for gap in self._coverage.gaps() if frontier and gap < frontier]
            due.extend(self._due(gaps, asked))

    def _due(
        self, ends: Sequence[dt.datetime | None], asked: set[dt.datetime]
    ) -> Iterator[dt.datetime]:
        """Yield the times to ask from, each once."""
        for end in ends:
            if end is None or (self._limit and end >= self._limit):
                continue
            group = floor(end, self._evidence.unit)
            if group not in asked:
                asked.add(group)
                yield end

    def _read_from(
        self, since: dt.datetime, page: Page
    ) -> Generator[Batch, None, tuple[Page, bool]]:
        """Make sure that a page goes on from a time without a gap, and beyond it.

        Args:
            since: The time that was asked for.
            page: The first page that came.

        Returns:
            A page that reaches beyond that time, or ends the list; and whether it ends
            in the middle of records that the filter cannot tell apart, as these still
            become more: the second or the day is not over.
        """
        self._evidence.check(page, _from(since).after)
        end = floor(since, self._evidence.unit) + self._evidence.unit
        is_growing = False
        if self._limit:
            end = min(end, self._limit)
        elif page.sent_at and since < page.sent_at < end:
            end, is_growing = page.sent_at, True
        if not is_longer_than(page, end):
            self._check_filter(page, since)
            return page, False

        def fetch(number: int) -> Page:
            again = self._submit(_from(since)._replace(number=number))()
            self._evidence.check(again, None)
            return again

        page, is_certain = yield from read_group(page, end, fetch, self._batch)
        if not is_certain:
            self.outcome.completeness = Completeness.UNCERTAIN
        return page, is_growing

    def _check_filter(self, page: Page, since: dt.datetime) -> None:
        """Look whether the newest record of the page before comes again.

        If not, it was edited or deleted meanwhile, or the filter hides it, and others
        with it. The page that showed it, asked for again, has the record before it.

        Raises:
            NotByTimeError: The filter hides it.
        """
        shown_by = self._shown_by.get(floor(since))
        if shown_by is None or _shows(page, since):
            return
        if since >= self._settled(page):
            return  # A replica that lags may not have it; the next sync looks again.
        for _ in range(_LOOKS):
            again = self._submit(shown_by)()
            known = max(
                (time for time in again.times if time and time <= since), default=None
            )
            if known is None or _shows(self._submit(_from(known))(), known):
                return
        raise NotByTimeError("the server's filter hides what it should show")

    def _take(self, page: Page, request: PageRequest, since: dt.datetime) -> Batch:
        """Note that a page has all records from a time on, up to its newest."""
        if page.newest:
            self._cover(
                since, page.newest if page.has_next else page.newest + _MICROSECOND
            )
            if page.number == request.number:
                self._shown_by[floor(page.newest)] = request
        return self._batch(page)

    def _cover(self, since: dt.datetime, until: dt.datetime) -> None:
        self._coverage.add(since, min(until, self._limit or until))

    def _batch(self, page: Page) -> Batch:
        reached = self._coverage.reached
        records = self._sent.add_new(page, before=self._limit, settled=reached)
        watermark = None
        if self._evidence.is_enough and reached > BEGINNING and self._is_certain:
            # Of the newest time that was reached there may be more.
            watermark = floor(reached) - MILLISECOND
            watermark = min(watermark, page.sent_at or watermark)
        return Batch(page, records, watermark)

    @property
    def _is_certain(self) -> bool:
        return self.outcome.completeness is Completeness.COMPLETE

    def _conclude(self, last: Page) -> None:
        """Set the high watermark at the end of the list."""
        if self._is_certain and self._coverage.reached > BEGINNING:
            newest = self._coverage.reached - _MICROSECOND
            self.outcome.high_watermark = min(newest, last.sent_at or newest)

    def _compare_with_count(self, request: PageRequest) -> Iterator[Batch]:
        """Compare what came with the server's count.

        Raises:
            NotByTimeError: Records did not come by time: they have none, or it was
                changed to an old one.
        """
        for _ in range(_LOOKS):
            missing = (self._submit(request._replace(size=1))().total or 0) - len(
                self._sent
            )
            if missing <= 0:
                return
            # Those that were changed or added since the last page are still to come.
            yield from self._read_in_order()
        raise NotByTimeError(f"{missing} records do not come by modification time")


class _NumberedPages:
    """Which pages to ask for by number: every other one, down to the depth."""

    def __init__(self, after: dt.datetime | None, first: Page) -> None:
        self._after = after
        # A little smaller, so that a page by time reaches from one to the next.
        ties = sum(time == first.newest for time in first.times)
        self._size = max(1, first.full_size - ties - 1)
        self._full_size = first.full_size
        self._total = first.total or 0
        self._number = 0
        self._last: PageRequest | None = None

    def next(self) -> PageRequest | None:
        """Return the next request; None where there is none, or not yet."""
        number = self._number + _STEP
        place = number * self._size
        # The page of the newest changes is there already.
        is_behind = place >= self._total - self._full_size
        if is_behind or place + self._size > DEPTH:
            return None
        self._number = number
        self._last = PageRequest(number, self._size, self._after)
        return self._last

    def saw(self, request: PageRequest, page: Page, limit: dt.datetime | None) -> None:
        """Take note of a page: of the total, or that numbers begin anew behind it."""
        newest = page.newest
        if newest is None or (limit and newest >= limit):
            self._total = self._total if newest is None else 0
        elif request.number == 0 and request.after == self._after:
            self._total = page.total or 0
        elif (
            request == self._last
            and page.has_next
            and (self._number + _STEP + 1) * self._size > DEPTH
        ):
            self._after = _from(newest).after
            self._number = 0
            self._total = 0  # Told by the page that is asked for by this time.


def _from(time: dt.datetime) -> PageRequest:
    """Ask for what was modified at a time or later; the comparison may be exclusive."""
    if time - BEGINNING < MILLISECOND:
        return PageRequest()
    return PageRequest(after=floor(time) - MILLISECOND)


def _shows(page: Page, time: dt.datetime) -> bool:
    return any(shown and floor(shown) == floor(time) for shown in page.times)
