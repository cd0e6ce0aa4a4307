"""Streams defined in the setting `custom_streams`."""

from __future__ import annotations

import typing as t
from functools import cached_property, partial

from jsonschema import Draft7Validator, FormatChecker
from singer_sdk.helpers.jsonpath import extract_jsonpath
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_clientsuccess.errors import NotFoundError, UnexpectedBodyError, config_error
from tap_clientsuccess.paging.page import PageRequest
from tap_clientsuccess.records.decoding import Counts, Found, decode_json
from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.records.schema import infer_schema, nullable_schema
from tap_clientsuccess.streams.search import SearchStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from requests import Request
    from singer_sdk.singerlib import Catalog

    from tap_clientsuccess.context import ContextTap
    from tap_clientsuccess.records import JSONSchema

_SAMPLED_PAGES = 3
_META = Draft7Validator(
    Draft7Validator.META_SCHEMA, format_checker=FormatChecker(["regex"])
)


class CustomStream(SearchStream):
    """A stream defined by an entry of the setting `custom_streams`."""

    def __init__(self, tap: ContextTap, definition: Mapping[str, t.Any]) -> None:
        """Create the stream of an entry that has no `definition_problems`."""
        self._definition = definition
        self.name, self.path = definition["name"], definition["path"]
        self.http_method = definition.get("method") or "GET"
        self.primary_keys = tuple(definition.get("primary_keys") or ())
        self.replication_key = definition.get("replication_key")
        self.modification_key = definition.get("replication_key") or ""
        self.reads_by_time = bool(self.replication_key)
        self.is_paged = definition.get("page_style", "search") == "search"
        if path := definition.get("records_path"):
            self.find = partial(_find, path)
        super().__init__(tap)

    @cached_property
    def schema(self) -> JSONSchema:
        """The entry's schema, or one inferred from samples."""
        schema = self._definition.get("schema") or self._inferred_schema()
        return nullable_schema(schema, self.primary_keys)

    def apply_catalog(self, catalog: Catalog) -> None:
        """Apply the catalog passed in.

        Raises:
            ConfigValidationError: Its schema lacks the replication key.
        """
        super().apply_catalog(catalog)
        if catalog.get_stream(self.name) is None:
            self.logger.info(
                "%s: skipped, as the catalog does not have it: discover again to read "
                "it",
                self.name,
            )
        key = self.replication_key or self.modification_key
        is_full = self.forced_replication_method == REPLICATION_FULL_TABLE
        if not self.selected or is_full or not key:
            return
        if key not in self.schema["properties"]:
            raise config_error(
                f"{self.name}: the replication key {key} is not in the schema",
                what="catalog",
            )

    def _inferred_schema(self) -> dict[str, t.Any]:
        try:
            samples = self._sampled_records()
        except NotFoundError as error:
            raise config_error(
                f"custom_streams: the path of {self.name} does not exist ({error})"
            ) from None
        if not samples:
            self.logger.warning(
                "%s: there are no records to infer a schema from: give one in "
                "custom_streams",
                self.name,
            )
        found = {
            key for record in samples if isinstance(record, dict) for key in record
        }
        for kind, keys in _keys(self._definition).items():
            if samples and (missing := [key for key in keys if key not in found]):
                raise config_error(
                    f"custom_streams: no record of {self.name} has the {kind} "
                    f"{', '.join(missing)}"
                )
        schema = infer_schema(samples, self.primary_keys)
        # There are no samples to infer its type from.
        if self.replication_key and self.replication_key not in schema["properties"]:
            schema["properties"][self.replication_key] = {
                "type": ["string", "null"],
                "format": "date-time",
            }
        return schema

    def _sampled_records(self) -> list[t.Any]:
        """Read some pages, regardless of bookmark and schema.

        Raises:
            ApiError: They cannot be read.
        """
        records: list[t.Any] = []
        reader = RecordReader({"additionalProperties": True})
        for number in range(_SAMPLED_PAGES):
            request = PageRequest(number, newest_first=True)
            page = self.thread_pool.call(self.page, request, reader)
            records += [decode_json(record.line) for record in page.records]
            if not page.goes_on():
                break
        return records

    def request_for(self, wanted: PageRequest) -> Request:
        """Return the request for a page, or for everything."""
        request = super().request_for(wanted)
        if not self.replication_key:
            for name in ("sortBy", "sortDirection", "modifiedAfter"):
                del request.params[name]
        if not self.is_paged:
            request.params = {}
        request.params |= self._definition.get("query_parameters") or {}
        request.json = self._definition.get("body")
        return request


