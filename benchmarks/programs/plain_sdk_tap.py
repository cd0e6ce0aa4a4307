"""A tap of the same streams, written as the documentation of singer-sdk shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Stream, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.pagination import PageNumberPaginator, SinglePagePaginator

from tap_clientsuccess.catalog import SCHEMAS

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.pagination import BaseAPIPaginator
    from singer_sdk.streams.rest import HTTPRequest, PageContext


class _Pages(PageNumberPaginator):
    def has_more(self, response: requests.Response) -> bool:
        """Read on until the page that says it is the last."""
        return not response.json()["last"]


class _ClientSuccessStream(RESTStream[int]):
    primary_keys = ("id",)
    schema: ClassVar[StreamSchema] = StreamSchema(SCHEMAS)

    @property
    def url_base(self) -> str:
        """The base URL of the API."""
        return str(self.config["base_url"])

    @property
    def authenticator(self) -> APIKeyAuthenticator:
        """The key, in a header."""
        key = self.config["api_key"]
        return APIKeyAuthenticator(key="X-API-Key", value=key, location="header")


class Clients(_ClientSuccessStream):
    """Clients, as the search gives them."""

    name = "clients"
    path = "/client/search"
    replication_key = "modifiedTime"
    records_jsonpath = "$.data[*]"

    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        """Count pages from 0."""
        return _Pages(start_value=0)

    def get_http_request(self, *, page: PageContext[int]) -> HTTPRequest:
        """Ask for a page."""
        request = super().get_http_request(page=page)
        request.params = {
            "page": str(page.next_page_token or 0),
            "size": "200",
            "sortBy": "modifiedTime",
            "sortDirection": "desc",
        }
        return request

    def get_child_context(self, record: Record, context: Context | None) -> Context:  # noqa: ARG002
        """Name the client whose details are read."""
        return {"uuid": record["uuid"]}


class ClientDetails(_ClientSuccessStream):
    """Clients in full, one request each."""

    name = "client_details"
    path = "/client/{uuid}"
    parent_stream_type = Clients
    ignore_parent_replication_key = True
    state_partitioning_keys: ClassVar[list[str]] = []
    records_jsonpath = "$"

    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        """Read one answer for each client."""
        return SinglePagePaginator()


class PlainTap(Tap):
    """The tap."""

    name = "tap-plain"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the two streams."""
        return [Clients(self), ClientDetails(self)]


if __name__ == "__main__":
    PlainTap.cli()
