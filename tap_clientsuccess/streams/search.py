"""Streams that are read through a paged search, complete under live edits."""

from __future__ import annotations

import datetime as dt
import typing as t

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from singer_sdk.streams.rest import PageContext

from tap_clientsuccess.client import ClientSuccessStream
from tap_clientsuccess.errors import broken
from tap_clientsuccess.paging import Page, Walk
from tap_clientsuccess.replication import MODIFICATION_KEY, IncrementalRead
from tap_clientsuccess.times import format_time

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.api import Answer

_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class SearchStream(ClientSuccessStream):
    """A paged search, read incrementally by modification time."""

    replication_key = MODIFICATION_KEY
    creation_key: str | None = None
    """The field with the creation time, where records may lack a modification time."""

    def get_http_request(self, *, page: PageContext[int]) -> HTTPRequest:
        """Ask for one page, newest first."""
        request = super().get_http_request(page=page)
        start = self._start(page.stream_context)
        request.params = {
            "page": str(page.next_page_token or 0),
            "size": str(self.settings.page_size),
            "sortBy": MODIFICATION_KEY,
            "sortDirection": "desc",
            "modifiedAfter": start and format_time(start),
        }
        return request

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Walk through the search; set the bookmark when the walk was complete."""
        pages = _Pages(self, context)
        read = IncrementalRead(
            self._start(context),
            creation_key=self.creation_key,
            server_filters=pages.are_filtered,
        )
        walk = Walk(pages.fetch)
        for page in walk:
            for record in page.records:
                if not isinstance(record, dict):
                    self.notice("a record that is not an object is left out")
                elif read.wants(record):
                    yield record
        if read.undated:
            self.notice(f"a record without {MODIFICATION_KEY} is sent at every sync")
        self._conclude(context, read, walk.missing, pages.began)
        self.tell_notices()

    def _start(self, context: Context | None) -> dt.datetime | None:
        """Return where to start: the lookback before the bookmark, or start_date."""
        if self.replication_method != REPLICATION_INCREMENTAL:
            return None
        try:
            bookmark = self.get_starting_timestamp(context)
        except ValueError:
            raise broken(
                f"the bookmark of {self.name} is not a time", what="state"
            ) from None
        if bookmark is None:
            return None
        earliest = self.settings.start_date or _EARLIEST
        return max(earliest, max(bookmark, _EARLIEST) - self.settings.lookback)

    def _conclude(
        self,
        context: Context | None,
        read: IncrementalRead,
        missing: int,
        began: dt.datetime | None,
    ) -> None:
        if missing:
            self.logger.warning(
                "%s: %d records are missing: the server counts more than it gave in "
                "three walks. The bookmark stays; the next sync tries again.",
                self.name,
                missing,
            )
        elif self.replication_method == REPLICATION_INCREMENTAL:
            self._set_bookmark(context, read.bookmark(began))

    def _set_bookmark(self, context: Context | None, time: dt.datetime | None) -> None:
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
        """Leave the bookmark alone: `_conclude` sets it when all pages are read.

        The SDK would compare times as strings, fail on a record without its
        replication key, and pass the moment at which the walk began.
        """


class _Pages:
    """The pages of one search, as `Walk` wants them."""

    def __init__(self, stream: SearchStream, context: Context | None) -> None:
        self._stream = stream
        self._context = context
        self._total: int | None = None
        self.began: dt.datetime | None = None

    def fetch(self, numbers: Sequence[int]) -> list[Page]:
        return [self._fetch_one(number) for number in numbers]

    def _fetch_one(self, number: int) -> Page:
        answer = self._ask(number)
        if self.began is None:
            self.began = answer.sent_at
            self._total = answer.content.total
        return answer.content

    def _ask(self, number: int, **params: t.Any) -> Answer[Page]:
        page = PageContext(stream_context=self._context, next_page_token=number)
        request = self._stream.get_http_request(page=page)
        request.params |= params
        return self._stream.ask(
            request, lambda body: read_page(body, number, self._stream)
        )

    def are_filtered(self) -> bool:
        """Tell whether the server heeds ``modifiedAfter``, by counting without it."""
        if self._filtered is None:
            everything = self._ask(0, size="1", modifiedAfter=None).content.total
            self._filtered = (
                everything is None or self._total is None or self._total < everything
            )
        return self._filtered

    _filtered: bool | None = None


def read_page(body: t.Any, number: int, stream: ClientSuccessStream) -> Page:
    """Read the answer of a paged search.

    Args:
        body: The decoded body: ``data`` (``content`` for tasks), ``totalElements``,
            ``totalPages``, ``size`` and ``last``.
        number: The page that was asked for.
        stream: Whose records they are.

    Returns:
        The page.

    Raises:
        ValueError: The body is not such an answer.
    """
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004
    total = _count(body.get("totalElements"))
    records = body.get("data", body.get("content"))
    if records is None and total == 0:
        records = []
    if not isinstance(records, list):
        raise ValueError("no list of records")  # noqa: TRY004
    keys = [stream.key_of(record) for record in records]
    last = body.get("last")
    return Page(
        number=number,
        records=records,
        keys=[key for key in keys if key is not None],
        total=total,
        pages=_count(body.get("totalPages")),
        size=_count(body.get("size")),
        last=last if isinstance(last, bool) else None,
    )


def _count(value: t.Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None
