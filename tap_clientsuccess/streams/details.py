"""The detail reads: one request for each client or contact that changed."""

from __future__ import annotations

import typing as t
from functools import cached_property
from urllib.parse import quote

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import NotFoundError
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.envelope import record_of
from tap_clientsuccess.records.reader import RecordReader
from tap_clientsuccess.streams.paged import Checkpoint, SearchStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_clientsuccess.records.reader import Record
    from tap_clientsuccess.singer.stream import Lines


_MANY = 10
"""So many records are not deleted between two requests: the path is wrong."""


class DetailStream(SearchStream):
    """Walks through a search like any other, with a bookmark of its own, and sends
    the detail of each record instead of the record.
    """  # noqa: D205

    selected_by_default = False
    detail_path: str
    """Where the detail is, with ``{uuid}`` in it."""

    @cached_property
    def page_reader(self) -> RecordReader:
        """What reads the search: of its records only the uuid and the time matter."""
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
        """Read the details, several at once, in the order of the records.

        Raises:
            NotFoundError: There are no details where they should be.
        """
        found = gone = 0
        for detail in self.thread_pool.map(self._detail, self._uuids(items)):
            self.note_extraction()
            if isinstance(detail, Checkpoint):
                yield detail
            elif detail is not None:
                found += 1
                yield [record.line for record in self.sendable([detail])]
            else:
                gone += 1
                self.warn_once(
                    "a record was deleted before its detail was read: left out"
                )
            if gone >= _MANY and not found:
                raise NotFoundError(
                    f"none of {gone} details is at {self.detail_path}: check base_url"
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
                    self.warn_once("a record without uuid has no detail: left out")

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
    """Clients with their region, parent and team (the older public Singer tap)."""

    name = "client_details"
    path = "/client/search"
    detail_path = "/client/{uuid}"
    custom_fields_of = "CLIENT"


class ContactDetails(DetailStream):
    """Contacts, each read by itself (the older public Singer tap)."""

    name = "contact_details"
    path = "/contact/search"
    detail_path = "/contact/{uuid}"
    custom_fields_of = "CONTACT"
