"""Streams that are read page by page, and complete even if records change meanwhile."""

from __future__ import annotations

import datetime as dt
import typing as t
from functools import cached_property

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import UnexpectedBodyError, config_error, counted
from tap_clientsuccess.paging.page import FURTHER_BACK, Page, PageRequest, Window
from tap_clientsuccess.paging.reader import Reader
from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.schedule.schedule import Kind
from tap_clientsuccess.singer.outcome import Outcome, Status
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.timestamps import format_time, is_future, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_clientsuccess.http.responses import Response
    from tap_clientsuccess.paging.proof import Verdict
    from tap_clientsuccess.paging.versions import Versions
    from tap_clientsuccess.records.decoding import Find, Found
    from tap_clientsuccess.singer.stream import Lines

MODIFICATION_KEY = "modifiedTime"
_PAGES_PER_STATE = 4


class Checkpoint(t.NamedTuple):
    """Stands between records: all changes up to its time come before it."""

    time: dt.datetime


class GoBack:
    """Stands between records: what the checkpoints before it said was not justified."""


Mark = Checkpoint | GoBack


class SearchStream(ClientSuccessStream):
    """A search, read page by page, incrementally by modification time."""

    replication_key: str | None = MODIFICATION_KEY
    modification_key = MODIFICATION_KEY
    reads_by_time: bool = True
    """Whether the search may filter and sort by modification time."""
    _largest_page = 0
    """In bytes; guarded by `_lock`, as is the progress's total."""
    _versions: Versions | None = None
    """What was sent in this run."""
    _bookmark_to_restore: dt.datetime | None = None
    """The bookmark before the current read, should that prove nothing."""
    find: Find | None = None
    """Finds the records in a decoded body; None for the usual envelopes."""

    def read_lines(self) -> Iterator[Lines]:
        """Read all pages; move the bookmark as far as everything was sent.

        The second half of a full read moves its place as well.
        """
        reader = self._reader()
        for item in self.completed(self._items(reader)):
            if isinstance(item, Mark):
                if isinstance(item, Checkpoint):
                    self._checkpoint(item.time)
                else:
                    self._go_back()
                self.write_state()
            else:
                yield item
        self.check_keys()
        self._tell(reader)
        self.outcome = self._outcome(reader)
        self._settle(reader)
        self.summarize_warnings()

    def _reader(self) -> Reader:
        """Decide what is read, and note that the read begins."""
        if self.schedule.past.by_number and not self.clock.is_known:
            # What is due decides which pages are requested.
            self.thread_pool.submit(self._page, PageRequest.for_count()).result()
        if self.clock.is_known or self.schedule.past.by_number:
            self.begin()
        reader = Reader(
            lambda request: self.thread_pool.submit(self._page, request).result,
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
        self.schedule.move(None)
        self.schedule.note_by_number(is_by_number=True)
        self.schedule.note_attempt()

    def _checkpoint(self, time: dt.datetime) -> None:
        """Note how far everything was sent."""
        self._move(time)
        if self._is_second_half:
            # It starts the lookback before the place.
            self.schedule.move(max(time, self.schedule.place or time))
        elif self.schedule.kind is Kind.FIRST:
            self.schedule.note_unfinished(self.clock.now())

    def _settle(self, reader: Reader) -> None:
        """Note in the state what a read has proven."""
        schedule, verdict = self.schedule, reader.proof.verdict
        accepted = verdict.missing if verdict.is_accepted else 0
        # An incremental read that lacks nothing says nothing of the whole list.
        if accepted or self.reads_everything:
            schedule.accept(accepted)
        if verdict.is_complete and not self.outcome.is_complete:
            schedule.bar(self.outcome.why)
        if not self.is_incremental or self.refusals:
            return
        if reader.bookmark:
            self._move(reader.bookmark)
        if not self._is_known_by_number:
            schedule.note_by_number(is_by_number=reader.distrusts_times)
        if self.outcome.is_unfinished:
            schedule.note_unfinished(self.clock.now())
        if schedule.kind is Kind.INCREMENTAL and (known := schedule.past.undated):
            found = reader.count_undated()
            if found is not None and found > known:
                schedule.note_due("there are more records without a modification time")

    def _pages_in_flight(self) -> int:
        """Return `concurrency`, or less if that many pages would not fit in memory."""
        fitting = self.settings.max_response_bytes // max(1, self._largest_page)
        return max(1, min(self.settings.concurrency, fitting))

    def _items(self, reader: Reader) -> Iterator[Lines | Mark]:
        """Yield the records, and marks between them."""
        # With BATCH they write nothing: the next file's STATE has the last of them.
        pages = 1 if self.get_batch_config(self.config) else _PAGES_PER_STATE
        has_gone_back = False
        before = parse_time(self.bookmark_before)
        self.progress.changed = 0 if self.is_incremental else None
        for number, batch in enumerate(reader, 1):
            self._note_pass(reader, batch.page)
            if self.is_incremental and reader.distrusts_times and not has_gone_back:
                has_gone_back = True
                yield GoBack()
            self.note_extraction()
            records = self.sendable(batch.records)
            self.progress.sent = len(reader.proof.sent)
            if self.progress.changed is not None:
                # A record without a time may be new, or one of every full read.
                self.progress.changed += sum(
                    before is None or (record.time is not None and record.time > before)
                    for record in records
                )
            yield [record.line for record in records]
            if self.is_incremental and batch.bookmark and number % pages == 0:
                yield Checkpoint(batch.bookmark)

    def _note_pass(self, reader: Reader, page: Page) -> None:
        """Note a page for the progress, and say so where the list is read again."""
        if reader.passes > self.progress.passes:
            with self._lock:
                self.progress.begin_pass(reader.passes, page.total)
            self.logger.info(
                "%s: %s, by page number: %s",
                self.name,
                self.progress.label,
                reader.why_again,
            )
        self.progress.read += len(page.keys)

    def completed(self, items: Iterable[Lines | Mark]) -> Iterable[Lines | Mark]:
        """Turn a page's records into what is sent; pass marks on in order."""
        return items

    def _tell(self, reader: Reader) -> None:
        """Log what the read found out about the server and its records."""
        if reader.proof.undated.known and self.is_incremental:
            self.warn_once(
                f"a record without {self.modification_key} is there: an incremental "
                "sync does not notice its edits"
            )
        if (surplus := reader.by_time.surplus) and not self.reads_everything:
            self.logger.info(
                "%s: the server counts %s more than its filter by time lets through, "
                "which incremental syncs ignore",
                self.name,
                counted(surplus),
            )
        if reader.by_time.started_earlier:
            self.logger.info(
                "%s: read from %d hours earlier, as the newest known change was not "
                "returned (it was edited, or the server's filter is imprecise)",
                self.name,
                FURTHER_BACK / dt.timedelta(hours=1),
            )
        if not reader.proof.verdict.is_complete:
            self._warn_of(reader.proof.verdict, has_bookmark=bool(reader.bookmark))
        elif doubt := reader.proof.verdict.uncounted:
            self.logger.info("%s: %s", self.name, doubt)

    def _judged(self, verdict: Verdict) -> tuple[Status, str]:
        """Return whether everything came, and what speaks against it."""
        if not verdict.is_complete:
            return Status.MISSING if verdict.missing else Status.IN_DOUBT, verdict.why
        if doubts := [*self.refusals, *self.doubts]:
            return Status.IN_DOUBT, "; ".join(doubts)
        return Status.COMPLETE, ""

    def _outcome(self, reader: Reader) -> Outcome:
        verdict, schedule = reader.proof.verdict, self.schedule
        status, why = self._judged(verdict)
        return Outcome(
            status=status,
            why=why,
            missing=verdict.missing,
            is_unfinished=(
                schedule.kind is Kind.FIRST
                and verdict.is_unfinished
                and not self.refusals
            ),
            was_accepted=verdict.is_accepted and schedule.was_accepted(verdict.missing),
            distinct=len(reader.proof.sent),
            everything=reader.proof.everything,
            undated=reader.proof.undated.known,
            uncounted=reader.proof.verdict.uncounted,
        )

    def _warn_of(self, verdict: Verdict, *, has_bookmark: bool) -> None:
        """Say that records are or may be missing."""
        what = f"records may be missing: {verdict.why}."
        missing = f"{counted(verdict.missing, 'is', 'are')} missing"
        if verdict.is_accepted:
            what = (
                f"{missing}: the server counts more than it returned in each of three "
                "reads, during which nothing changed. Its total seems to be wrong"
                f"{', so the bookmark moves on' * self.is_incremental}; compare with "
                "ClientSuccess."
            )
        elif verdict.missing:
            what = f"{missing}: the server counts more than it returned in three reads."
        if not verdict.is_accepted:
            # What has no time can be missing where all that has one was sent.
            start = "The" if has_bookmark else "The bookmark stays; the"
            what += f" {start} next sync tries again."
        self.logger.warning("%s: %s", self.name, what)

    def window(self) -> Window:
        """Return what is to be read: what changed since the bookmark, or everything.

        Raises:
            ConfigValidationError: The bookmark is not a time.
        """
        settings = self.settings
        if not self.is_incremental:
            return Window(lookback=settings.lookback)
        if self._is_known_by_number:
            return Window(None, settings.start_date, settings.lookback)
        if self._is_second_half:
            return Window(
                self.schedule.place,
                settings.start_date,
                settings.lookback,
                is_place=True,
            )
        bookmark = self._bookmark
        is_first = bookmark is None or self.schedule.first_read_is_unfinished
        window = Window(bookmark, settings.start_date, settings.lookback, is_first)
        if bookmark and is_future(bookmark):
            self.logger.warning(
                "%s: reads only changes since %s, which is in the future: check the "
                "state",
                self.name,
                format_time(bookmark),
            )
        return window

    def _move(self, time: dt.datetime) -> None:
        """Move the bookmark forward; it never goes back."""
        self._set_bookmark(max(time, self._bookmark or time))

    def _set_bookmark(self, time: dt.datetime | None) -> None:
        state = self.stream_state
        # Null, not absent: Meltano would keep what the STATE before said.
        state["replication_key"] = self.replication_key
        state["replication_key_value"] = time and format_time(time)

    @property
    def has_bookmark(self) -> bool:
        """Whether an earlier run read the stream."""
        return self._bookmark is not None

    @property
    def _bookmark(self) -> dt.datetime | None:
        """Return the bookmark in the state, if there is one.

        Raises:
            ConfigValidationError: It is not a time.
        """
        state = self.stream_state
        value = state.get("replication_key_value")
        if value is None or state.get("replication_key") != self.replication_key:
            return None
        if (bookmark := parse_time(value)) is None:
            problem = f"the bookmark of {self.name} is not a time"
            raise config_error(problem, what="state")
        return bookmark

    def get_replication_key_signpost(
        self,
        context: Context | None = None,
    ) -> None:
        """Set no signpost: it would be a time of the local clock."""

    @property
    def is_timestamp_replication_key(self) -> bool:
        """Whether there is a bookmark: it is a time, whatever type the field has."""
        return bool(self.replication_key)

    def request_for(self, wanted: PageRequest) -> HTTPRequest:
        """Return the request for a page."""
        params: dict[str, t.Any] = {
            "page": str(wanted.number),
            "size": str(wanted.size or self.settings.page_size),
            "sortBy": self.modification_key,
            "sortDirection": "desc" if wanted.newest_first else "asc",
            "modifiedAfter": wanted.after and format_time(wanted.after),
        }
        return HTTPRequest(self.get_url(None), self.http_method, params)

    def sample(self, number: int) -> Page:
        """Read one page, regardless of bookmark and schema.

        Raises:
            ApiError: It cannot be read.
        """
        reader = RecordReader({"additionalProperties": True}, warn=lambda *_: None)
        request = PageRequest(number, newest_first=True)
        return self.thread_pool.submit(self._page, request, reader).result()

    @cached_property
    def page_reader(self) -> RecordReader:
        """Reads the records of a page."""
        return self.record_reader

    def _page(self, wanted: PageRequest, reader: RecordReader | None = None) -> Page:
        now = dt.datetime.now(dt.UTC)
        with self._lock:
            reader = reader or self.page_reader

        def read(response: Response) -> Page:
            found = self.read_records(response.body, reader)
            # A clock must cap the bookmark: a record's time may be in the future.
            page = self.page_of(wanted, found, response.sent_at or now)
            with self._lock:
                self._largest_page = max(self._largest_page, len(response.body))
                # Later pages count only what changed since.
                if self.progress.total is None:
                    self.progress.total = page.total
            return page

        return self.fetch(self.request_for(wanted), read)

    @staticmethod
    def page_of(wanted: PageRequest, found: Found, sent_at: dt.datetime) -> Page:
        """Return the page that was found.

        Args:
            wanted: The page that was requested.
            found: The records of the response, and the counts beside them.
            sent_at: When the request was sent.

        Raises:
            UnexpectedBodyError: There are no counts: it is a bare list.
        """
        if found.counts is None:
            raise UnexpectedBodyError("a bare list")
        return Page(
            number=wanted.number,
            records=found.records,
            keys=[record.key for record in found.records],
            times=[record.time for record in found.records],
            **found.counts._asdict(),
            sent_at=sent_at,
        )

    def read_records(self, body: bytes, reader: RecordReader) -> Found:
        """Read the response to a search: the records, and the counts beside them.

        Raises:
            UnexpectedBodyError: There are no records in it.
        """
        return reader.read(body, self.find)
