"""The detail reads: one request for each client or contact that changed."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import NotFoundError
from tap_clientsuccess.http.responses import read_record
from tap_clientsuccess.streams.paged import Checkpoint, SearchStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record


_MANY = 10
"""So many records are not deleted between two requests: the path is wrong."""


class DetailStream(SearchStream):
    """Walks through a search like any other, with a bookmark of its own, and sends
    the detail of each record instead of the record.
    """  # noqa: D205

    selected_by_default = False
    detail_path: str
    """Where the detail is, with ``{uuid}`` in it."""

    def completed(
        self, items: Iterable[Record | Checkpoint]
    ) -> Iterator[Record | Checkpoint]:
        """Read the details, several at once, in the order of the records.

        Raises:
            NotFoundError: There are no details where they should be.
        """
        found = gone = 0
        for detail in self.thread_pool.map(self._detail, self._with_uuid(items)):
            self.note_extraction()
            if detail is not None:
                found += not isinstance(detail, Checkpoint)
                yield detail
                continue
            gone += 1
            self.notice("a record was deleted before its detail was read: left out")
            if gone >= _MANY and not found:
                raise NotFoundError(
                    f"none of {gone} details is at {self.detail_path}: check base_url"
                ).in_stream(self.name)

    def _with_uuid(
        self, items: Iterable[Record | Checkpoint]
    ) -> Iterator[Record | Checkpoint]:
        for item in items:
            if isinstance(item, Checkpoint) or item.get("uuid"):
                yield item
            else:
                self.notice("a record without uuid has no detail: left out")

    def _detail(self, item: Record | Checkpoint) -> Record | Checkpoint | None:
        if isinstance(item, Checkpoint):
            return item
        uuid = quote(str(item.get("uuid")), safe="")
        path = self.detail_path.format(uuid=uuid)
        try:
            request = HTTPRequest(url=f"{self.url_base}{path}")
            return self.request(request, read_record).content
        except NotFoundError:
            return None


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
