"""Streams that are read page by page, and complete even if records change meanwhile."""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal
from functools import cached_property, partial

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from singer_sdk.streams.rest import PageContext

from tap_clientsuccess.errors import RefusedError, config_error
from tap_clientsuccess.paging.filter_check import FURTHER_BACK
from tap_clientsuccess.paging.page import Completeness, Page, PageRequest, Window
from tap_clientsuccess.paging.reader import Reader
from tap_clientsuccess.records.reader import RecordReader
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.streams.bookmark import WantedRecords, start_of
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
_FAR_FUTURE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class Checkpoint(t.NamedTuple):
    """Marks a position between records.

    Attributes:
        high_watermark: All changes up to this time come before the checkpoint.
    """

    high_watermark: dt.datetime


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
        bookmark = self._bookmark(context)
        state_before = dict(self.get_context_state(context))
        start = self.start(context)
        reader = Reader(
            lambda request: self.thread_pool.submit(self._page, request).result,
            Window(
                start=start,
                bookmark=bookmark if bookmark and start and bookmark >= start else None,
                lookback=self.settings.lookback,
            ),
            width=self._pages_in_flight,
            by_time=self.reads_by_time,
        )
        wanted = WantedRecords(
            start, bookmark, server_filters=lambda: self._server_filters
        )
        for item in self.completed(self._items(reader, wanted)):
            if isinstance(item, Checkpoint):
                self.set_bookmark(context, item.high_watermark)
                self._write_state_message()
            else:
                yield item
        self.check_keys()
        if wanted.undated and self.is_incremental:
            self.warn_once(
                f"a record without {self.modification_key} is sent every time"
            )
        self._conclude(reader, context, state_before)
        self.summarize_warnings()

    def _pages_in_flight(self) -> int:
        """Return `concurrency`, or less if that many pages would not fit in memory."""
        fitting = self.settings.max_response_bytes // max(1, self._largest_page)
        return max(1, min(self.settings.concurrency, fitting))

    def _items(
        self, reader: Reader, wanted: WantedRecords
    ) -> Iterator[Lines | Checkpoint]:
        """Yield the wanted records, and checkpoints between them."""
        # A batch file spans pages: its STATE is written with it.
        has_checkpoints = self.is_incremental and not self.get_batch_config(self.config)
        for number, batch in enumerate(reader, 1):
            self.note_extraction()
            lines = wanted.of(self.sendable(batch.records))
            self.progress.repeated = wanted.repeated
            yield lines
            is_due = has_checkpoints and number % _PAGES_PER_STATE == 0
            if is_due and batch.high_watermark:
                yield Checkpoint(batch.high_watermark)

    def completed(
        self, items: Iterable[Lines | Checkpoint]
    ) -> Iterable[Lines | Checkpoint]:
        """Turn a page's records into what is sent; pass checkpoints on in order."""
        return items

    def _conclude(
        self, reader: Reader, context: Context | None, state_before: dict[str, t.Any]
    ) -> None:
        """Set the bookmark, or warn about what is missing."""
        outcome = reader.outcome
        if reader.why_by_number:
            self.logger.info(
                "%s: read by page number, as %s", self.name, reader.why_by_number
            )
        if outcome.started_earlier:
            self.logger.info(
                "%s: read from %s earlier, as the newest known change was not returned "
                "(it was edited, or the server's filter is imprecise)",
                self.name,
                FURTHER_BACK,
            )
        if outcome.completeness is Completeness.COMPLETE:
            self.is_complete = True
        elif outcome.high_watermark and reader.is_by_number:
            self.logger.warning(
                "%s: %d records are missing: the server counts more than it returned "
                "in each of three reads, during which nothing changed. Its total seems "
                "to be wrong, so the bookmark moves on; compare with ClientSuccess.",
                self.name,
                outcome.missing,
            )
        elif outcome.missing:
            self.logger.warning(
                "%s: %d records are missing: the server counts more than it returned "
                "in three reads. The bookmark stays; the next sync tries again.",
                self.name,
                outcome.missing,
            )
        else:
            self.logger.warning(
                "%s: records may be missing: the data changed during each of several "
                "reads. The bookmark stays; the next sync tries again.",
                self.name,
            )
        if not self.is_incremental:
            return
        if reader.must_go_back:
            state = self.get_context_state(context)
            state.clear()
            state.update(state_before)
        self.set_bookmark(context, outcome.high_watermark)

    @property
    def is_incremental(self) -> bool:
        """Whether the stream has a bookmark."""
        return self.replication_method == REPLICATION_INCREMENTAL

    def start(self, context: Context | None) -> dt.datetime | None:
        """Return where to start: `lookback_seconds` before the bookmark, or start_date.

        Raises:
            ConfigValidationError: The bookmark is not a time.
        """
        if not self.is_incremental:
            return None
        try:
            bookmark = self.get_starting_timestamp(context)
            bookmark = bookmark and bookmark.astimezone(dt.UTC)
        except (ValueError, TypeError, OverflowError):
            problem = f"the bookmark of {self.name} is not a time"
            raise config_error(problem, what="state") from None
        start = start_of(bookmark, self.settings.start_date, self.settings.lookback)
        # Not just now: this machine's clock may be wrong.
        if start and start > dt.datetime.now(dt.UTC) + _CLOCK_ERROR:
            self.logger.warning(
                "%s: reads only changes since %s, which is in the future: check "
                "start_date and the state",
                self.name,
                format_time(start),
            )
        return start

    def set_bookmark(self, context: Context | None, time: dt.datetime | None) -> None:
        """Move the bookmark forward; it never goes back."""
        if time is None:
            return
        before = self._bookmark(context)
        state = self.get_context_state(context)
        state["replication_key"] = self.replication_key
        state["replication_key_value"] = format_time(max(time, before or time))

    def _bookmark(self, context: Context | None) -> dt.datetime | None:
        state = self.get_context_state(context)
        if state.get("replication_key") != self.replication_key:
            return None
        return parse_time(state.get("replication_key_value"))

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
            times=[record.modified or record.created for record in records],
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
            ValueError: The body is no such response.
        """
        self._largest_page = max(self._largest_page, len(body))
        page = reader.read(body, self.find)
        if not page.counts:
            raise ValueError("a bare list")
        return page

    @cached_property
    def _server_filters(self) -> bool:
        """Whether ``modifiedAfter`` in the future lowers the total."""
        counted = [
            self.thread_pool.submit(self._page, PageRequest(size=1, after=after))
            for after in (None, _FAR_FUTURE)
        ]
        try:
            everything, later = (page.result().total for page in counted)
        except RefusedError:
            return True
        return everything is None or later is None or later < everything


_MOST_DIGITS = 30
_MOST = 10**_MOST_DIGITS


def _count(value: t.Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value[:_MOST_DIGITS])
    if isinstance(value, (Decimal, float)) and 0 <= value < _MOST and value % 1 == 0:
        return int(value)
    return value if type(value) is int and value >= 0 else None