def _find(path: str, content: bytes) -> Found:
    """Return the records at a path, and the envelope's counts."""
    body = decode_json(content)
    found = list(extract_jsonpath(path, body))
    if not found and not _has_empty_list(path, body):
        raise UnexpectedBodyError("nothing at records_path")
    records = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    return Found(records, Counts.of(body) if isinstance(body, dict) else None)


def _has_empty_list(path: str, body: t.Any) -> bool:
    """Tell whether a path finds nothing because its list is empty."""
    into = path.removesuffix("[*]") if path.endswith("[*]") else path.partition("[")[0]
    return any(isinstance(value, list) for value in extract_jsonpath(into, body))


def definition_problems(
    definitions: Iterable[Mapping[str, t.Any]], taken: Iterable[str]
) -> Iterator[str]:
    """Find problems with the setting `custom_streams`, in one sentence for each."""
    names = set(taken)
    for number, definition in enumerate(definitions):
        where = f"custom_streams.{number}"
        if definition["name"] in names:
            yield f"{where}.name: there is a stream {definition['name']} already"
        names.add(definition["name"])
        for problem in (*_path_problems(definition), *_schema_problems(definition)):
            yield f"{where}.{problem}"


def _path_problems(definition: Mapping[str, t.Any]) -> Iterator[str]:
    if not definition["path"].startswith("/"):
        yield "path must start with a slash"
    if "{" in definition["path"]:
        yield "path must not contain a brace"
    if (path := definition.get("records_path")) and not _is_jsonpath(path):
        yield "records_path is not a JSONPath, such as $.data[*]"


def _schema_problems(definition: Mapping[str, t.Any]) -> Iterator[str]:
    keys = definition.get("primary_keys") or []
    if "" in keys or len(set(keys)) < len(keys):
        yield "primary_keys must be different names"
    if not (schema := definition.get("schema")):
        return
    if "properties" not in schema:
        yield "schema has no properties"
    elif not (_META.is_valid(schema) and _is_plain_schema(schema)):
        yield "schema is not a JSON schema that the tap can read"
    else:
        for kind, names in _keys(definition).items():
            missing = [name for name in names if name not in schema["properties"]]
            yield from (f"schema lacks the {kind} {name}" for name in missing)


def _keys(definition: Mapping[str, t.Any]) -> dict[str, list[str]]:
    """Return the fields that the schema of an entry must have, by their role."""
    key = definition.get("replication_key")
    return {
        "primary key": definition.get("primary_keys") or [],
        "replication key": [key] if key else [],
    }


def _is_plain_schema(schema: t.Any) -> bool:
    """Tell whether a valid JSON schema has no boolean schemas inside."""
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties", {}).values()
    items = [schema["items"]] if "items" in schema else []
    return all(map(_is_plain_schema, [*properties, *items]))


def _is_jsonpath(path: str) -> bool:
    try:
        list(extract_jsonpath(path, {}))
    except Exception:  # noqa: BLE001 - the parser raises bare ones
        return False
    return True


def custom_streams(tap: ContextTap) -> Iterator[CustomStream]:
    """Create the streams that the settings define."""
    for definition in tap.context.settings.custom_streams or []:
        yield CustomStream(tap, definition)
