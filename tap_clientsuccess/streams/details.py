"""Detail streams: one request for each client or contact that changed."""

from __future__ import annotations

import typing as t
from functools import cached_property
from urllib.parse import quote

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import NotFoundError
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.envelope import record_of
from tap_clientsuccess.records.reader import RecordReader
from tap_clientsuccess.streams.search import Checkpoint, SearchStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_clientsuccess.records.reader import Record
    from tap_clientsuccess.singer.stream import Lines


_MANY = 10
"""If this many details and no other are missing, the path is wrong."""


class DetailStream(SearchStream):
    """Reads a search, with a bookmark of its own, and sends each record's detail."""

    detail_path: str
    """Path of a detail, with the placeholder ``{uuid}``."""

    @property
    def selected_by_default(self) -> bool:  # type: ignore[override]
        """Whether the settings ask for details."""
        return self.settings.read_details

    @cached_property
    def page_reader(self) -> RecordReader:
        """Reads the search, of which only keys, uuids and times matter."""
        names = {*self.primary_keys, "uuid", self.modification_key}
        properties = self.effective_schema["properties"]
        return RecordReader(
            {"properties": {name: properties[name] for name in names & {*properties}}},
            primary_keys=self.primary_keys,
            time_keys=(self.modification_key, ""),
            warn=lambda *_: None,
        )

    def completed(
        self, items: Iterable[Lines | Checkpoint]
    ) -> Iterator[Lines | Checkpoint]:
        """Read the details concurrently, in the order of the records.

        Raises:
            NotFoundError: No detail is at the path.
        """
        found = gone = 0
        for detail in self.thread_pool.map(self._detail, self._uuids(items)):
            self.note_extraction()
            if isinstance(detail, Checkpoint):
                if found or not gone:
                    yield detail
            elif detail is not None:
                found += 1
                yield [record.line for record in self.sendable([detail])]
            else:
                gone += 1
                self.warn_once("a record was deleted before its detail was read")
            if gone >= _MANY and not found:
                raise self._none_exists(gone)
        if gone and not found:
            self.note_refusal("all details", self._none_exists(gone))

    def _none_exists(self, count: int) -> NotFoundError:
        return NotFoundError(
            f"none of {count} details exists at {self.detail_path}: check base_url"
        ).in_stream(self.name)

    def _uuids(self, items: Iterable[Lines | Checkpoint]) -> Iterator[str | Checkpoint]:
        for item in items:
            if isinstance(item, Checkpoint):
                yield item
                continue
            for line in item:
                if uuid := decode_json(line).get("uuid"):
                    yield uuid
                else:
                    self.warn_once("dropped a record without a uuid: it has no detail")

    def _detail(self, item: str | Checkpoint) -> Record | Checkpoint | None:
        if isinstance(item, Checkpoint):
            return item
        path = self.detail_path.format(uuid=quote(item, safe=""))
        try:
            result = self.request(
                HTTPRequest(url=f"{self.url_base}{path}"),
                lambda body: self.record_reader.read(body, record_of),
            )
        except NotFoundError:
            return None
        return result.content.records[0]


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
