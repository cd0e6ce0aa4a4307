"""Streams that read a search of API v2: one declarative class each.

Paths and keys: the public Airbyte connector (clients, contacts, contracts, products)
and a public MCP server (client notes, pulses).
"""

from __future__ import annotations

from tap_clientsuccess.streams.search import SearchStream


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
