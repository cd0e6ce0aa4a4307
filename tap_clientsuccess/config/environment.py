"""Read settings from environment variables: ``TAP_CLIENTSUCCESS_`` and the name."""

from __future__ import annotations

import io
import json
import logging
import os
import typing as t

from dotenv import find_dotenv, load_dotenv

from tap_clientsuccess.config.files import read_text
from tap_clientsuccess.config.validation import nearest
from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger("tap-clientsuccess")

PREFIX = "TAP_CLIENTSUCCESS_"
_NOT_SETTINGS = {"LOGLEVEL", "LOG_LEVEL", "LOG_CONFIG"}
_TRUE = {"true", "1", "yes", "on"}


def variable(setting: str) -> str:
    """Return the name of a setting's environment variable."""
    return PREFIX + setting.upper()


def read_environment(schema: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Read settings from the environment and a ``.env`` file.

    Raises:
        ConfigValidationError: A variable has the wrong type, or is misspelled, or the
            file cannot be read.
    """
    _load_file()
    config: dict[str, t.Any] = {}
    for name, setting in schema["properties"].items():
        if (text := os.environ.get(variable(name))) is None:
            continue
        logger.info("%s: read from the environment", variable(name))
        try:
            # Python decodes variables by the locale, which need not be theirs.
            config[name] = _parsed(os.fsencode(text).decode(), setting)
        except ValueError:
            kind = setting.get("type", ["value"])[0]
            raise config_error(f"{variable(name)} is not of type {kind}") from None
    _check_names(schema["properties"])
    return config


def _load_file() -> None:
    """Set the variables of a ``.env`` file, except those that are set already.

    It is the nearest in the working directory or above: where the tap is installed does
    not matter.
    """
    try:
        path = find_dotenv(usecwd=True)
    except FileNotFoundError:  # The working directory was deleted.
        return
    if not path:
        return
    # As if a shell had set them: by the locale, Python may be unable to.
    text = os.fsdecode(read_text(path).encode())
    try:
        load_dotenv(stream=io.StringIO(text))
    except ValueError:
        raise config_error(f"{path} sets what no variable can hold") from None


def _parsed(text: str, setting: Mapping[str, t.Any]) -> t.Any:
    """Parse a variable as the SDK does.

    Raises:
        ValueError: It does not have the setting's type.
    """
    kinds = setting.get("type", ())
    if "integer" in kinds:
        return int(text)
    if "boolean" in kinds:
        return text.lower() in _TRUE
    if "array" in kinds or "object" in kinds:
        return json.loads(text)
    return text


def _check_names(settings: Mapping[str, t.Any]) -> None:
    """Reject variables that look like a misspelled setting.

    Other unknown variables with the prefix get a warning: Kubernetes, for example, sets
    TAP_CLIENTSUCCESS_SERVICE_HOST for a service named like the tap.
    """
    # Meltano's extras begin with another underscore. For settings that are objects it
    # also sets a variable for each value inside.
    ignored = (
        "_",
        *(
            f"{name.upper()}_"
            for name, setting in settings.items()
            if "object" in setting.get("type", ())
        ),
    )
    known = {name.upper() for name in settings} | _NOT_SETTINGS
    given = {
        name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)
    }
    for name in sorted(given - known):
        if name.startswith(ignored):
            continue
        if near := nearest(name.lower(), settings):
            raise config_error(
                f"{PREFIX}{name} is not a setting; did you mean {variable(near)}?"
            )
        logger.warning("%s%s is not a setting: ignored", PREFIX, name)


def unread_settings(settings: Iterable[str]) -> list[str]:
    """Return the settings in the environment, for a run that does not read it.

    Empty under Meltano, which always sets variables for the settings it passes.
    """
    if "MELTANO_EXTRACTOR_NAME" in os.environ:
        return []
    return [name for name in settings if os.environ.get(variable(name))]
