"""The command line: errors in one line, and ``--test`` as a connection test."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import traceback
import typing as t
from pathlib import Path

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.plugin_base import SingerCommand, _ConfigInput

from tap_clientsuccess.config.documents import catalog_problems, state_problems
from tap_clientsuccess.config.environment import unread_settings, variable
from tap_clientsuccess.config.settings import SCHEMA
from tap_clientsuccess.errors import ApiError, config_error
from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.singer.writer import OutputError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-clientsuccess")

CONNECTION = "connection"
_STDOUT = 1


class TapCommand(SingerCommand):
    """The SDK's command, with errors in one line."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Run the command; an error is one line on stderr and exit code 1."""
        with _one_line_errors():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> t.Any:
        """Run the callback without the SDK's error output."""
        logging.captureWarnings(capture=True)
        return click.Command.invoke(self, ctx)


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except ConfigValidationError as error:
        _fail(f"{error}: {'; '.join(error.errors)}")
    except (ApiError, SingerSDKError) as error:
        _fail(str(error))
    except OutputError as error:
        # Otherwise the interpreter flushes stdout at exit and fails again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
        _fail(str(error))
    except Interrupted as error:
        logger.warning(
            "Stopped by signal %d; the next run resumes from the last STATE",
            error.signum,
        )
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001
        _fail(_unexpected(error))


def _fail(reason: str) -> t.NoReturn:
    logger.error(" ".join(reason.split()))
    sys.exit(1)


def _unexpected(error: Exception) -> str:
    """Describe a bug in the tap, without the error's message: it may contain data."""
    logger.debug("".join(traceback.format_tb(error.__traceback__)))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Unexpected {type(error).__name__} in {frame.name} ({frame.filename}, line "
        f"{frame.lineno}): please report it, with what "
        "TAP_CLIENTSUCCESS_LOGLEVEL=DEBUG shows"
    )


def read_config(paths: tuple[str, ...]) -> _ConfigInput:
    """Read configuration files; later ones win, and ``ENV`` is not a file.

    Raises:
        ConfigValidationError: A file cannot be read, or is not a JSON object.
    """
    config: dict[str, t.Any] = {}
    for path in paths:
        if path != "ENV":
            with _opened(path) as file:
                config |= read_object(file)
    if "ENV" not in paths and (unread := unread_settings(SCHEMA["properties"])):
        logger.warning(
            "%s: not read, because --config=ENV is not given",
            ", ".join(map(variable, unread)),
        )
    return _ConfigInput(config=config, parse_env="ENV" in paths)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[t.IO[str]]:
    try:
        with Path(path).open(encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise config_error(f"{path} cannot be read: {error.strerror}") from None


def read_object(file: t.IO[str]) -> dict[str, t.Any]:
    """Read a JSON object from an open file.

    Raises:
        ConfigValidationError: It is not one.
    """
    try:
        content = json.load(file)
    except (ValueError, RecursionError):
        raise config_error(f"{file.name} is not JSON") from None
    if not isinstance(content, dict):
        raise config_error(f"{file.name} is not a JSON object")
    return content


def read_state(file: t.IO[str]) -> dict[str, t.Any]:
    """Read a state, or a STATE message as the tap writes it.

    Raises:
        ConfigValidationError: It is neither.
    """
    state = read_object(file)
    value = state.get("value")
    if state.get("type") == "STATE" and isinstance(value, dict):
        state = value
    if problems := list(state_problems(state)):
        raise config_error(*problems, what="state")
    return state


def read_catalog(file: t.IO[str]) -> dict[str, t.Any]:
    """Read a catalog.

    Raises:
        ConfigValidationError: It is not one.
    """
    catalog = read_object(file)
    if problems := list(catalog_problems(catalog)):
        raise config_error(*problems, what="catalog")
    return catalog


def with_connection_test(params: list[click.Parameter]) -> None:
    """Make the connection test the default of ``--test``.

    Args:
        params: The options of the SDK's command; changed in place.
    """
    (option,) = [param for param in params if param.name == "test"]
    assert isinstance(option, click.Option)  # noqa: S101
    option.flag_value = CONNECTION
    option.help = (
        "Test the connection: one request with the key to the health endpoint, exit "
        "code 0 or 1, one line of reason. --test=all reads one record of every stream, "
        "--test=schema writes the schemas."
    )
