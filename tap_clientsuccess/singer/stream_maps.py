"""Stream maps: which streams they are for, what they send, and how they fail."""

from __future__ import annotations

import fnmatch
import typing as t
from decimal import Decimal

from simpleeval import InvalidExpression
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.mapper import (
    MAPPER_ALIAS_OPTION,
    MAPPER_ELSE_OPTION,
    MAPPER_SOURCE_OPTION,
    NULL_STRING,
    StreamMap,
)
from singer_sdk.singerlib.json import deserialize_json, serialize_json

from tap_clientsuccess.config.validation import did_you_mean
from tap_clientsuccess.errors import ApiError, config_error
from tap_clientsuccess.singer.sdk import failed_at

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from singer_sdk.helpers.types import Record

    Maps = Mapping[str, t.Any]

# The text of others may quote a record, as in "invalid literal for int(): 'ACME'".
_WITHOUT_DATA = (
    InvalidExpression,
    MappingError,
    NotImplementedError,
    SyntaxError,
    TypeError,
)
_LONGEST = 300
_PATTERN = set("*?[")
_SIMPLE = {str, int, float, bool, type(None), Decimal}


def unknown_streams(stream_maps: Maps, known: Collection[str]) -> Iterator[str]:
    """Find maps for streams that do not exist, and say so, with the nearest name."""
    aliases = {
        definition[MAPPER_ALIAS_OPTION]: key
        for key, definition in stream_maps.items()
        if isinstance(definition, dict)
        and isinstance(definition.get(MAPPER_ALIAS_OPTION), str)
    }
    for where, source in _sources(stream_maps):
        if any(_matches(name, source) for name in known):
            continue
        if source in aliases:
            hint = f"; {source} is the alias in stream_maps.{aliases[source]}"
        else:
            hint = did_you_mean(source, known)
        yield f"stream_maps.{where}: there is no stream {source}{hint}"


def replaced_maps(stream_maps: Maps) -> Iterator[str]:
    """Find maps that a later one replaces, as the SDK takes the last, and say so."""
    keys = [where for where, source in _sources(stream_maps) if where == source]
    for number, key in enumerate(keys):
        for later in keys[number + 1 :] if not _PATTERN & set(key) else ():
            if _matches(key, later):
                yield (
                    f"stream_maps.{key}: {later} comes after it and replaces it: put "
                    f"{later} first"
                )


def copied_streams(stream_maps: Maps, names: Collection[str]) -> Iterator[str]:
    """Find selected streams that are sent under several names."""
    for name in sorted(names):
        itself, copies = MAPPER_ELSE_OPTION not in stream_maps, 0
        for where, source in _sources(stream_maps):
            if _matches(name, source):
                if where in stream_maps:
                    itself = stream_maps[where] not in (None, NULL_STRING)
                else:
                    copies += 1
        if itself + copies > 1:
            yield name


def maps_for(stream_maps: Maps, name: str) -> dict[str, t.Any]:
    """Return the stream maps that are for a stream."""
    keys = {
        where.removesuffix(f".{MAPPER_SOURCE_OPTION}")
        for where, source in _sources(stream_maps)
        if _matches(name, source)
    }
    return {key: made for key, made in stream_maps.items() if key in keys}


def _sources(stream_maps: Maps) -> Iterator[tuple[str, str]]:
    """Yield where a map names what it is made of, and that name or pattern."""
    for key, definition in stream_maps.items():
        if key.startswith("__"):
            continue
        if isinstance(definition, dict) and MAPPER_SOURCE_OPTION in definition:
            source = definition[MAPPER_SOURCE_OPTION]
            yield f"{key}.{MAPPER_SOURCE_OPTION}", str(source)
        else:
            yield key, key


def _matches(name: str, source: str) -> bool:
    """Tell whether a map is for a stream, as the SDK decides it."""
    return name == source or fnmatch.fnmatch(name, source)


def transformed(stream_map: StreamMap, record: Record) -> Record | None:
    """Apply a stream map to a record; returns None if a filter leaves it out.

    Raises:
        ConfigValidationError: An expression fails.
    """
    try:
        return stream_map.transform(record)
    except Exception as error:  # noqa: BLE001 # an expression may raise any
        raise stream_map_error(error, stream_map.stream_alias) from None


def as_sent(value: t.Any) -> t.Any:
    """Return a value that an expression made as the SDK sends it.

    Dates, times, durations and all else that JSON has no type for become text.
    """
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is dict:
        return {name: as_sent(member) for name, member in value.items()}
    if kind is list:
        return [as_sent(member) for member in value]
    return deserialize_json(serialize_json(value))


def stream_map_error(error: Exception, stream: str | None = None) -> Exception:
    """Describe an error that setting up or applying a stream map has raised.

    The SDK's errors name neither the stream nor the cause, and errors of Python, such
    as `TypeError`, not even the expression.
    """
    if isinstance(error, (ApiError, ConfigValidationError)):
        return error
    where, key, expression = failed_at(error)
    cause = error.__cause__ or error
    is_faker = where == "faker_config"
    text = f": {cause}" if is_faker or isinstance(cause, _WITHOUT_DATA) else ""
    if not is_faker and (key or stream):
        where = f"{where}.{key or stream}"
    what = f"{expression!r} fails: " if expression else ""
    return config_error(f"{where}: {_cut(what)}{type(cause).__name__}{_cut(text)}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
