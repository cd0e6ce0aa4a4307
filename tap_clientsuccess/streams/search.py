"""Streams that are read page by page, and complete even if records change meanwhile."""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal
from functools import cached_property, partial

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from singer_sdk.streams.rest import PageContext

from tap_clientsuccess.errors import UnexpectedBodyError, config_error
from tap_clientsuccess.paging.page import Page, PageRequest
from tap_clientsuccess.paging.reader import Reader
from tap_clientsuccess.paging.window import FURTHER_BACK, Window
from tap_clientsuccess.records.reader import RecordReader
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.records.reader import Find, RecordPage
    from tap_clientsuccess.singer.stream import Lines

MODIFICATION_KEY = "modifiedTime"
_PAGES_PER_STATE = 4
_CLOCK_ERROR = dt.timedelta(days=1)
FIRST_READ_BEGAN = "first_read_began"
"""The key in the state for when a first read began that is unfinished; else null."""


class Checkpoint(t.NamedTuple):
    """Marks a position between records.

    Attributes:
        bookmark: All changes up to this time come before the checkpoint. None: the
            bookmark was not justified, and goes back to where it was.
    """

    bookmark: dt.datetime | None


class SearchStream(ClientSuccessStream):
    """A search, read page by page, incrementally by modification time."""

    replication_key: str | None = MODIFICATION_KEY
    modification_key = MODIFICATION_KEY
    reads_by_time: bool = True
    """Whether the search may filter and sort by modification time."""
    _largest_page = 0
    find: Find | None = None
    """Finds the records in a decoded body; None for the usual envelopes."""

    def read_lines(self, context: Context | None) -> Iterator[Lines]:
        """Read all pages; move the bookmark as far as everything was sent."""
        state_before = dict(self.get_context_state(context))
        window = self.window(context)
        reader = Reader(
            lambda request: self.thread_pool.submit(self._page, request).result,
            window,
            width=self._pages_in_flight,
            by_time=self.reads_by_time,
        )
        for item in self.completed(self._items(reader)):
            if isinstance(item, Checkpoint):
                self._move(context, item.bookmark, state_before)
                if window.is_first:
                    self._note_unfinished(context)
                self._write_state_message()
            else:
                yield item
        self.check_keys()
        if reader.undated and self.is_incremental:
            self.warn_once(
                f"a record without {self.modification_key} is there: an incremental "
                "sync does not notice its edits"
            )
        self._conclude(reader)
        if self.is_incremental and not self.is_refused:
            if reader.bookmark:
                self._move(context, reader.bookmark, state_before)
            is_unfinished = window.is_first and reader.verdict.is_unfinished
            self._note_unfinished(context, is_unfinished=is_unfinished)
        self.summarize_warnings()

    def _pages_in_flight(self) -> int:
        """Return `concurrency`, or less if that many pages would not fit in memory."""
        fitting = self.settings.max_response_bytes // max(1, self._largest_page)
        return max(1, min(self.settings.concurrency, fitting))

    def _items(self, reader: Reader) -> Iterator[Lines | Checkpoint]:
        """Yield the records, and checkpoints between them."""
        # With BATCH they write nothing: the next file's STATE has the last of them.
        pages = 1 if self.get_batch_config(self.config) else _PAGES_PER_STATE
        has_gone_back = False
        for number, batch in enumerate(reader, 1):
            if self.is_incremental and reader.distrusts_times and not has_gone_back:
                has_gone_back = True
                yield Checkpoint(None)
            self.note_extraction()
            lines = [record.line for record in self.sendable(batch.records)]
            self.progress.repeated = reader.repeated
            yield lines
            if self.is_incremental and batch.bookmark and number % pages == 0:
                yield Checkpoint(batch.bookmark)

    def completed(
        self, items: Iterable[Lines | Checkpoint]
    ) -> Iterable[Lines | Checkpoint]:
        """Turn a page's records into what is sent; pass checkpoints on in order."""
        return items

    def _conclude(self, reader: Reader) -> None:
        """Say how the read ended."""
        verdict = reader.verdict
        self.got_all = verdict.is_complete
        self.is_counted = not reader.doubt_of_undated
        if reader.why_by_number:
            self.logger.info(
                "%s: read by page number, as %s", self.name, reader.why_by_number
            )
        if reader.started_earlier:
            self.logger.info(
                "%s: read from %d hours earlier, as the newest known change was not "
                "returned (it was edited, or the server's filter is imprecise)",
                self.name,
                FURTHER_BACK / dt.timedelta(hours=1),
            )
        if verdict.is_complete:
            if doubt := reader.doubt_of_undated:
                self.logger.info("%s: %s", self.name, doubt)
            return
        what = f"records may be missing: {verdict.why}."
        if verdict.is_accepted:
            what = (
                f"{verdict.missing} records are missing: the server counts more than "
                "it returned in each of three reads, during which nothing changed. "
                "Its total seems to be wrong"
                f"{', so the bookmark moves on' * self.is_incremental}; compare with "
                "ClientSuccess."
            )
        elif verdict.missing:
            what = (
                f"{verdict.missing} records are missing: the server counts more than "
                "it returned in three reads."
            )
        if not verdict.is_accepted:
            # What has no time can be missing where all that has one was sent.
            start = "The" if reader.bookmark else "The bookmark stays; the"
            what += f" {start} next sync tries again."
        self.logger.warning("%s: %s", self.name, what)

    @property
    def is_incremental(self) -> bool:
        """Whether the stream has a bookmark."""
        return self.replication_method == REPLICATION_INCREMENTAL

    def window(self, context: Context | None) -> Window:
        """Return what is to be read: what changed since the bookmark, or everything.

        Raises:
            ConfigValidationError: The bookmark is not a time.
        """
        settings = self.settings
        if not self.is_incremental:
            return Window(lookback=settings.lookback)
        bookmark = self._bookmark(context)
        is_first = bookmark is None or bool(
            self.get_context_state(context).get(FIRST_READ_BEGAN)
        )
        window = Window(bookmark, settings.start_date, settings.lookback, is_first)
        # Not just now: this machine's clock may be wrong.
        if window.start and window.start > dt.datetime.now(dt.UTC) + _CLOCK_ERROR:
            self.logger.warning(
                "%s: reads only changes since %s, which is in the future: check "
                "start_date and the state",
                self.name,
                format_time(window.start),
            )
        return window

    def _move(
        self,
        context: Context | None,
        bookmark: dt.datetime | None,
        state_before: dict[str, t.Any],
    ) -> None:
        """Move the bookmark forward, or back to where it was before this read."""
        state = self.get_context_state(context)
        if bookmark is None:
            state.clear()
            state.update(state_before)
            return
        before = self._bookmark(context)
        state["replication_key"] = self.replication_key
        state["replication_key_value"] = format_time(max(bookmark, before or bookmark))

    def _note_unfinished(
        self, context: Context | None, *, is_unfinished: bool = True
    ) -> None:
        """Note in the state whether a first read is unfinished.

        The key becomes null and is not removed: Meltano merges states.
        """
        state = self.get_context_state(context)
        if is_unfinished and state.get("replication_key_value"):
            state.setdefault(FIRST_READ_BEGAN, format_time(dt.datetime.now(dt.UTC)))
        elif not is_unfinished and FIRST_READ_BEGAN in state:
            state[FIRST_READ_BEGAN] = None

    def _bookmark(self, context: Context | None) -> dt.datetime | None:
        """Return the bookmark in the state, if there is one.

        Raises:
            ConfigValidationError: It is not a time.
        """
        state = self.get_context_state(context)
        value = state.get("replication_key_value")
        if value is None or state.get("replication_key") != self.replication_key:
            return None
        if (bookmark := parse_time(value)) is None:
            problem = f"the bookmark of {self.name} is not a time"
            raise config_error(problem, what="state")
        return bookmark

    def _increment_stream_state(
        self,
        latest_record: Record,
        *,
        context: Context | None = None,
    ) -> None:
        """Leave the bookmark alone: the reader decides how far it may move.

        The SDK would compare times as strings and fail on a record without its
        replication key.
        """

    def get_replication_key_signpost(
        self,
        context: Context | None = None,
    ) -> None:
        """Set no signpost: it would be a time of the local clock."""

    @property
    def is_timestamp_replication_key(self) -> bool:
        """Whether there is a bookmark: it is a time, whatever type the field has."""
        return bool(self.replication_key)

    def get_http_request(self, *, page: PageContext[PageRequest]) -> HTTPRequest:
        """Return the request for a page."""
        request = super().get_http_request(page=page)
        wanted = page.next_page_token or PageRequest()
        request.params = {
            "page": str(wanted.number),
            "size": str(wanted.size or self.settings.page_size),
            "sortBy": self.modification_key,
            "sortDirection": "desc" if wanted.newest_first else "asc",
            "modifiedAfter": wanted.after and format_time(wanted.after),
        }
        return request

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

    def _page(self, request: PageRequest, reader: RecordReader | None = None) -> Page:
        now = dt.datetime.now(dt.UTC)
        page = PageContext(stream_context=None, next_page_token=request)
        result = self.request(
            self.get_http_request(page=page),
            partial(self.read_records, reader=reader or self.page_reader),
        )
        records, counts = result.content.records, result.content.counts
        total = _count(counts.get("totalElements"))
        if self.progress.total is None:
            self.progress.total = total  # Later pages count only what changed since.
        last = counts.get("last")
        return Page(
            number=request.number,
            records=records,
            keys=[record.key for record in records],
            times=[record.time for record in records],
            total=total,
            pages=_count(counts.get("totalPages")),
            size=_count(counts.get("size")),
            last=last if isinstance(last, bool) else None,
            # A clock must cap the bookmark: a record's time may be in the future.
            sent_at=result.sent_at or now,
        )

    def read_records(self, body: bytes, *, reader: RecordReader) -> RecordPage:
        """Read the response to a paged search.

        Raises:
            UnexpectedBodyError: The body is no such response.
        """
        self._largest_page = max(self._largest_page, len(body))
        page = reader.read(body, self.find)
        if not page.counts:
            raise UnexpectedBodyError("a bare list")
        return page


_MOST_DIGITS = 30
_MOST = 10**_MOST_DIGITS


def _count(value: t.Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value[:_MOST_DIGITS])
    if isinstance(value, (Decimal, float)) and 0 <= value < _MOST and value % 1 == 0:
        return int(value)
    return value if type(value) is int and value >= 0 else None
