"""The account's own fields: from their definitions to properties of ``custom``."""

from __future__ import annotations

import logging
import re
import typing as t

from singer_sdk.schema.source import StreamSchema
from singer_sdk.singerlib import Schema
from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import ApiError, RefusedError
from tap_clientsuccess.http.responses import decoded, read_list

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.singerlib import Catalog
    from singer_sdk.streams import Stream

    from tap_clientsuccess.client import ClientSuccessStream
    from tap_clientsuccess.http.client import Client
    from tap_clientsuccess.http.thread_pool import ThreadPool

JSONSchema = dict[str, t.Any]

logger = logging.getLogger("tap-clientsuccess")

_UNAUTHORIZED = 401

RESOURCE_TYPES = (
    "CLIENT",
    "CONTACT",
    "EMPLOYEE",
    "CONTRACT_PRODUCT",
    "OPPORTUNITY",
    "SUBSCRIPTION",
    "TICKET",
    "FEEDBACK",
    "ENGAGEMENT_NOTE",
    "ENGAGEMENT_MEETING",
    "ENGAGEMENT_CALL",
    "ENGAGEMENT_EMAIL",
    "CLIENT_REV_METRICS",
    "CONTRACT",
    "CONTRACT_ITEM",
    "SURVEY_RESPONSE",
    "CLIENT_DISPOSITION_ACTIVITY",
    "ENGAGEMENT_CHAT",
    "GOAL",
    "USAGE",
    "CLIENT_NOTE",
    "PRODUCT_DISPOSITION_ACTIVITY",
)
"""What may have custom fields. Source: the public Airbyte connector."""

STRING: JSONSchema = {"type": ["string", "null"]}
ANY_VALUE: JSONSchema = {
    "type": ["string", "integer", "number", "boolean", "object", "array", "null"]
}
_KINDS: tuple[tuple[re.Pattern[str], JSONSchema], ...] = tuple(
    (re.compile(pattern), schema)
    for pattern, schema in (
        (
            r"multi\w*(pick|select|list|drop|choice|value)\w*|picklistmulti\w*|tags",
            {"type": ["array", "null"], "items": STRING},
        ),
        (r"\w*(picklist|dropdown|select|radio|choice|option)\w*|list|enum", STRING),
        (r"int|integer|long|wholenumber|bigint", {"type": ["integer", "null"]}),
        (
            r"number|numeric|decimal|double|float|currency|money|percent(age)?",
            {"type": ["number", "null"]},
        ),
        (r"bool|boolean|checkbox|yesno|toggle|flag", {"type": ["boolean", "null"]}),
        (r"date", {"type": ["string", "null"], "format": "date"}),
        (
            r"datetime|dateandtime|timestamp",
            {"type": ["string", "null"], "format": "date-time"},
        ),
        (
            r"string|\w*text\w*|varchar|html|url|link|e?mail|phone(number)?|paragraph",
            STRING,
        ),
    )
)
"""Names of field types, as letters and digits alone, in lower case.

API v1 calls its types STRING, INTEGER, DECIMAL, BOOLEAN and DATE; the names of v2 are
not known, so what commonly names these kinds of fields is taken as such.
"""


def property_of(definition: t.Any, any_value: JSONSchema) -> tuple[str, JSONSchema]:
    """Make a property of a field's definition.

    Args:
        definition: The definition, as the API gives it.
        any_value: The schema for a type whose name is not known.

    Returns:
        The field's key in ``custom``, and its JSON schema.

    Raises:
        ValueError: The definition names no key.
    """
    key = definition.get("fieldKey") if isinstance(definition, dict) else None
    if not isinstance(key, str) or not key:
        raise ValueError("no fieldKey")
    name = re.sub(r"[\W_]", "", str(definition.get("fieldTypeName") or "").lower())
    for pattern, schema in _KINDS:
        if pattern.fullmatch(name):
            return key, {**schema, "description": _described(definition)}
    return key, {**any_value, "description": _described(definition)}


