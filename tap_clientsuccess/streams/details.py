"""Detail streams: one request for each client or contact that changed."""

from __future__ import annotations

import typing as t
from functools import cached_property, partial
from urllib.parse import quote

from requests import Request

from tap_clientsuccess.errors import NotFoundError
from tap_clientsuccess.paging.page import PageRequest
from tap_clientsuccess.records.decoding import decode_json, record_of
from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.streams.search import Mark, SearchStream
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from tap_clientsuccess.records.record_reader import EncodedRecord
    from tap_clientsuccess.singer.stream import Lines


_MANY = 10
"""If this many details and no other are missing, the path is wrong."""


class _Entry(t.NamedTuple):
    """A record that the search lists."""

    uuid: str
    key: t.Any
    time: dt.datetime | None


class DetailStream(SearchStream):
    """Reads a search, with a bookmark of its own, and sends each record's detail."""

    detail_path: str
    """Path of a detail, with the placeholder ``{uuid}``."""

    @cached_property
    def search_reader(self) -> RecordReader:
        """Reads the search, of which only keys, uuids and times matter."""
        names = {*self.primary_keys, "uuid", self.modification_key}
        properties = self.effective_schema["properties"]
        return RecordReader(
            {"properties": {name: properties[name] for name in names & {*properties}}},
            primary_keys=self.primary_keys,
            time_keys=(self.modification_key, ""),
        )

    def completed(self, items: Iterable[Lines | Mark]) -> Iterator[Lines | Mark]:
        """Read the details concurrently, in the order of the records.

        Raises:
            NotFoundError: No detail is at the path.
        """
        found = gone = 0
        unsettled: list[_Entry] = []
        for detail in self.thread_pool.map(self._detail, self._entries(items)):
            if isinstance(detail, partial):
                if found or not gone:
                    self._settle_gone(unsettled)
                    yield detail
            elif isinstance(detail, _Entry):
                gone += 1
                unsettled.append(detail)
            else:
                found += 1
                yield [record.line for record in self.sendable([detail])]
            if gone >= _MANY and not found:
                raise self._none_exists(gone)
        if gone and not found:
            self.note_refusal("all details", self._none_exists(gone))
        self._settle_gone(unsettled)

    def _settle_gone(self, gone: list[_Entry]) -> None:
        """Tell records that were deleted from those whose detail is hidden.

        The search still lists the latter. What was edited meanwhile has moved to the
        end of the list, and is read again.
        """
        for entry in gone:
            request = PageRequest.since(entry.time) if entry.time else PageRequest()
            page = self.thread_pool.call(self.page, request, self.search_reader)
            # It may be among those of the same time on the next page.
            is_cut = page.goes_on() and page.newest == entry.time
            if entry.key in page.keys or is_cut:
                self.note_doubt("there is no detail of a record that the search lists")
            else:
                self.warn_once("a record was deleted before its detail was read")
        gone.clear()

    def _none_exists(self, count: int) -> NotFoundError:
        return NotFoundError(
            f"none of {count} details exists at {self.detail_path}: check base_url"
        ).in_stream(self.name)

    def _entries(self, items: Iterable[Lines | Mark]) -> Iterator[_Entry | Mark]:
        for item in items:
            if isinstance(item, partial):
                yield item
                continue
            for line in item:
                record = decode_json(line)
                if uuid := record.get("uuid"):
                    key = record[self.primary_keys[0]]
                    time = parse_time(record.get(self.modification_key))
                    yield _Entry(uuid, key, time)
                else:
                    self.note_doubt("dropped a record without a uuid: it has no detail")

    def _detail(self, item: _Entry | Mark) -> EncodedRecord | Mark | _Entry:
        """Read a detail; return the entry itself where there is none."""
        if isinstance(item, partial):
            return item
        path = self.detail_path.format(uuid=quote(item.uuid, safe=""))
        request = Request("GET", f"{self.settings.base_url}{path}")
        try:
            (record,) = self.fetch_records(request, record_of)
        except NotFoundError:
            return item
        return record


class ClientDetails(DetailStream):
    """Clients with region, parent and team (source: the older public Singer tap)."""

    name = "client_details"
    path = "/client/search"
    detail_path = "/client/{uuid}"
    custom_fields_of = "CLIENT"


class ContactDetails(DetailStream):
    """Contacts, each read by itself (source: the older public Singer tap)."""

    name = "contact_details"
    path = "/contact/search"
    detail_path = "/contact/{uuid}"
    custom_fields_of = "CONTACT"
