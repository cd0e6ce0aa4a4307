"""The account's own fields: from their definitions to properties of ``custom``."""

from __future__ import annotations

import logging
import math
import re
import typing as t
from http import HTTPStatus

from tap_clientsuccess.errors import (
    ApiError,
    RefusedError,
    RejectedKeyError,
    TransientError,
    UnavailableError,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.records import JSONSchema

logger = logging.getLogger("tap-clientsuccess")

RESOURCE_TYPES = (
    "CLIENT", "CONTACT", "EMPLOYEE", "CONTRACT_PRODUCT", "OPPORTUNITY", "SUBSCRIPTION",
    "TICKET", "FEEDBACK", "ENGAGEMENT_NOTE", "ENGAGEMENT_MEETING", "ENGAGEMENT_CALL",
    "ENGAGEMENT_EMAIL", "CLIENT_REV_METRICS", "CONTRACT", "CONTRACT_ITEM",
    "SURVEY_RESPONSE", "CLIENT_DISPOSITION_ACTIVITY", "ENGAGEMENT_CHAT", "GOAL",
    "USAGE", "CLIENT_NOTE", "PRODUCT_DISPOSITION_ACTIVITY",
)  # fmt: skip
"""What may have custom fields. Source: the public Airbyte connector."""

STRING: JSONSchema = {"type": ["string", "null"]}
_KINDS: tuple[tuple[str, JSONSchema], ...] = (
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
"""Names of field types, as letters and digits alone, in lower case.

API v1 calls its types STRING, INTEGER, DECIMAL, BOOLEAN and DATE; the names of v2 are
not known, so what commonly names these kinds of fields is taken as such.
"""


_IS_REQUIRED = (
    "- the catalog would lack the account's custom fields: try again, or set "
    "discover_custom_fields to false"
)


def property_of(definition: t.Any) -> tuple[str, JSONSchema]:
    """Make a property of a field's definition.

    A field of a type whose name is not known is a string: JSON text, where its values
    are something else.

    Returns:
        The field's key in ``custom``, and its JSON schema.

    Raises:
        ValueError: The definition names no key.
    """
    key = definition.get("fieldKey") if isinstance(definition, dict) else None
    if not isinstance(key, str) or not key:
        raise ValueError("no fieldKey")
    key = key.replace("\0", "\N{REPLACEMENT CHARACTER}")  # As in the records.
    name = re.sub(r"[\W_]", "", str(definition.get("fieldTypeName") or "").lower())
    kinds = (kind for pattern, kind in _KINDS if re.fullmatch(pattern, name))
    schema = next(kinds, STRING)
    return key, {**schema, "description": _described(definition)}


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


def _age(definition: t.Any) -> float:
    number = definition.get("fieldId") if isinstance(definition, dict) else None
    return number if isinstance(number, int) else math.inf


class FieldDefinitions:
    """The account's definitions, each type of resource read once, when it is needed.

    Attributes:
        are_required: Whether a passing fault is an error, as at discovery: its catalog
            would lack the fields until the next one, and with them their columns.
    """

    are_required = False

    def __init__(
        self,
        read: Callable[[str], list[t.Any]] | None,
        check_api: Callable[[], object] = lambda: None,
    ) -> None:
        """Take how to read the definitions of a type of resource; None to have none.

        `check_api` raises a `RefusedError` if the API refuses all else, too.
        """
        self._read = read
        self._check_api = check_api
        self._known: dict[str, JSONSchema] = {}

    def properties(self, resource: str) -> JSONSchema:
        """Return the properties that ``custom`` has for a type of resource.

        Where the API refuses the definitions alone it has none, and stays open, with
        one warning; in a sync, also where they cannot be read for now.

        Raises:
            ApiError: The key or the login is rejected, or the base URL is not that of
                the API. At discovery, also a passing fault.
        """
        if resource not in self._known:
            self._known[resource] = dict(self._properties(resource))
        return self._known[resource]

    def added_to(self, schema: JSONSchema, resource: str | None) -> JSONSchema:
        """Return a schema whose ``custom`` has the properties, if it has none yet."""
        properties = schema["properties"]
        custom = properties.get("custom", {"properties": {}})
        if not resource or "properties" in custom:
            return schema
        if not (added := self.properties(resource)):
            return schema
        custom = {**custom, "properties": added}
        return {**schema, "properties": {**properties, "custom": custom}}

    def _properties(self, resource: str) -> Iterator[tuple[str, JSONSchema]]:
        definitions: list[t.Any] = []
        try:
            if self._read:
                definitions = self._read(resource)
        except ApiError as error:
            self._raise_if_fatal(error)
            logger.warning(
                "Custom fields stay untyped: their definitions cannot be read. %s",
                error,
            )
        # The older of two names that differ in case stays, when flattened.
        for definition in sorted(definitions, key=_age):
            try:
                yield property_of(definition)
            except ValueError:
                logger.warning("%s has a field definition without a key", resource)

    def _raise_if_fatal(self, error: ApiError) -> None:
        if isinstance(error, TransientError):
            if self.are_required:
                if isinstance(error, UnavailableError):
                    error.add_note(_IS_REQUIRED)
                raise error
            self._read = None  # It would fail for the others just as slowly.
            return
        # The key may lack just the permission to read definitions.
        is_rejected = isinstance(error, RejectedKeyError)
        if is_rejected and error.status != HTTPStatus.FORBIDDEN:
            raise error
        try:
            self._check_api()
        except RefusedError:
            raise error from None
        except TransientError:
            pass  # It says nothing of the definitions, nor of the rest.
        self._check_api = lambda: None
