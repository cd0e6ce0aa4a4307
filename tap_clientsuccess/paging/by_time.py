"""Read by modification time, oldest change first, each request from the last time seen.

Page offsets shift when records are edited or deleted. Times do not: a record keeps its
modification time until it changes, and then it moves to the end, which is still to be
read. ``docs/completeness.md`` explains this, with a diagram.
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

    from tap_clientsuccess.paging.page import Page, Submit, Wait, Window

_FEW_PAGES = 3
"""Not worth reading in parallel."""

_COUNT_CHECKS = 3
"""Replicas may disagree for a moment, so a short count is checked this often."""


class TimeReader:
    """Reads a search by time; iterate over it once.

    Yields batches of records. A record may come more than once, its newest version
    last.

    Raises:
        NotByTimeError: While iterating: read by number instead. Records yielded so far
            are valid; their high watermarks are if the read by number is complete.

    Attributes:
        outcome: How the read ended, after the iteration.
    """

    def __init__(
        self, submit: Submit, window: Window, *, width: Callable[[], int]
    ) -> None:
        """Prepare to read.

        Args:
            submit: Sends a request for a page in the background.
            window: Which records are wanted.
            width: Returns how many requests may be in flight now.
        """
        self.outcome = Outcome()
        self._submit = submit
        self._window = window
        self._width = width
        self._coverage = Coverage(window.start)
        self._sent = SentRecords()
        self._evidence = Evidence()
        self._limit: dt.datetime | None = None
        """Records modified at this time or later are held back for now."""
        self._newest: Page | None = None
        """The page of the newest changes, without its records."""
        self._filter_check = FilterCheck(submit)

    def __iter__(self) -> Iterator[Batch]:
        start = self._window.start
        request = PageRequest(after=start)
        first = self._submit(request)()
        if start and self._filter_check.may_hide(first, self._window.bookmark):
            self.outcome.started_earlier = True
            request = PageRequest(after=start - FURTHER_BACK)
            first = self._submit(request)()
        if not first.has_next:
            yield self._take(first, request, BEGINNING)
            if not start and (missing := (first.total or 0) - len(first.keys)) > 0:
                raise NotByTimeError(f"the only page lacks {missing} of its records")
            self._conclude(first)
            return
        self._evidence.check(first, request.after)
        self._limit = self._settled(first)
        batch = self._take(first, request, BEGINNING)
        # The next page is requested before this one is sent: details take long.
        wait = self._submit(request._replace(newest_first=True))
        yield batch
        first = first.without_records()
        if self._width() > 1 and (first.total or 0) > _FEW_PAGES * first.full_size:
            rest, count = yield from self._read_in_parallel(first, request, wait)
        else:
            batch = self._take_newest(wait(), request)
            rest = count = None
            if not self._is_done(first):
                rest = self._submit(PageRequest.since(self._coverage.reached))
            yield batch
            del batch
        if self._newest and self._is_done(first):
            self._conclude(self._newest)
            return
        yield from self._read_to_the_end(first, request, rest, count)

    def _read_to_the_end(
        self, first: Page, request: PageRequest, rest: Wait | None, count: Wait | None
    ) -> Iterator[Batch]:
        """Read what was held back or changed meanwhile, and check that all came.

        Args:
            first: The first page.
            request: Its request.
            rest: Waits for the next page, if that has been requested.
            count: Waits for a count of all, if that has been requested.

        Raises:
            NotByTimeError: Records are missing.
        """
        start, sent = self._window.start, len(self._sent)
        if count is None and not start and not self._missing(first):
            count = self._submit(request._replace(size=1))
        self._limit = None
        yield from self._read_in_order(rest)
        is_short = self._missing(first) > 0
        if is_short and not self._evidence.is_enough:
            raise NotByTimeError(
                "there are too few records to tell whether they are sorted"
            )
        is_counted = count is not None and (count().total or 0) <= sent
        if is_short or not (start or is_counted):
            yield from self._compare_with_count(request)

    def _missing(self, first: Page) -> int:
        """Return how many records fewer came than there were at the first page."""
        return max(0, (first.total or 0) - len(self._sent))

    def _take_newest(self, page: Page, request: PageRequest) -> Batch:
        """Take the page of the newest changes, which proves that the server sorts.

        Raises:
            NotByTimeError: The server does not sort.
        """
        self._newest = page.without_records()
        self._evidence.check_descending(page, self._coverage.reached)
        if not page.oldest or not page.newest:
            if page.keys:
                raise NotByTimeError("the newest records have no modification time")
            return self._batch(page)
        if page.oldest < page.newest:
            self._cover(page.oldest + MICROSECOND, page.newest + MICROSECOND)
        request = request._replace(newest_first=True)
        self._filter_check.remember(page.newest, request)
        return self._batch(page)

    @property
    def _end(self) -> dt.datetime | None:
        """Where the newest changes end that are not held back; None if not known."""
        if self._newest is None or self._newest.newest is None:
            return None
        end = self._newest.newest + MICROSECOND
        return min(end, self._limit or end)

    def _is_done(self, first: Page) -> bool:
        """Whether an incremental read has all that was there when it began."""
        newest = self._newest.newest if self._newest else None
        has_all = newest is not None and self._coverage.reached > newest
        return bool(self._window.start) and has_all and not self._missing(first)

    def _settled(self, page: Page) -> dt.datetime:
        """Return the time before which changes are visible on every replica."""
        return page.sent_at - self._window.lookback

    def _read_in_order(self, wait: Wait | None = None) -> Iterator[Batch]:
        """Read the rest in order, one request after the other.

        Stops at the end of the list, or, if records change faster than they are read,
        once everything that existed at the first request has been read.

        Args:
            wait: Waits for the first page, if that has been requested.
        """
        enough, began = 0, None
        since = self._coverage.reached
        request = PageRequest.since(since)
        wait = wait or self._submit(request)
        while True:
            page, is_growing = yield from self._read_from(since, wait())
            batch = self._take(page, request, since)
            if not page.has_next:
                yield batch
                self._conclude(page)
                return
            if began is None:
                began = page.sent_at
                enough = self._sent.count + (page.total or 0)
            has_caught_up = self._sent.count >= enough and since > began
            if is_growing or has_caught_up:
                yield batch
                self.outcome.high_watermark = batch.high_watermark
                return
            since = self._coverage.reached
            request = PageRequest.since(since)
            wait = self._submit(request)
            yield batch

    def _read_in_parallel(
        self, first: Page, begin: PageRequest, newest: Wait
    ) -> Generator[Batch, None, tuple[Wait | None, Wait | None]]:
        """Read everything older than the limit, several requests at once.

        Every third page is requested by number. The gap after each, which may have
        shifted, is requested by time, from that page's newest time on.

        Args:
            first: The first page.
            begin: Its request.
            newest: Waits for the page of the newest changes.

        Returns:
            What waits for the next page, and for a count of all, where these have been
            requested; else None.
        """
        numbered = NumberedPages(begin.after, first)
        asked: set[dt.datetime] = set()
        frontier = first.newest
        due = deque(self._due(frontier, asked))
        in_flight: deque[tuple[PageRequest, dt.datetime | None, Wait]]
        in_flight = deque([(begin._replace(newest_first=True), None, newest)])
        ahead: tuple[Wait | None, Wait | None] = (None, None)
        while True:
            while len(in_flight) < self._width():
                since = due.popleft() if due else None
                request = PageRequest.since(since) if since else numbered.next()
                if request is None:
                    if frontier is None or any(not since for _, since, _ in in_flight):
                        if not any(ahead):
                            ahead = self._request_ahead(first, len(in_flight))
                        break
                    # No numbered page will come to cover what is beyond.
                    frontier = None
                    due.extend(self._due(frontier, asked))
                    continue
                in_flight.append((request, since, self._submit(request)))
            if not in_flight:
                is_next = self._end == self._coverage.reached
                return ahead if is_next else (None, None)
            request, since, wait = in_flight.popleft()
            page = wait()
            if request.newest_first:
                yield self._take_newest(page, begin)
                continue
            if since is None:
                self._evidence.check(page, request.after)
                # The page before may have more records of its oldest time.
                since = (page.oldest or BEGINNING) + MICROSECOND
                frontier = page.newest or frontier
            else:
                page, _ = yield from self._read_from(since, page)
            numbered.update(request, page, self._limit)
            yield self._take(page, request, since)
            # A numbered page in flight may cover what is beyond.
            due.extend(self._due(frontier, asked))

    def _request_ahead(
        self, first: Page, in_flight: int
    ) -> tuple[Wait | None, Wait | None]:
        """Request what follows the end, and a count, if all else is in flight."""
        end = self._end
        if end is None or self._missing(first) > in_flight * first.full_size:
            return None, None
        # An incremental read needs no more, unless something is held back.
        needs_page = self._window.start is None or end == self._limit
        page = self._submit(PageRequest.since(end)) if needs_page else None
        count = None if self._window.start else self._submit(PageRequest(size=1))
        return page, count

    def _due(
        self, frontier: dt.datetime | None, asked: set[dt.datetime]
    ) -> Iterator[dt.datetime]:
        """Yield where gaps begin, up to the frontier, each once."""
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
        """Read on from a time until a page reaches beyond it without a gap.

        Args:
            since: The requested time.
            page: The first page of the response.

        Returns:
            The page that reaches beyond that time, or ends the list; and whether its
            last group may still grow, because its second or day is not over.
        """
        self._evidence.check(page, PageRequest.since(since).after)
        end = floor(since, self._evidence.unit) + self._evidence.unit
        is_growing = False
        if self._limit:
            end = min(end, self._limit)
        elif since < page.sent_at < end:
            end, is_growing = page.sent_at, True
        if not is_longer_than(page, end):
            # A lagging replica may lack the newest; the next sync checks again.
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
        """Mark the times from `since` to a page's newest record as covered."""
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
            # More records may share the newest time.
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
        """Compare the number of records read with the server's count.

        Raises:
            NotByTimeError: Some records cannot be read by time: they have none, or one
                that was set back.
        """
        for _ in range(_COUNT_CHECKS):
            total = self._submit(request._replace(size=1))().total or 0
            missing = total - len(self._sent)
            if missing <= 0:
                return
            # Records changed or added since the last page are still to be read.
            yield from self._read_in_order()
        raise NotByTimeError(f"{missing} records cannot be found by modification time")
