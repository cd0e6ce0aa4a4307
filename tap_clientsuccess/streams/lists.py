"""Streams without pages: custom field definitions, and the lists of API v1."""

from __future__ import annotations

import datetime as dt
import typing as t

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.records.custom_fields import RESOURCE_TYPES
from tap_clientsuccess.records.envelope import records_of
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context

    from tap_clientsuccess.records.reader import Record
    from tap_clientsuccess.singer.stream import Lines

_LAST_READ = "last_read"
"""The key in the state of `custom_fields`."""


class ReferenceList(ClientSuccessStream):
    """A list of API v1 (source: the older public Singer tap, public v1 clients)."""

    @property
    def url_base(self) -> str:
        """The base URL of v1."""
        return self.settings.v1_base_url

    def read_lines(self, context: Context | None) -> Iterator[Lines]:
        """Read the list, or skip it if API v1 refuses."""
        request = HTTPRequest(url=self.get_url(context))
        try:
            read = self.record_reader.read
            result = self.thread_pool.submit(self.request, request, read).result()
        except RefusedError as error:
            self._check_v2_opens()
            self._tap.note_v1_refusal(self.name, error)
            self.is_skipped = True
            return
        self.note_extraction()
        yield [record.line for record in self.sendable(result.content.records)]
        self.is_complete = True
        self.check_keys()
        self.summarize_warnings()

    def _check_v2_opens(self) -> None:
        """Request one record from v2: if v2 refuses as well, v1 is not the problem.

        Raises:
            ApiError: The key, the login or the base URL is wrong.
        """
        url = f"{self.settings.base_url}/client/search"
        request = HTTPRequest(url=url, params={"page": "0", "size": "1"})
        self.thread_pool.submit(self.request, request, bool).result()


class Employees(ReferenceList):
    """The users of ClientSuccess."""

    name = "employees"
    path = "/employees"


class ClientStatuses(ReferenceList):
    """The statuses a client can have."""

    name = "client_statuses"
    path = "/client-statuses"


class ClientSegments(ReferenceList):
    """The segments the account groups its clients into."""

    name = "client_segments"
    path = "/client-segments"


class CustomFields(ClientSuccessStream):
    """Custom field definitions of every resource type (source: Airbyte connector).

    They rarely change and cannot be filtered by time, so most syncs skip them.
    """

    name = "custom_fields"
    path = "/customfield/all/{resourceType}"
    primary_keys = ("resourceType", "fieldId")

    def read_lines(self, context: Context | None) -> Iterator[Lines]:
        """Read the definitions of all resource types concurrently, if they are due."""
        state = self.get_context_state(context)
        now = dt.datetime.now(dt.UTC)
        last = parse_time(state.get(_LAST_READ))
        if last and last <= now < last + self.settings.custom_fields_interval:
            self.logger.info(
                "%s: skipped, as they were read at %s (custom_fields_interval_days)",
                self.name,
                format_time(last),
            )
            self.is_skipped = True
            return
        for definitions in self.thread_pool.map(self._definitions, RESOURCE_TYPES):
            self.note_extraction()
            yield [record.line for record in self.sendable(definitions)]
        self.is_complete = True
        self.check_keys()
        self.summarize_warnings()
        state[_LAST_READ] = format_time(now)

    def _definitions(self, resource: str) -> list[Record]:
        def find(body: t.Any) -> tuple[list[t.Any], dict[str, t.Any]]:
            definitions, counts = records_of(body)
            added = {"resourceType": resource}
            return [isinstance(d, dict) and added | d for d in definitions], counts

        request = HTTPRequest(url=self.get_url({"resourceType": resource}))
        try:
            result = self.request(
                request, lambda body: self.record_reader.read(body, find)
            )
        except RefusedError as error:
            if error.status not in {400, 403, 404}:
                raise
            self.logger.info(
                "%s: the account has no %s (%s): skipped",
                self.name,
                resource,
                error.status,
            )
            return []
        return result.content.records
