"""Validate a configuration. Messages contain no values: those may be secrets."""

from __future__ import annotations

import difflib
import importlib.util
import json
import math
import typing as t
from collections import defaultdict
from itertools import chain

import msgspec
from singer_sdk.plugin_base import JSONSchemaValidator
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR
from upath import UPath

from tap_clientsuccess.config.checks import text
from tap_clientsuccess.config.field import checks as checks_of
from tap_clientsuccess.config.settings import SCHEMA, Settings

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from jsonschema import ValidationError

    from tap_clientsuccess.config.field import Check

Document = dict[str, t.Any]
"""A JSON object that was passed in: a catalog, a state, or a part of one."""

SHORTEST_NAME = 20
"""The least that the names of flattened columns may be cut to."""
_DEPTH = "flattening_max_depth"


def problems(
    config: dict[str, t.Any],
    schema: dict[str, t.Any],
    *,
    how_to_set: Callable[[str], str] = "set {}".format,
    checks: Mapping[str, Check] | None = None,
) -> list[str]:
    """List all problems of a configuration in sentences, and fill in defaults.

    Args:
        config: The configuration; defaults are set in it.
        schema: Its JSON schema, including the SDK's own settings.
        how_to_set: Says how to set a setting that is missing.
        checks: Further checks, by setting; they yield whole sentences.
    """
    if config.get("stream_maps", ...) is None:
        del config["stream_maps"]  # The SDK allows null, but fails on it.
    found = _schema_problems(config, schema)
    # What has the wrong type or range is not looked at again.
    sound = {name: value for name, value in config.items() if name not in found}
    further = checks.items() if checks else ()
    return [
        *chain.from_iterable(found.values()),
        *_unknown(config, schema["properties"]),
        *_value_problems(sound),
        *_flattening_problems(sound),
        *_batch_problems(sound),
        *_login_problems(config, found, how_to_set),
        *chain(*(check(sound[name]) for name, check in further if sound.get(name))),
    ]


def _schema_problems(
    config: dict[str, t.Any], schema: dict[str, t.Any]
) -> dict[str, list[str]]:
    """Return what contradicts the schema, by setting; fill in defaults."""
    found: dict[str, list[str]] = defaultdict(list)
    validator = JSONSchemaValidator(schema)
    try:
        errors = list(validator.iter_errors(config))
    except AttributeError:  # The SDK's schema of __else__ is invalid itself.
        found["stream_maps"].append("stream_maps: __else__ must be null")
        others = {key: config[key] for key in config if key != "stream_maps"}
        errors = list(validator.iter_errors(others))
    for error in errors:
        words = found[str(next(iter(error.absolute_path), ""))]
        if (sentence := _in_words(error)) not in words:  # As several names are missing.
            words.append(sentence)
    for name, value in config.items():
        if name not in found and (why := unwritable(value)):
            found[name].append(f"{name} has {why}")
    return found


def _unknown(
    given: Iterable[str], known: Collection[str], within: str = ""
) -> Iterator[str]:
    """Find unknown names; those with a leading underscore belong to other tools."""
    for name in sorted(given):
        if name not in known and not name.startswith("_"):
            yield f"{within}{name} is not a setting{did_you_mean(name, known)}"


def interval_problems(
    given: Mapping[str, float | None], streams: Mapping[str, bool]
) -> Iterator[str]:
    """Find what is wrong in `full_read_interval_days`, such as an unknown stream.

    Args:
        given: The setting.
        streams: The name of each stream, and whether the setting applies to it.
    """
    possible = ["*", *(name for name, applies in streams.items() if applies)]
    for name, days in given.items():
        if days is not None and not math.isfinite(days):
            yield f"full_read_interval_days.{name} must be a number of days"
        if name not in {"*", *streams}:
            hint = did_you_mean(name, possible) or f": name {', '.join(possible)}"
            yield f"full_read_interval_days: there is no stream {name}{hint}"
        elif name not in possible:
            yield (
                f"full_read_interval_days: {name} has no interval, as every run reads "
                f"it in full: name {', '.join(possible)}"
            )


def nearest(name: str, known: Iterable[str], least_alike: float = 0.6) -> str | None:
    """Return the known name closest to a misspelled one, if any is close."""
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=least_alike)
    return near[0] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name closest to a misspelled one; or nothing."""
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else ""


def misfit(value: t.Any, kind: t.Any, where: str) -> str | None:
    """Say where a JSON value is not of a kind, and how, as `msgspec` does; or None."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        return f"{where}{path.removesuffix('`')}: {what}"
    return None


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
            hint = ": remove the quotes" if _is_quoted(error) else ""
            return f"{where} must be of type {' or '.join(kinds)}{hint}"
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


def _is_quoted(error: ValidationError) -> bool:
    """Tell whether a text would have the right type, were it not a text."""
    try:
        value = json.loads(t.cast("str", error.instance))
    except (TypeError, ValueError, RecursionError):
        return False
    validator = DEFAULT_JSONSCHEMA_VALIDATOR({"type": error.validator_value})
    return value is not None and validator.is_valid(value)


def _value_problems(config: Mapping[str, t.Any]) -> Iterator[str]:
    """Check the tap's own settings as they declare it, and all that are texts."""
    for name in SCHEMA["properties"]:
        if isinstance(value := config.get(name), str):
            yield from (f"{name} {problem}" for problem in text(value))
    for name, check in checks_of(Settings):
        if (value := config.get(name)) is not None:
            yield from (f"{name} {problem}" for problem in check(value))


def _flattening_problems(config: Mapping[str, t.Any]) -> Iterator[str]:
    longest = config.get("flattening_max_key_length")
    if longest and longest < SHORTEST_NAME:
        yield f"flattening_max_key_length must be {SHORTEST_NAME} or more"
    if config.get("flattening_enabled") and config.get(_DEPTH) is None:
        yield f"{_DEPTH} is missing: flattening_enabled needs it"


_LOGIN_SETTINGS = {"api_key": {"api_key"}, "password": {"username", "password"}}


def _login_problems(
    config: Mapping[str, t.Any],
    invalid: Collection[str],
    how_to_set: Callable[[str], str],
) -> Iterator[str]:
    """Find settings that the login lacks, or that belong to the other login."""
    if "auth_method" in invalid:
        return
    method = config.get("auth_method") or "api_key"
    for other, names in _LOGIN_SETTINGS.items():
        for name in sorted(names - {*invalid}):
            given = bool(config.get(name))
            if other == method and not given:
                yield f"{name} is missing (auth_method is {method}): {how_to_set(name)}"
            if other != method and given:
                yield f"{name} is for auth_method {other}, but auth_method is {method}"


def _batch_problems(config: Mapping[str, t.Any]) -> Iterator[str]:
    """Find what the SDK would ignore, or fail with in the middle of a sync."""
    if not (batch_config := config.get("batch_config")):
        return
    encoding = batch_config.get("encoding") or {}
    if encoding.get("format") == "parquet":
        if not importlib.util.find_spec("pyarrow"):
            yield (
                "batch_config.encoding.format parquet needs pyarrow: install it "
                "beside the tap"
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
    if not (root := (batch_config.get("storage") or {}).get("root")):
        yield "batch_config.storage.root is missing"
        return
    try:
        UPath(root).fs  # noqa: B018
    except (ImportError, ValueError) as error:
        yield f"batch_config.storage.root cannot be used: {error}"
