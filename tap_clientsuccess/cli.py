"""The command line: errors in one line, and the tests of ``--test``."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
import typing as t

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.plugin_base import SingerCommand

from tap_clientsuccess.config.environment import unread_settings, variable
from tap_clientsuccess.config.files import read_object
from tap_clientsuccess.config.settings import SCHEMA
from tap_clientsuccess.errors import (
    ApiError,
    IncompleteError,
    MissingKeyError,
    RefusedError,
    printable,
)
from tap_clientsuccess.singer.sdk import ConfigInput
from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.singer.writer import OutputError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-clientsuccess")

CONNECTION, ACCOUNT = "connection", "api"
_ENVIRONMENT = "ENV"
_STDOUT = 1

RETRY, MISTAKE, INCOMPLETE = 1, 2, 3
"""Exit codes: worth a retry; not before somebody has changed something; read, but not
complete. After a signal, 128 and its number."""


class TapCommand(SingerCommand):
    """The SDK's command, with errors in one line."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Run the command; an error is one line on stderr, and an exit code."""
        given = sys.argv[1:] if not args or args[0] is None else args[0]
        is_test = any(arg.partition("=")[0] == "--test" for arg in given)
        with _printable_log(), _one_line_errors(is_test=is_test):
            # Otherwise click prints errors itself.
            sys.exit(super().main(*args, **{**kwargs, "standalone_mode": False}))

    def invoke(self, ctx: click.Context) -> t.Any:
        """Run the callback without the SDK's error output."""
        logging.captureWarnings(capture=True)
        return click.Command.invoke(self, ctx)


@contextlib.contextmanager
def _printable_log() -> Iterator[None]:
    """Shorten log messages that are too long, of the SDK and all others, too."""
    create = logging.getLogRecordFactory()

    def create_printable(*args: t.Any, **kwargs: t.Any) -> logging.LogRecord:
        record = create(*args, **kwargs)
        # Logging itself reports a message that does not fit its arguments.
        with contextlib.suppress(TypeError, ValueError, KeyError):
            message = record.getMessage()
            if (shown := printable(message)) != message:
                record.msg, record.args = shown, None
        return record

    logging.setLogRecordFactory(create_printable)
    try:
        yield
    finally:
        logging.setLogRecordFactory(create)


@contextlib.contextmanager
def _one_line_errors(*, is_test: bool) -> Iterator[None]:
    mistake = RETRY if is_test else MISTAKE
    try:
        yield
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}: see --help", error.exit_code)
    except ConfigValidationError as error:
        _fail(f"{error}: {'; '.join(error.errors)}", mistake)
    except (RefusedError, MissingKeyError) as error:
        _fail(str(error), mistake)
    except IncompleteError as error:
        _fail(str(error), INCOMPLETE)
    except (ApiError, SingerSDKError) as error:
        _fail(str(error))
    except OutputError as error:
        # Otherwise the interpreter flushes stdout at exit and fails again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
        _fail(str(error))
    except Interrupted as error:
        logger.warning(
            "Stopped by signal %d; the next run resumes from the last state that the "
            "target confirmed",
            error.signum,
        )
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001
        _fail(_unexpected(error))


def _fail(reason: str, exit_code: int = RETRY) -> t.NoReturn:
    logger.error(" ".join(reason.split()))
    sys.exit(exit_code)


def _unexpected(error: Exception) -> str:
    """Describe a bug in the tap, without the error's message: it may contain data."""
    for entry in traceback.format_tb(error.__traceback__):
        logger.debug(entry)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Unexpected {type(error).__name__} in {frame.name} ({frame.filename}, line "
        f"{frame.lineno}): please report it, with what "
        "TAP_CLIENTSUCCESS_LOGLEVEL=DEBUG shows"
    )


def read_config(paths: tuple[str, ...]) -> ConfigInput:
    """Read configuration files; later ones win, and ``ENV`` is not a file.

    Raises:
        ConfigValidationError: A file cannot be read, or is not a JSON object.
    """
    config: dict[str, t.Any] = {}
    files = [path for path in paths if path.upper() != _ENVIRONMENT]
    for path in files:
        config |= read_object(path)
    reads_environment = len(files) < len(paths)
    if not reads_environment and (unread := unread_settings(SCHEMA["properties"])):
        logger.warning(
            "%s: not read, because --config=ENV is not given",
            ", ".join(map(variable, unread)),
        )
    return ConfigInput(config=config, parse_env=reads_environment)


def adapt_options(params: list[click.Parameter]) -> None:
    """Make the connection test the default of ``--test``; open files ourselves.

    The SDK runs a test while it parses the options, before it knows the catalog, and
    opens files in the encoding of the locale.

    Args:
        params: The options of the SDK's command; changed in place.
    """
    options = {param.name: param for param in params}
    for name in ("catalog", "state"):
        options[name].type = click.STRING
    test = options["test"]
    assert isinstance(test, click.Option)  # noqa: S101
    test.callback, test.expose_value = None, True
    test.flag_value = CONNECTION
    test.help = (
        "Test the connection: one request with the key to the health endpoint, exit "
        "code 0 or 1, one line of reason. --test=all reads one record of every stream "
        "that a sync would read, --test=schema writes their schemas. --test=api finds "
        "out what this account's API does, with at most 150 requests, and prints a "
        "report without the account's data (--format=json for machines)."
    )
    params.append(
        click.Option(
            ["--show-host"],
            is_flag=True,
            help="Let the report of --test=api name the host.",
        )
    )
