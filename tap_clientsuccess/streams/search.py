"""Streams that are read page by page, complete under live edits."""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal
from functools import partial

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from singer_sdk.streams.rest import PageContext

from tap_clientsuccess.client import ClientSuccessStream
from tap_clientsuccess.errors import config_error
from tap_clientsuccess.pages import Page, PageRequest
from tap_clientsuccess.replication import MODIFICATION_KEY
from tap_clientsuccess.streams.reading import Reading
from tap_clientsuccess.times import format_time

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest

_TIME_KEYS = (MODIFICATION_KEY, "createdTime", "createdTimestamp")
_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class PagedStream(ClientSuccessStream):
    """A stream in pages."""

    modification_key: str = MODIFICATION_KEY
    is_newest_first: bool = True
    """Whether pages are asked for in the order of the modification time."""
    creation_key: str | None = None
    """The field with the creation time, where records may lack a modification time."""

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Walk through the pages; set the bookmark when all records were sent."""
        reading = Reading(self, context)
        yield from self.completed(reading.records())
        reading.conclude()
        self.tell_notices()

    def completed(self, records: Iterable[Record]) -> Iterable[Record]:
        """Make of the records of a page what is sent."""
        return records

    def start(self, context: Context | None) -> dt.datetime | None:
        """Return where to start: the lookback before the bookmark, or start_date.

        Raises:
            ConfigValidationError: The bookmark is not a time.
        """
        if self.replication_method != REPLICATION_INCREMENTAL:
            return None
        try:
            bookmark = self.get_starting_timestamp(context)
            bookmark = bookmark and bookmark.astimezone(dt.UTC)
        except (ValueError, TypeError, OverflowError):
            problem = f"the bookmark of {self.name} is not a time"
            raise config_error(problem, what="state") from None
        if bookmark is None:
            return None
        earliest = self.settings.start_date or _EARLIEST
        return max(earliest, max(bookmark, _EARLIEST) - self.settings.lookback)

    def set_bookmark(self, context: Context | None, time: dt.datetime | None) -> None:
        """Move the bookmark forward; it never goes back."""
        if time is None:
            return
        state = self.get_context_state(context)
        before = self._bookmark_of(state)
        state["replication_key"] = self.replication_key
        state["replication_key_value"] = format_time(max(time, before or time))

    def _bookmark_of(self, state: dict[str, t.Any]) -> dt.datetime | None:
        if state.get("replication_key") != self.replication_key:
            return None
        value = state.get("replication_key_value")
        return self._parse_datetime(value) if value else None

    def _increment_stream_state(
        self,
        latest_record: Record,
        *,
        context: Context | None = None,
    ) -> None:
        """Leave the bookmark alone: `Reading` sets it when all pages are read.

        The SDK would compare times as strings, fail on a record without its
        replication key, and pass the moment at which the walk began.
        """

    def get_replication_key_signpost(
        self,
        context: Context | None = None,
    ) -> None:
        """Set no signpost: it would be a time of this machine's clock."""

    @property
    def is_timestamp_replication_key(self) -> bool:
        """Whether there is a bookmark: it is a time, whatever the field's type."""
        return bool(self.replication_key)

    def sample(self, number: int) -> Page:
        """Read one page, whatever the bookmark says.

        Raises:
            ApiError: It cannot be read.
        """
        page = PageContext(stream_context=None, next_page_token=PageRequest(number))
        request = self.get_http_request(page=page)
        ask = partial(self.ask, read=lambda body: self.read_page(body, number))
        return self.flights.launch(ask, request)().content

    def read_page(self, body: t.Any, number: int) -> Page:
        """Read the answer of a paged search.

        Args:
            body: The decoded body: ``data`` (``content`` for tasks),
                ``totalElements``, ``totalPages``, ``size`` and ``last``.
            number: The page that was asked for.

        Returns:
            The page.

        Raises:
            ValueError: The body is not such an answer.
        """
        if not isinstance(body, dict):
            raise ValueError("not an object")  # noqa: TRY004
        total = _count(body.get("totalElements"))
        records = self.records_in(body)
        if records is None and total == 0:
            records = []
        if not isinstance(records, list):
            raise ValueError("no list of records")  # noqa: TRY004
        last = body.get("last")
        stamps = self._stamps(records)
        return Page(
            number=number,
            records=records,
            keys=self.keys_of(records),
            total=total,
            pages=_count(body.get("totalPages")),
            size=_count(body.get("size")),
            last=last if isinstance(last, bool) else None,
            stamps=stamps or [self._stamp(record) for record in records],
            is_dated=self.is_newest_first and stamps is not None,
        )

    def _stamps(self, records: list[t.Any]) -> list[t.Any] | None:
        """Return when each record was modified, as the API writes it, if shown."""
        try:
            stamps = [record[self.modification_key] for record in records]
        except (KeyError, TypeError):
            return None
        return stamps if all(stamps) else None

    def _stamp(self, record: t.Any) -> t.Any:
        if not isinstance(record, dict):
            return None
        for name in (self.modification_key, *_TIME_KEYS):
            if stamp := record.get(name):
                return stamp
        return None

    def records_in(self, body: dict[str, t.Any]) -> t.Any:
        """Return what should be the list of records in an answer."""
        return body.get("data", body.get("content"))


_MOST_DIGITS = 30
_MOST = 10**_MOST_DIGITS


def _count(value: t.Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value[:_MOST_DIGITS])
    if isinstance(value, (Decimal, float)) and 0 <= value < _MOST and value % 1 == 0:
        return int(value)
    return value if type(value) is int and value >= 0 else None


class SearchStream(PagedStream):
    """A search of API v2, read incrementally by modification time."""

    replication_key: str | None = MODIFICATION_KEY

    def get_http_request(self, *, page: PageContext[PageRequest]) -> HTTPRequest:
        """Ask for one page, newest first."""
        request = super().get_http_request(page=page)
        start = self.start(page.stream_context)
        number, size = page.next_page_token or PageRequest(0)
        request.params = {
            "page": str(number),
            "size": str(size or self.settings.page_size),
            "sortBy": self.modification_key,
            "sortDirection": "desc",
            "modifiedAfter": start and format_time(start),
        }
        return request
