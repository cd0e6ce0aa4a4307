"""The account's own fields: from their definitions to properties of ``custom``."""

from __future__ import annotations

import logging
import math
import re
import typing as t
from http import HTTPStatus

from tap_clientsuccess.errors import (
    ApiError,
    ProxyError,
    RefusedError,
    RejectedKeyError,
    TlsError,
    UnreachableError,
    UntrustedServerError,
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
    """The account's definitions, each type of resource read once, when it is needed."""

    def __init__(
        self,
        read: Callable[[str], list[t.Any]] | None,
        check_key: Callable[[], object] = lambda: None,
    ) -> None:
        """Take how to read the definitions of a type of resource; None to have none.

        `check_key` raises a `RejectedKeyError` if the key is rejected elsewhere, too.
        """
        self._read = read
        self._check_key = check_key
        self._known: dict[str, JSONSchema] = {}

    def properties(self, resource: str) -> JSONSchema:
        """Return the properties that ``custom`` has for a type of resource.

        Where the definitions cannot be read it has none, and stays open, with one
        warning.

        Raises:
            ApiError: The key or the login is wrong, there is no TLS connection to the
                API, the proxy cannot be used, or no request gets through: nothing else
                could be read either.
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
        except (ProxyError, TlsError, UntrustedServerError):
            raise
        except ApiError as error:
            if isinstance(error, RejectedKeyError):
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                # The key may lack just the permission to read definitions.
                self._check_elsewhere(RejectedKeyError)
            elif isinstance(error, UnreachableError) and not self._known:
                self._check_elsewhere(UnreachableError, RejectedKeyError)
                self._read = None
            elif not isinstance(error, RefusedError):
                self._read = None  # It would fail for the others just as slowly.
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

    def _check_elsewhere(self, *fatal: type[ApiError]) -> None:
        """Send another request; raise only what would stop everything else, too."""
        try:
            self._check_key()
        except fatal:
            raise
        except ApiError:
            pass  # It says nothing about the rest.
        self._check_key = lambda: None
