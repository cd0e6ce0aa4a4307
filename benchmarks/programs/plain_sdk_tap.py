"""A tap of the same streams, written as the documentation of singer-sdk shows it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Stream, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.pagination import PageNumberPaginator, SinglePagePaginator
from singer_sdk.schema.source import SchemaDirectory

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.pagination import BaseAPIPaginator
    from singer_sdk.streams.rest import HTTPRequest, PageContext

SCHEMAS = SchemaDirectory(Path(os.environ["SCHEMAS"]))


class _Pages(PageNumberPaginator):
    def has_more(self, response: requests.Response) -> bool:
        return not response.json()["last"]


class _ClientSuccessStream(RESTStream[int]):
    primary_keys = ("id",)
    schema: ClassVar[StreamSchema] = StreamSchema(SCHEMAS)

    @property
    def url_base(self) -> str:
        return str(self.config["base_url"])

    @property
    def authenticator(self) -> APIKeyAuthenticator:
        key = self.config["api_key"]
        return APIKeyAuthenticator(key="X-API-Key", value=key, location="header")


class Clients(_ClientSuccessStream):
    name = "clients"
    path = "/client/search"
    replication_key = "modifiedTime"
    records_jsonpath = "$.data[*]"

    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        return _Pages(start_value=0)

    def get_http_request(self, *, page: PageContext[int]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.params = {
            "page": str(page.next_page_token or 0),
            "size": "200",
            "sortBy": "modifiedTime",
            "sortDirection": "desc",
        }
        return request

    def get_child_context(self, record: Record, context: Context | None) -> Context:  # noqa: ARG002
        return {"uuid": record["uuid"]}


class ClientDetails(_ClientSuccessStream):
    name = "client_details"
    path = "/client/{uuid}"
    parent_stream_type = Clients
    ignore_parent_replication_key = True
    state_partitioning_keys: ClassVar[list[str]] = []
    records_jsonpath = "$"

    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        return SinglePagePaginator()


class PlainTap(Tap):
    name = "tap-plain"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        return [Clients(self), ClientDetails(self)]


if __name__ == "__main__":
    PlainTap.cli()
