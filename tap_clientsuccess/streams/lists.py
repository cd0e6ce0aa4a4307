"""Streams without pages: custom field definitions, and the lists of API v1."""

from __future__ import annotations

import typing as t
from functools import cached_property

from requests import Request

from tap_clientsuccess.custom_fields import RESOURCE_TYPES
from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.records.decoding import Found, decode_json, records_of
from tap_clientsuccess.schedule.noted import RESOURCES
from tap_clientsuccess.schedule.schedule import Kind
from tap_clientsuccess.singer.progress import Outcome, Status
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.timestamps import format_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from tap_clientsuccess.records.record_reader import EncodedRecord
    from tap_clientsuccess.singer.stream import Lines

_ABSENT = {400, 404, 410}
"""How the API answers for a resource type that the account does not have."""


class ListStream(ClientSuccessStream):
    """A stream without pages."""

    reads_at_once = True

    def check_v2_opens(self) -> None:
        """Request one record from v2: if it is refused as well, so is everything.

        Raises:
            ApiError: The key, the login or the base URL is wrong.
        """
        url = f"{self.settings.base_url}/client/search"
        request = Request("GET", url, params={"page": "0", "size": "1"})
        self.thread_pool.call(self.fetch, request, bool)

    def conclude(self, records: int) -> None:
        """Decide on the read, after the last record.

        Raises:
            MissingKeyError: Too many records lack the primary key.
        """
        self.outcome = Outcome(
            status=Status.IN_DOUBT if self.refusals else Status.COMPLETE,
            why="; ".join(self.refusals),
            distinct=records,
            everything=records,
        )
        self.check_keys()
        self.summarize_warnings()


class ReferenceList(ListStream):
    """A list of API v1 (source: the older public Singer tap, public v1 clients)."""

    @cached_property
    def url(self) -> str:
        """Where the list is, in v1."""
        return f"{self.settings.v1_base_url}{self.path}"

    def read_lines(self) -> Iterator[Lines]:
        """Read the list, or skip it if API v1 refuses."""
        request = Request("GET", self.url)
        try:
            records = self.thread_pool.call(self.fetch_records, request)
        except RefusedError as error:
            self.check_v2_opens()
            self._tap.note_v1_refusal(self.name, error)
            self.skip(str(error))
            return
        sendable = self.sendable(records)
        yield [record.line for record in sendable]
        self.conclude(len(sendable))


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


class Subscriptions(ReferenceList):
    """What clients subscribe to; no modification time is known."""

    name = "subscriptions"
    path = "/subscriptions"


class CustomFields(ListStream):
    """Custom field definitions of every resource type (source: Airbyte connector).

    They rarely change and cannot be filtered by time, so most syncs skip them: they are
    read when a full read is due.
    """

    name = "custom_fields"
    path = "/customfield/all/{resourceType}"
    primary_keys = ("resourceType", "fieldId")

    def read_lines(self) -> Iterator[Lines]:
        """Read the definitions of all resource types concurrently, if they are due."""
        if not self.clock.is_known:
            self.check_v2_opens()  # Its response tells the time, which decides.
        self.begin()
        if self.schedule.kind is Kind.INCREMENTAL:
            last = t.cast("dt.datetime", self.schedule.past.began)
            self.skip(f"they were read at {format_time(last)}")
            self.logger.info(
                "%s: skipped, as %s (full_read_interval_days)",
                self.name,
                self.outcome.why,
            )
            return
        records, defined = 0, self._defined_before()
        refused: dict[str, RefusedError] = {}
        answers = self.thread_pool.map(self._definitions, RESOURCE_TYPES)
        for resource, answer in zip(RESOURCE_TYPES, answers, strict=True):
            if isinstance(answer, RefusedError):
                refused[resource] = answer
                continue
            defined = defined | {resource} if answer else defined - {resource}
            self.stream_state[RESOURCES] = sorted(defined)
            lines = [record.line for record in self.sendable(answer)]
            records += len(lines)
            yield lines
        if self._judge(refused, defined):
            self.conclude(records)

    def _defined_before(self) -> set[str]:
        listed = self.stream_state.get(RESOURCES, [])
        if not isinstance(listed, list):
            # A type that is refused may be one of them.
            self.schedule.bar("the state does not tell which types had definitions")
            return set()
        return {name for name in RESOURCE_TYPES if name in listed}

    @property
    def is_whole(self) -> bool:
        """Whether every run reads all of it."""
        return False

    @property
    def has_bookmark(self) -> bool:
        """Whether an earlier run read the stream."""
        return self.schedule.past.began is not None

    def _judge(self, refused: dict[str, RefusedError], defined: set[str]) -> bool:
        """Tell resource types that the account does not have from what was not read.

        Args:
            refused: The errors, by resource type.
            defined: The resource types that have definitions, or had some before.

        Returns:
            Whether any were read.

        Raises:
            ApiError: The key, the login or the base URL is wrong.
        """
        if len(refused) == len(RESOURCE_TYPES):
            self.check_v2_opens()
            self.note_refusal("all resource types", refused[RESOURCE_TYPES[0]])
            self.skip("; ".join(self.refusals))
            return False
        for resource, error in refused.items():
            if error.status not in _ABSENT:
                self.note_refusal(resource, error)
            elif resource in defined:
                self.note_refusal(f"{resource} (which had definitions)", error)
            else:
                self.logger.info(
                    "%s: the account has no %s (%s): skipped",
                    self.name,
                    resource,
                    error.status,
                )
        return True

    def _definitions(self, resource: str) -> list[EncodedRecord] | RefusedError:
        def find(body: bytes) -> Found:
            definitions = records_of(decode_json(body)).records
            added = {"resourceType": resource}
            return Found([isinstance(d, dict) and added | d for d in definitions])

        request = Request("GET", self.url.replace("{resourceType}", resource))
        try:
            return self.fetch_records(request, find)
        except RefusedError as error:
            return error
