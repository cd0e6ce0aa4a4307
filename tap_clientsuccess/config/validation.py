"""Validate a configuration. Messages contain no values: those may be secrets."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import ipaddress
import re
import typing as t
from urllib.parse import urlsplit

import msgspec
from singer_sdk.plugin_base import JSONSchemaValidator
from upath import UPath

from tap_clientsuccess.config.settings import DISTRIBUTION, SCHEMA
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from jsonschema import ValidationError


SHORTEST_NAME = 20
"""The least that the names of flattened columns may be cut to."""


def problems(
    config: dict[str, t.Any],
    schema: dict[str, t.Any],
    unread: Collection[str] = (),
) -> list[str]:
    """List the problems of a configuration, and fill in defaults.

    Args:
        config: The configuration; defaults are set in it.
        schema: Its JSON schema, including the SDK's own settings.
        unread: Settings that are in the environment, which is not read.

    Returns:
        One sentence a problem, without values.
    """
    if config.get("stream_maps", ...) is None:
        del config["stream_maps"]  # The SDK allows null, but fails on it.
    try:
        found = [_in_words(e) for e in JSONSchemaValidator(schema).iter_errors(config)]
    except AttributeError:  # The SDK's schema of __else__ is invalid itself.
        return ["stream_maps: __else__ must be null"]
    found += _unknown(config, schema["properties"])
    return found or list(_beyond_the_schema(config, unread))


def _unknown(
    given: Iterable[str], known: Collection[str], within: str = ""
) -> Iterator[str]:
    """Find unknown names; those with a leading underscore belong to other tools."""
    for name in sorted(given):
        if name in known or name.startswith("_"):
            continue
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else ""
        yield f"{within}{name} is not a setting{hint}"


def interval_problems(
    config: Mapping[str, t.Any], streams: Collection[str]
) -> Iterator[str]:
    """Find names in `full_read_interval_days` that are not a stream's.

    Args:
        config: The configuration, which fits the schema.
        streams: The names of all streams.

    Yields:
        One sentence a problem, with the nearest name.
    """
    given = config.get("full_read_interval_days") or {}
    for name in sorted(given.keys() - {"*", *streams}):
        near = nearest(name, streams)
        hint = f"; did you mean {near}?" if near else ""
        yield f"full_read_interval_days: there is no stream {name}{hint}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to a misspelled one, if any is close."""
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return near[0] if near else None


def unwritable(value: t.Any) -> str | None:
    """Say what a JSON value has that cannot be written as JSON again, if anything."""
    try:
        msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:
        return "half a surrogate pair, such as \\ud800, in a text"
    return None


def _in_words(error: ValidationError) -> str:  # noqa: PLR0911
    where = ".".join(map(str, error.absolute_path))
    expected: t.Any = error.validator_value
    match error.validator:
        case "required":
            given: t.Any = error.instance
            missing = [name for name in expected if name not in given]
            verb = "is" if len(missing) == 1 else "are"
            names = [f"{where}.{name}" if where else name for name in missing]
            return f"{' and '.join(names)} {verb} missing"
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            return f"{where} must be of type {' or '.join(kinds)}"
        case "minimum" | "maximum":
            return f"{where} is out of range: the {error.validator} is {expected}"
        case "minLength":
            return f"{where} is empty"
        case "maxLength":
            return f"{where} is longer than {expected} characters"
        case "additionalProperties":
            given = error.instance
            known: t.Any = error.schema
            return "; ".join(_unknown(given, known["properties"], f"{where}."))
        case "enum":
            return f"{where} must be one of {', '.join(map(str, expected))}"
        case "format":
            return f"{where} must be a {expected}"
    return f"{where} is invalid ({error.validator})"


