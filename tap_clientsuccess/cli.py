"""The command line: every failure ends in one line, and ``--test`` is a connection test."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
import typing as t

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.plugin_base import SingerCommand

from tap_clientsuccess.errors import ApiError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-clientsuccess")

CONNECTION = "connection"


class TapCommand(SingerCommand):
    """The SDK's command, except for how it fails."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Run the command; a failure is one line on stderr and exit code 1."""
        with _one_line_errors():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> t.Any:
        """Run the callback without the SDK's own printing of errors."""
        logging.captureWarnings(capture=True)
        return click.Command.invoke(self, ctx)


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except ConfigValidationError as error:
        _fail(f"Broken settings: {'; '.join(error.errors)}")
    except (ApiError, SingerSDKError) as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001
        _fail(_unexpected(error))


def _fail(reason: str) -> t.NoReturn:
    logger.error(" ".join(reason.split()))
    sys.exit(1)


def _unexpected(error: Exception) -> str:
    """Tell of a fault of the tap itself, without the message: it may hold data."""
    logger.debug("".join(traceback.format_tb(error.__traceback__)))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Unexpected {type(error).__name__} in {frame.name} ({frame.filename}, line "
        f"{frame.lineno}): please report it, with what TAP_CLIENTSUCCESS_LOGLEVEL=DEBUG "
        "shows"
    )


def with_connection_test(params: list[click.Parameter]) -> None:
    """Make ``--test`` without a value the connection test.

    Args:
        params: The options of the SDK's command, changed in place.
    """
    (option,) = [param for param in params if param.name == "test"]
    assert isinstance(option, click.Option)  # noqa: S101
    option.flag_value = CONNECTION
    option.help = (
        "Test the connection: one request with the key to the health endpoint, exit "
        "code 0 or 1, one line of reason. --test=all reads one record of every stream, "
        "--test=schema writes the schemas."
    )
