"""Streams that are read page by page, and complete even if records change meanwhile."""

from __future__ import annotations

import datetime as dt
import typing as t
from functools import cached_property, partial

from requests import Request

from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.paging.page import Page, PageRequest, Window
from tap_clientsuccess.paging.reader import Reader
from tap_clientsuccess.records.decoding import Counts
from tap_clientsuccess.schedule.schedule import Kind
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.streams.findings import outcome_of, remarks, shortfall
from tap_clientsuccess.timestamps import format_time, is_future, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_clientsuccess.http.responses import Response
    from tap_clientsuccess.paging.versions import Versions
    from tap_clientsuccess.records.decoding import Find
    from tap_clientsuccess.records.record_reader import RecordReader
    from tap_clientsuccess.singer.stream import Lines

MODIFICATION_KEY = "modifiedTime"
_PAGES_PER_STATE = 4


Mark = partial[None]
"""Stands between records: what is noted once those before it are sent."""


class SearchStream(ClientSuccessStream):
    """A search, read page by page, incrementally by modification time."""

    replication_key: str | None = MODIFICATION_KEY
    modification_key = MODIFICATION_KEY
    reads_by_time: bool = True
    """Whether the search may filter and sort by modification time."""
    _largest_page = 0
    """In bytes; `_lock` guards writes to it, as to the progress's total."""
    _versions: Versions | None = None
    """What was sent in this run."""
    _bookmark_to_restore: dt.datetime | None = None
    """The bookmark before the current read, should that prove nothing."""
    find: Find | None = None
    """Finds the records in a body; None for the usual envelopes."""
    is_paged = True
    """Whether it has pages; else a response has everything."""

    def read_lines(self) -> Iterator[Lines]:
        """Read all pages; move the bookmark as far as everything was sent.

        The second half of a full read moves its place as well.
        """
        reader = self._begin_read()
        for item in self.completed(self._items(reader)):
            if isinstance(item, partial):
                item()
                self.write_state()
            else:
                yield item
        self.check_keys()
        self._tell(reader)
        self.outcome = outcome_of(reader, self.schedule, self.refusals, [*self.doubts])
        self._settle(reader)
        self.summarize_warnings()

    def _begin_read(self) -> Reader:
        """Decide what is read, and note that the read begins."""

        def submit(request: PageRequest) -> t.Callable[[], Page]:
            return self.thread_pool.submit(self.page, request, search_reader).result

        search_reader = self.search_reader
        if self.schedule.past.by_number and not self.clock.is_known:
            # What is due decides which pages are requested.
            submit(PageRequest.for_count())()
        if self.clock.is_known or self.schedule.past.by_number:
            self.begin()
        reader = Reader(
            submit,
            self.window(),
            width=self._pages_in_flight,
            by_time=self.reads_by_time and not self._is_known_by_number,
            versions=self._versions,
        )
        self._versions = reader.versions
        if self._is_known_by_number:
            self.schedule.note_attempt()
        if self.reads_everything and self.schedule.kind is Kind.FULL:
            # A run that is killed before the next STATE has begun, and had its turn.
            self.write_state(is_due=True)
        self._bookmark_to_restore = self._bookmark
        return reader

    @property
    def _is_known_by_number(self) -> bool:
        """Whether this is a full read by page number, as the last one was."""
        schedule = self.schedule
        is_full = schedule.kind is Kind.FULL and self.is_incremental
        return is_full and schedule.past.by_number and self.reads_everything

    def _go_back(self) -> None:
        """Take back what was noted of this read: it proves nothing."""
        self._set_bookmark(self._bookmark_to_restore)
        # Nor does what earlier runs read by time.
        self.schedule.go_on(place=None)
        self.schedule.note(by_number=True)
        self.schedule.note_attempt()

    def _checkpoint(self, time: dt.datetime) -> None:
        """Note how far everything was sent."""
        self._move(time)
        if self._is_second_half:
            # It starts the lookback before the place.
            self.schedule.go_on(place=max(time, self.schedule.place or time))
        elif self.schedule.kind is Kind.FIRST:
            self.schedule.note_unfinished(self.clock.now())

    def _settle(self, reader: Reader) -> None:
        """Note in the state what a read has proven."""
        schedule, verdict = self.schedule, reader.proof.verdict
        accepted = verdict.missing if verdict.is_accepted else 0
        # An incremental read that lacks nothing says nothing of the whole list.
        if accepted or self.reads_everything:
            schedule.note(accepted=accepted)
        if verdict.is_complete and not self.outcome.is_complete:
            schedule.bar(self.outcome.why)
        if not self.is_incremental or self.refusals:
            return
        if reader.bookmark:
            self._move(reader.bookmark)
        schedule.note(by_number=not reader.trusts_times)
        if self.outcome.is_unfinished:
            schedule.note_unfinished(self.clock.now())
        if schedule.kind is Kind.INCREMENTAL and (known := schedule.past.undated):
            found = reader.count_undated()
            if found is not None and found > known:
                schedule.note(due="there are more records without a modification time")

    def _pages_in_flight(self) -> int:
        """Return `concurrency`, or less if that many pages would not fit in memory."""
        fitting = self.settings.max_response_bytes // max(1, self._largest_page)
        return max(1, min(self.settings.concurrency, fitting))

    def _items(self, reader: Reader) -> Iterator[Lines | Mark]:
        """Yield the records, and marks between them."""
        # With BATCH they write nothing: the next file's STATE has the last of them.
        pages = 1 if self.get_batch_config(self.config) else _PAGES_PER_STATE
        is_incremental, has_gone_back = self.is_incremental, False
        before, progress = parse_time(self.bookmark_at_start), self.progress
        progress.changed = 0 if is_incremental else None
        for number, batch in enumerate(reader, 1):
            if reader.passes > progress.passes:
                self._note_pass(reader, batch.page)
            progress.read += len(batch.page.keys)
            if is_incremental and not (reader.trusts_times or has_gone_back):
                has_gone_back = True
                yield partial(self._go_back)
            records = self.sendable(batch.records)
            progress.sent = len(reader.proof.sent)
            if progress.changed is not None:
                # A record without a time may be new, or one of every full read.
                progress.changed += sum(
                    before is None or (record.time is not None and record.time > before)
                    for record in records
                )
            yield [record.line for record in records]
            if is_incremental and batch.bookmark and number % pages == 0:
                yield partial(self._checkpoint, batch.bookmark)

    def _note_pass(self, reader: Reader, page: Page) -> None:
        """Say that the list is read again."""
        with self._lock:
            self.progress.begin_pass(reader.passes, page.total)
        label, why = self.progress.label, reader.why_again
        self.logger.info("%s: %s, by page number: %s", self.name, label, why)

    def completed(self, items: Iterable[Lines | Mark]) -> Iterable[Lines | Mark]:
        """Turn a page's records into what is sent; pass marks on in order.

        Here they are sent as they are; details override it.
        """
        return items

    def _tell(self, reader: Reader) -> None:
        """Log what the read found out about the server and its records."""
        if reader.proof.undated.known and self.is_incremental:
            self.warn_once(
                f"a record has no {self.modification_key}: an incremental "
                "sync does not notice its edits"
            )
        for remark in remarks(reader, reads_everything=self.reads_everything):
            self.logger.info("%s: %s", self.name, remark)
        if not reader.proof.verdict.is_complete:
            what = shortfall(reader, is_incremental=self.is_incremental)
            self.logger.warning("%s: %s", self.name, what)

    def window(self) -> Window:
        """Return what is to be read: what changed since the bookmark, or everything.

        Raises:
            ConfigValidationError: The bookmark is not a time.
        """
        start, lookback = self.settings.start_date, self.settings.lookback
        if not self.is_incremental:
            return Window(lookback=lookback)
        if self._is_known_by_number:
            return Window(None, start, lookback)
        if self._is_second_half:
            return Window(self.schedule.place, start, lookback, is_place=True)
        bookmark = self._bookmark
        is_first = bookmark is None or self.schedule.first_read_is_unfinished
        if bookmark and is_future(bookmark):
            self.logger.warning(
                "%s: reads only changes since %s, which is in the future: check the "
                "state",
                self.name,
                format_time(bookmark),
            )
        return Window(bookmark, start, lookback, is_first)

    def request_for(self, wanted: PageRequest) -> Request:
        """Return the request for a page."""
        params: dict[str, t.Any] = {
            "page": str(wanted.number),
            "size": str(wanted.size or self.settings.page_size),
            "sortBy": self.modification_key,
            "sortDirection": "desc" if wanted.newest_first else "asc",
            "modifiedAfter": wanted.after and format_time(wanted.after),
        }
        return Request(self.http_method, self.url, params=params)

    @cached_property
    def search_reader(self) -> RecordReader:
        """Reads what the search lists: here, the records that are sent."""
        return self.record_reader

    def page(self, wanted: PageRequest, reader: RecordReader) -> Page:
        """Request a page, in a thread of the pool.

        Raises:
            ApiError: It cannot be read.
        """
        read = partial(self.read_page, wanted, reader, dt.datetime.now(dt.UTC))
        return self.fetch(self.request_for(wanted), read)

    def read_page(
        self,
        wanted: PageRequest,
        reader: RecordReader,
        asked_at: dt.datetime,
        response: Response,
    ) -> Page:
        """Read the response to a request for a page.

        Raises:
            UnexpectedBodyError: There are no records in it, or it is a bare list, which
                has no counts.
        """
        records, counts = reader.read(response.body, self.find)
        if not self.is_paged:
            counts = Counts(total=len(records))
        if counts is None:
            raise UnexpectedBodyError("a bare list")
        with self._lock:
            self._largest_page = max(self._largest_page, len(response.body))
            # Later pages count only what changed since.
            if self.progress.total is None:
                self.progress.total = counts.total
        return Page(
            number=wanted.number,
            records=records,
            keys=[record.key for record in records],
            times=[record.time for record in records],
            total=counts.total,
            size=counts.size,
            last=counts.is_last(wanted.number),
            # A clock must cap the bookmark: a record's time may be in the future.
            sent_at=response.sent_at or asked_at,
        )
