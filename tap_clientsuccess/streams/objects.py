"""Streams that read a search of API v2: one declarative class each.

Paths and keys: the public Airbyte connector (clients, contacts, contracts, products)
and a public MCP server (client notes, pulses, tasks).
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.streams.search import SearchStream

if t.TYPE_CHECKING:
    from requests import Request

    from tap_clientsuccess.paging.page import PageRequest


class Clients(SearchStream):
    """The company's customers."""

    name = "clients"
    path = "/client/search"
    custom_fields_of = "CLIENT"


class Contacts(SearchStream):
    """People at the clients."""

    name = "contacts"
    path = "/contact/search"
    custom_fields_of = "CONTACT"


class Contracts(SearchStream):
    """Contracts with the clients, line items included."""

    name = "contracts"
    path = "/contract/search"
    custom_fields_of = "CONTRACT"


class ClientNotes(SearchStream):
    """Notes, calls, meetings and emails; whether they show edits is unknown."""

    name = "client_notes"
    path = "/clientNote/search"
    creation_key = "createdTime"


class Pulses(SearchStream):
    """Health pulses of clients; whether they show edits is unknown."""

    name = "pulses"
    path = "/pulse/search"
    replication_key = "createdTimestamp"
    creation_key = "createdTimestamp"


class Products(SearchStream):
    """What the company sells."""

    name = "products"
    path = "/product/search"


class Tasks(SearchStream):
    """Tasks of the employees, done or not (source: a public MCP server).

    No filter by time is known, so every sync reads all tasks.
    """

    name = "tasks"
    path = "/task/all"
    http_method = "POST"
    replication_key = None
    creation_key = "createdTime"
    reads_by_time = False

    def request_for(self, wanted: PageRequest) -> Request:
        """Return the request for a page."""
        request = super().request_for(wanted)
        request.params = {}
        request.json = {
            "filterBy": {"affiliationTask": "ALL_TASKS"},
            "pagination": {
                "taskPage": wanted.number,
                "taskSize": wanted.size or self.settings.page_size,
            },
            "sortBy": [{"key": "dueDate", "value": "asc"}],
        }
        return request