def _beyond_the_schema(
    config: Mapping[str, t.Any], unread: Collection[str]
) -> Iterator[str]:
    """Check what a JSON schema cannot express, or not in words that help."""
    yield from (
        f"{name} has {why}"
        for name, value in config.items()
        if (why := unwritable(value))
    )
    texts = [
        (name, value)
        for name in SCHEMA["properties"]
        if isinstance(value := config.get(name), str)
    ]
    for name, value in texts:
        if value != value.strip():
            yield f"{name} starts or ends with whitespace: remove it"
        elif not (value.isascii() and value.isprintable()):
            yield f"{name} contains characters that cannot be sent over HTTP"
    if (start := config.get("start_date")) and parse_time(start) is None:
        yield "start_date is not a time such as 2024-01-01T00:00:00Z"
    if (header := config.get("api_key_header")) and not _HEADER_NAME.fullmatch(header):
        yield "api_key_header is not the name of an HTTP header"
    if (longest := config.get("flattening_max_key_length")) and longest < SHORTEST_NAME:
        yield f"flattening_max_key_length must be {SHORTEST_NAME} or more"
    yield from _login_problems(config, unread)
    if batch_config := config.get("batch_config"):
        yield from _batch_problems(batch_config, config)
    for name in ("base_url", "v1_base_url"):
        if url := config.get(name):
            yield from _url_problems(name, url)


_LOGIN_SETTINGS = {"api_key": {"api_key"}, "password": {"username", "password"}}


def _login_problems(
    config: Mapping[str, t.Any], unread: Collection[str]
) -> Iterator[str]:
    """Find settings that the login lacks, or that belong to the other login."""
    method = config.get("auth_method") or "api_key"
    for other, names in _LOGIN_SETTINGS.items():
        for name in sorted(names):
            given = bool(config.get(name))
            if other == method and not given:
                hint = "; it is in the environment: read it with --config=ENV"
                yield (
                    f"{name} is missing (auth_method is {method})"
                    f"{hint if name in unread else ''}"
                )
            if other != method and given:
                yield f"{name} is for auth_method {other}, but auth_method is {method}"


_DEPTH = "flattening_max_depth"


def _batch_problems(
    batch_config: Mapping[str, t.Any], config: Mapping[str, t.Any]
) -> Iterator[str]:
    """Find what the SDK would ignore, or fail with in the middle of a sync."""
    encoding = batch_config.get("encoding") or {}
    if encoding.get("format") == "parquet":
        if not importlib.util.find_spec("pyarrow"):
            yield (
                "batch_config.encoding.format parquet needs an extra: install "
                f"{DISTRIBUTION}[parquet]"
            )
        if not (config.get("flattening_enabled") and config.get(_DEPTH)):
            yield (
                "batch_config.encoding.format parquet needs flattening_enabled: "
                "Parquet has no type for nested objects of unknown members"
            )
    elif (encoding.get("format"), encoding.get("compression")) != ("jsonl", "gzip"):
        yield (
            "batch_config.encoding must have the format jsonl with the compression "
            "gzip, or the format parquet"
        )
    root = (batch_config.get("storage") or {}).get("root")
    if not root:
        yield "batch_config.storage.root is missing"
    else:
        try:
            UPath(root).fs  # noqa: B018
        except (ImportError, ValueError) as error:
            yield f"batch_config.storage.root cannot be used: {error}"


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LONGEST_HOST = 254


def _url_problems(name: str, url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield f"{name} is not a URL"
        return
    if parts.scheme not in {"https", "http"} or not host:
        yield f"{name} must start with https:// and a host"
    elif not _is_host(host):
        yield f"{name} has an invalid host (try https://api.clientsuccess.com/api)"
    elif parts.scheme == "http" and not _is_loopback(host):
        yield (
            f"{name} must use https: http sends the key unencrypted "
            "(only loopback addresses may use it)"
        )
    if parts.username is not None or parts.password is not None:
        yield f"{name} must not contain a user name or password"
    if parts.query or parts.fragment:
        yield f"{name} must not have a query or a fragment"


def _is_host(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    labels = host.removesuffix(".").split(".")
    return len(host) < _LONGEST_HOST and all(map(_HOST_LABEL.fullmatch, labels))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
