"""Reading by time: oldest change first, each request from where the one before ended.

Places in a list shift when records are edited or deleted. Times do not: a record keeps
its modification time until it is changed, and then it goes to the end, which is still
to be read. ``docs/completeness.md`` has the argument, with a drawing.
"""

from __future__ import annotations

import typing as t
from collections import deque

from tap_clientsuccess.paging.coverage import Coverage, SentRecords
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.filter_check import FURTHER_BACK, FilterCheck
from tap_clientsuccess.paging.group import is_longer_than, read_group
from tap_clientsuccess.paging.numbered import NumberedPages
from tap_clientsuccess.paging.page import (
    BEGINNING,
    MICROSECOND,
    MILLISECOND,
    Batch,
    Completeness,
    Outcome,
    PageRequest,
    floor,
)

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator, Iterator

    from tap_clientsuccess.paging.page import Page, Submit, Window

_FEW_PAGES = 3
"""So many are not worth reading in parallel."""

_LOOKS = 3
"""So often to look again, as one replica may know of a change and another not yet."""


class TimeReader:
    """Reads a search by time; iterate over it once.

    Yields batches of records. A record may come more than once, its newest state last.

    Raises:
        NotByTimeError: While iterating: read by number instead. What was yielded until
            then is right; its high watermarks hold if nothing is missing in the end.

    Attributes:
        outcome: How the read ended, after the iteration.
    """

    def __init__(self, submit: Submit, window: Window, *, width: int) -> None:
        """Prepare to read.

        Args:
            submit: Sends a request for a page in the background.
            window: Which records are wanted.
            width: Requests in flight at once.
        """
        self.outcome = Outcome()
        self._submit = submit
        self._window = window
        self._width = width
        self._coverage = Coverage(window.start)
        self._sent = SentRecords()
        self._evidence = Evidence()
        self._limit: dt.datetime | None = None
        """Nothing modified at this time or later is sent yet."""
        self._filter_check = FilterCheck(submit)

    def __iter__(self) -> Iterator[Batch]:
        start = self._window.start
        request = PageRequest(after=start)
        first = self._submit(request)()
        if start and self._filter_check.may_hide(first, self._window.bookmark):
            request = PageRequest(after=start - FURTHER_BACK)
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
        if is_all and start:
            self._conclude(newest)
            return
        if self._width > 1 and (first.total or 0) > _FEW_PAGES * first.full_size:
            yield from self._read_in_parallel(first, request.after)
        self._limit = None
        yield from self._read_in_order()
        is_short = len(self._sent) < (first.total or 0)
        if is_short and not self._evidence.is_enough:
            raise NotByTimeError("too few records came to tell whether they are sorted")
        if is_short or not start:
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
            self._cover(page.oldest + MICROSECOND, page.newest + MICROSECOND)
        request = request._replace(newest_first=True)
        self._filter_check.remember(page.newest, request)
        return self._batch(page)

    def _settled(self, page: Page) -> dt.datetime:
        """Return the time before which the server's data have settled."""
        return page.sent_at - self._window.lookback

    def _read_in_order(self) -> Iterator[Batch]:
        """Read from where all is covered to the end, one request after the other.

        Ends at the end of the list, or where all has come that was there at its first
        request, if changes come faster than they are read.
        """
        enough, began = 0, None
        while True:
            since = self._coverage.reached
            request = PageRequest.since(since)
            page, is_growing = yield from self._read_from(
                since, self._submit(request)()
            )
            batch = self._take(page, request, since)
            yield batch
            if not page.has_next:
                self._conclude(page)
                return
            if began is None:
                began = page.sent_at
                enough = self._sent.count + (page.total or 0)
            has_caught_up = self._sent.count >= enough and since > began
            if is_growing or has_caught_up:
                self.outcome.high_watermark = batch.high_watermark
                return

    def _read_in_parallel(
        self, first: Page, after: dt.datetime | None
    ) -> Iterator[Batch]:
        """Read all that has settled, several requests at once.

        Every third page is asked for by its number. What is between two of them, and
        may have shifted, is asked for by time: from the newest time of the one on.
        """
        numbered = NumberedPages(after, first)
        asked: set[dt.datetime] = set()
        frontier = first.newest or BEGINNING
        due = deque(self._due(frontier, asked))
        in_flight: deque[tuple[PageRequest, dt.datetime | None, Callable[[], Page]]]
        in_flight = deque()
        while True:
            while len(in_flight) < self._width:
                since = due.popleft() if due else None
                request = PageRequest.since(since) if since else numbered.next()
                if request is None:
                    break
                in_flight.append((request, since, self._submit(request)))
            if not in_flight:
                due.extend(self._due(None, asked))
                if not due:
                    return
                continue
            request, since, wait = in_flight.popleft()
            page = wait()
            if since is None:
                self._evidence.check(page, request.after)
                # Of its oldest time there may be more on the page before.
                since = (page.oldest or BEGINNING) + MICROSECOND
                frontier = page.newest or frontier
            else:
                page, _ = yield from self._read_from(since, page)
            numbered.saw(request, page, self._limit)
            yield self._take(page, request, since)
            # What is beyond may be on a numbered page that is under way.
            due.extend(self._due(frontier, asked))

    def _due(
        self, frontier: dt.datetime | None, asked: set[dt.datetime]
    ) -> Iterator[dt.datetime]:
        """Yield the times at which gaps begin, up to the frontier, each once."""
        for gap in self._coverage.gaps():
            is_beyond = (frontier and gap > frontier) or (
                self._limit and gap >= self._limit
            )
            group = floor(gap, self._evidence.unit)
            if not is_beyond and group not in asked:
                asked.add(group)
                yield gap

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
        self._evidence.check(page, PageRequest.since(since).after)
        end = floor(since, self._evidence.unit) + self._evidence.unit
        is_growing = False
        if self._limit:
            end = min(end, self._limit)
        elif since < page.sent_at < end:
            end, is_growing = page.sent_at, True
        if not is_longer_than(page, end):
            # A replica that lags may not have the newest; the next sync looks again.
            if since < self._settled(page) and not page.shows(since):
                self._filter_check.check(since)
            return page, False

        def fetch(number: int) -> Page:
            again = self._submit(PageRequest.since(since)._replace(number=number))()
            self._evidence.check(again, None)
            return again

        page, is_certain = yield from read_group(page, end, fetch, self._batch)
        if not is_certain:
            self.outcome.completeness = Completeness.UNCERTAIN
        return page, is_growing

    def _take(self, page: Page, request: PageRequest, since: dt.datetime) -> Batch:
        """Note that a page has all records from a time on, up to its newest."""
        if page.newest:
            self._cover(
                since, page.newest if page.has_next else page.newest + MICROSECOND
            )
            if page.number == request.number:
                self._filter_check.remember(page.newest, request)
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
            watermark = min(watermark, page.sent_at)
        return Batch(page, records, watermark)

    @property
    def _is_certain(self) -> bool:
        return self.outcome.completeness is Completeness.COMPLETE

    def _conclude(self, last: Page) -> None:
        """Set the high watermark at the end of the list."""
        if self._is_certain and self._coverage.reached > BEGINNING:
            newest = self._coverage.reached - MICROSECOND
            self.outcome.high_watermark = min(newest, last.sent_at)

    def _compare_with_count(self, request: PageRequest) -> Iterator[Batch]:
        """Compare what came with the server's count.

        Raises:
            NotByTimeError: Records did not come by time: they have none, or it was
                changed to an old one.
        """
        for _ in range(_LOOKS):
            total = self._submit(request._replace(size=1))().total or 0
            missing = total - len(self._sent)
            if missing <= 0:
                return
            # Those that were changed or added since the last page are still to come.
            yield from self._read_in_order()
        raise NotByTimeError(f"{missing} records do not come by modification time")