def _described(definition: dict[str, t.Any]) -> str:
    label = definition.get("fieldLabel") or definition.get("fieldName") or "no label"
    text = f"{label} ({definition.get('fieldTypeName') or 'no type'})."
    listed = definition.get("picklistValues")
    values = [
        str(value.get("label") or value.get("value"))
        for value in (listed if isinstance(listed, list) else [])
        if isinstance(value, dict)
    ]
    return f"{text} Values: {', '.join(values)}." if values else text


class CustomFields:
    """The definitions of the account, each read once, when it is first needed."""

    def __init__(
        self,
        client: Client | None,
        thread_pool: ThreadPool,
        base_url: str,
        *,
        flattened: bool,
    ) -> None:
        """Prepare to read.

        Args:
            client: What sends the requests, or None to read nothing.
            thread_pool: What runs them, so that a signal can end the waiting.
            base_url: Root of their paths.
            flattened: Whether the fields become columns. A column has one type: the
                values of a field whose type is not known arrive as text then.
        """
        self._client = client
        self._thread_pool = thread_pool
        self._base_url = base_url
        self._any_value = STRING if flattened else ANY_VALUE
        self._known: dict[str, JSONSchema] = {}

    def properties(self, resource: str) -> JSONSchema:
        """Return the properties that ``custom`` has for a type of resource.

        Where the definitions cannot be read it has none, and stays open; that is said
        once.

        Raises:
            RejectedKeyError: The key or the login is wrong.
        """
        if resource not in self._known:
            self._known[resource] = dict(self._read(resource))
        return self._known[resource]

    def _read(self, resource: str) -> Iterator[tuple[str, JSONSchema]]:
        if self._client is None:
            return
        url = f"{self._base_url}/customfield/all/{resource}"
        try:
            result = self._thread_pool.submit(
                self._client.request, HTTPRequest(url=url), decoded(read_list)
            ).result()
        except RefusedError as error:
            if error.status == _UNAUTHORIZED:
                raise  # Nothing else could be read either.
            self._tell(error)
            return
        except ApiError as error:
            self._client = None  # It would fail for the others just as slowly.
            self._tell(error)
            return
        for definition in result.content:
            try:
                yield property_of(definition, self._any_value)
            except ValueError:
                logger.warning("%s has a field definition without a key", resource)

    def _tell(self, error: ApiError) -> None:
        logger.warning(
            "Custom fields stay untyped: their definitions cannot be read. %s", error
        )


class AccountSchema(StreamSchema[str]):
    """A stream's schema, with the account's own fields in ``custom``."""

    def get_stream_schema(  # type: ignore[override]
        self,
        stream: ClientSuccessStream,
        stream_class: type[Stream],
    ) -> JSONSchema:
        """Return the schema; made once for each stream."""
        schema: JSONSchema = super().get_stream_schema(stream, stream_class)
        if stream.custom_fields_of:
            added = stream.custom_fields.properties(stream.custom_fields_of)
            schema = with_custom_fields(schema, added)
        # Found before this descriptor from now on.
        stream.__dict__["schema"] = schema
        return schema


def with_custom_fields(schema: JSONSchema, added: JSONSchema) -> JSONSchema:
    """Return a schema whose ``custom`` has these properties, if there are any."""
    if not added:
        return schema
    properties = schema["properties"]
    custom = {**properties["custom"], "properties": added}
    return {**schema, "properties": {**properties, "custom": custom}}


def complete_catalog(
    catalog: Catalog,
    streams: Iterable[type[ClientSuccessStream]],
    custom_fields: CustomFields,
) -> None:
    """Put the account's fields into a catalog that has none, as made without settings.

    Args:
        catalog: The catalog that was passed in; changed in place.
        streams: All streams.
        custom_fields: The account's fields.
    """
    for stream in streams:
        entry = catalog.get_stream(stream.name)  # type: ignore[misc]
        if not stream.custom_fields_of or not entry or not entry.metadata.root.selected:
            continue
        custom = (entry.schema.properties or {}).get("custom")
        if custom is not None and not custom.properties:
            added = custom_fields.properties(stream.custom_fields_of)
            properties = {key: Schema.from_dict(item) for key, item in added.items()}
            custom.properties = properties or None
