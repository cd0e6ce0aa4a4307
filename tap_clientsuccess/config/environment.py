"""Read settings from environment variables: ``TAP_CLIENTSUCCESS_`` and the name."""

from __future__ import annotations

import io
import json
import logging
import os
import typing as t

from dotenv import dotenv_values, find_dotenv, load_dotenv

from tap_clientsuccess.config.files import read_text
from tap_clientsuccess.config.validation import nearest
from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger("tap-clientsuccess")

PREFIX = "TAP_CLIENTSUCCESS_"
_NOT_SETTINGS = {"LOGLEVEL", "LOG_LEVEL", "LOG_CONFIG"}
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}
_LEAST_ALIKE = 0.5


def variable(setting: str) -> str:
    """Return the name of a setting's environment variable."""
    return PREFIX + setting.upper()


def read_environment(
    schema: Mapping[str, t.Any],
) -> tuple[dict[str, t.Any], dict[str, str]]:
    """Read settings from the environment and a ``.env`` file.

    Returns:
        The settings, and where each variable was read, in words.

    Raises:
        ConfigValidationError: A variable or the file is wrong.
    """
    given = {*os.environ}
    if path := _find_file():
        _load(path)
    config: dict[str, t.Any] = {}
    sources: dict[str, str] = {}
    for name, setting in schema["properties"].items():
        # Without a value it counts as not set, as in `NAME=` of a `.env`.
        if not (text := os.environ.get(variable(name))):
            continue
        is_given = variable(name) in given
        sources[variable(name)] = "the environment" if is_given else path
        try:
            # Python decodes variables by the locale, which need not be theirs.
            config[name] = _parsed(os.fsencode(text).decode(), setting)
        except ValueError:
            kind = setting.get("type", ["value"])[0]
            raise config_error(f"{variable(name)} is not of type {kind}") from None
    _check_names(schema["properties"])
    return config, sources


def _find_file() -> str:
    """Return the path of the nearest ``.env`` in the working directory or above."""
    try:
        return find_dotenv(usecwd=True)
    except FileNotFoundError:  # The working directory was deleted.
        return ""


def _load(path: str) -> None:
    """Set the variables of a ``.env`` file, except those that are set already."""
    try:
        text = read_text(path)
    except ValueError as error:
        raise config_error(f"{path} {error}") from None
    # As if a shell had set them: by the locale, Python may be unable to.
    text = os.fsdecode(text.encode())
    try:
        load_dotenv(stream=io.StringIO(text))
    except ValueError:
        raise config_error(f"{path} sets what no variable can hold") from None


def _parsed(text: str, setting: Mapping[str, t.Any]) -> t.Any:
    """Parse a variable as the SDK does; a wrong type is a `ValueError`."""
    kinds = setting.get("type", ())
    if "integer" in kinds:
        return int(text)
    if "boolean" in kinds:
        # The SDK takes what it does not know, such as a misspelled `true`, for false.
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError
        return text.lower() in _TRUE
    return text if "string" in kinds else json.loads(text)


def _check_names(settings: Mapping[str, t.Any]) -> None:
    """Reject variables that look like a misspelled setting.

    Other unknown variables with the prefix get a warning: Kubernetes, for example, sets
    TAP_CLIENTSUCCESS_SERVICE_HOST for a service named like the tap.
    """
    # Meltano's extras begin with another underscore. For settings that are objects it
    # also sets a variable for each value inside.
    kinds = {name: setting.get("type", ()) for name, setting in settings.items()}
    objects = [f"{name.upper()}_" for name, kind in kinds.items() if "object" in kind]
    known = {name.upper() for name in settings} | _NOT_SETTINGS
    given = {name[len(PREFIX) :] for name in os.environ if name.startswith(PREFIX)}
    for name in sorted(given - known):
        if name.startswith(("_", *objects)):
            continue
        if near := nearest(name, settings):
            raise config_error(
                f"{PREFIX}{name} is not a setting; did you mean {variable(near)}?"
            )
        near = nearest(name, settings, _LEAST_ALIKE)
        hint = f"the nearest is {variable(near)}" if near else "--about lists all"
        logger.warning("%s%s is not a setting: ignored; %s", PREFIX, name, hint)


def unread_settings(settings: Iterable[str]) -> list[str]:
    """Return the settings in the environment, for a run that does not read it.

    Empty under Meltano, which always sets variables for the settings it passes.
    """
    if _is_under_meltano():
        return []
    return [name for name in settings if os.environ.get(variable(name))]


def how_to_set(name: str, *, is_read: bool) -> str:
    """Say how to set a setting; `is_read`: whether the run reads the environment."""
    if is_read or _is_under_meltano():
        return f"set {variable(name)}"
    places = {"the environment": os.environ, (path := _find_file()): _in_file(path)}
    for place, variables in places.items():
        if variables.get(variable(name)):
            return f"it is in {place}: read it with --config=ENV"
    return (
        f"put it into the file of --config, or set {variable(name)} and read it with "
        "--config=ENV"
    )


def _in_file(path: str) -> Mapping[str, str | None]:
    """Return what a ``.env`` file sets; nothing if it cannot be read."""
    try:
        return dotenv_values(stream=io.StringIO(read_text(path))) if path else {}
    except ValueError:
        return {}


def _is_under_meltano() -> bool:
    return "MELTANO_EXTRACTOR_NAME" in os.environ
