"""One read of a paged stream: its pages, which records are wanted, the bookmark."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import replace
from functools import cached_property, partial

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from singer_sdk.streams.rest import PageContext

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.pages import PageRequest
from tap_clientsuccess.paging import Walk
from tap_clientsuccess.replication import IncrementalRead

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.helpers.types import Context, Record

    from tap_clientsuccess.http.client import Result
    from tap_clientsuccess.pages import Page
    from tap_clientsuccess.streams.search import PagedStream

_FUTURE = "2100-01-01T00:00:00.000Z"


class Reading:
    """Reads a stream once, from the bookmark on."""

    def __init__(self, stream: PagedStream, context: Context | None) -> None:
        self._stream = stream
        self._context = context
        self._incremental = stream.replication_method == REPLICATION_INCREMENTAL
        self._walk = Walk(self._fetch, width=stream.settings.concurrency)
        self._read = IncrementalRead(
            stream.start(context),
            modification_key=stream.modification_key,
            creation_key=stream.creation_key,
            server_filters=lambda: self._is_filtered,
        )

    def records(self) -> Iterator[Record]:
        """Walk through the pages and yield the records that are wanted."""
        for page in self._walk:
            self._stream.note_extraction()
            for record in page.records:
                if not isinstance(record, dict):
                    self._stream.notice("a record that is not an object is left out")
                elif self._read.wants(record):
                    yield record

    def conclude(self) -> None:
        """Set the bookmark, if all was read; call it when all records were sent."""
        if self._read.undated and self._incremental:
            self._stream.notice(
                f"a record without {self._stream.modification_key} is always sent"
            )
        if self._walk.missing:
            self._stream.logger.warning(
                "%s: %d records are missing: the server counts more than it gave in "
                "three walks. The bookmark stays; the next sync tries again.",
                self._stream.name,
                self._walk.missing,
            )
        elif self._walk.in_doubt:
            self._stream.logger.warning(
                "%s: records may be missing: the server's pages ended too soon, or "
                "their order changed, in three walks. The bookmark stays; the next "
                "sync tries again.",
                self._stream.name,
            )
        else:
            self._stream.is_whole = True
            if self._incremental:
                reached = self._read.bookmark(self._walk.certain_until)
                self._stream.set_bookmark(self._context, reached)

    def _fetch(self, wanted: PageRequest) -> Callable[[], Page]:
        return self._stream.thread_pool.submit(self._page, wanted).result

    def _page(self, wanted: PageRequest) -> Page:
        now = dt.datetime.now(dt.UTC)
        result = self._request(wanted)
        # Some clock has to bound the bookmark: a record's time may be in the future.
        return replace(result.content, sent_at=result.sent_at or now)

    def _request(self, wanted: PageRequest, **params: t.Any) -> Result[Page]:
        stream = self._stream
        page = PageContext(stream_context=self._context, next_page_token=wanted)
        request = stream.get_http_request(page=page)
        request.params |= params
        return stream.request(
            request, lambda body: stream.read_page(body, wanted.number)
        )

    @cached_property
    def _is_filtered(self) -> bool:
        """Whether the server heeds ``modifiedAfter``: it counts less in the future."""
        try:
            everything, later = map(self._count_of_those_after, (None, _FUTURE))
        except RefusedError:
            return True
        return everything is None or later is None or later < everything

    def _count_of_those_after(self, time: str | None) -> int | None:
        request = partial(self._request, PageRequest(0, size=1), modifiedAfter=time)
        return self._stream.thread_pool.submit(request).result().content.total
