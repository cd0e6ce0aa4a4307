"""The command line: its options, what each of them runs, and errors in one line."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
import typing as t
from functools import partial

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.tap_base import CliTestOptionValue

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
from tap_clientsuccess.health import check_connection
from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.singer.writer import OutputError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.sync import SyncTap

logger = logging.getLogger("tap-clientsuccess")

RETRY, MISTAKE, INCOMPLETE = 1, 2, 3
"""Exit codes: worth a retry; not before somebody has changed something; read, but not
complete. After a signal, 128 and its number."""

_CONNECTION, _ACCOUNT = "connection", "api"
_NO_TEST = CliTestOptionValue.Disabled.value
_TESTS = sorted({_ACCOUNT, _CONNECTION, *(test.value for test in CliTestOptionValue)})
_TEST_HELP = (
    "Test the connection: one request with the key to the health endpoint, exit code 0 "
    "or 1, one line of reason. --test=all reads one record of every stream that a sync "
    "would read, --test=schema writes their schemas. --test=api finds out what this "
    "account's API does, with at most 150 requests, and prints a report without the "
    "account's data (--format=json for machines)."
)
_flag = partial(click.Option, is_flag=True)
_OPTIONS = (
    _flag(["--version"], help="Display the package version."),
    _flag(["--about"], help="Display package metadata and settings."),
    click.Option(
        ["--format", "form"],
        type=click.Choice(["json", "markdown"], case_sensitive=False),
        help="Specify output style for --about",
    ),
    click.Option(
        ["--config"],
        multiple=True,
        help="Configuration file location or 'ENV' to use environment variables.",
    ),
    _flag(["--discover"], help="Run the tap in discovery mode."),
    click.Option(
        ["--test"],
        is_flag=False,
        flag_value=_CONNECTION,
        default=_NO_TEST,
        type=click.Choice(_TESTS),
        metavar="TEXT",
        help=_TEST_HELP,
    ),
    click.Option(["--catalog"], help="Use a Singer catalog file with the tap."),
    click.Option(["--state"], help="Use a bookmarks file for incremental replication."),
    _flag(["--show-host"], help="Let the report of --test=api name the host."),
)
_RETRIES_OF_DISCOVERY = 3
_STDOUT = 1


def command(tap: type[SyncTap]) -> click.Command:
    """Return the command line of the tap.

    The options are the SDK's. But the SDK runs discovery and tests while it parses
    them, before it knows the catalog, and opens files in the encoding of the locale.
    """
    return TapCommand(
        name=tap.name,
        help="Execute the Singer tap.",
        callback=partial(_run, tap),
        params=[*_OPTIONS],
    )


def _run(  # noqa: PLR0913 # an argument is an option
    tap: type[SyncTap],
    *,
    version: bool,
    about: bool,
    form: str | None,
    config: tuple[str, ...],
    discover: bool,
    test: str,
    show_host: bool,
    **files: str | None,
) -> None:
    """Do what the options say; `files` are the catalog and the state."""
    if version:
        tap.print_version(print_fn=click.echo)
        return
    create = _with_settings(tap, config)
    if discover:
        _discover(create(validate_config=False, setup_mapper=False))
    elif about:
        tap.print_about(form)
    elif test == _CONNECTION:
        _test_connection(create)
    elif test == _ACCOUNT:
        _check_account(create(setup_mapper=False), form, shows_host=show_host)
    else:
        tap.print_version(print_fn=logger.info)
        documents = {
            name: read_object(f, name) for name, f in files.items() if f is not None
        }
        made = create(**t.cast("dict[str, t.Any]", documents))
        made.run() if test == _NO_TEST else made.run_test(test)


def _with_settings(tap: type[SyncTap], paths: tuple[str, ...]) -> partial[SyncTap]:
    """Read configuration files; later ones win, and ``ENV`` is not a file."""
    config: dict[str, t.Any] = {}
    files = [path for path in paths if path.upper() != "ENV"]
    for path in files:
        config |= read_object(path, "config")
    reads_environment = len(files) < len(paths)
    if not reads_environment and (unread := unread_settings(SCHEMA["properties"])):
        logger.warning(
            "%s: not read, because --config=ENV is not given",
            ", ".join(map(variable, unread)),
        )
    return partial(tap, config=config, parse_env_config=reads_environment)


def _discover(tap: SyncTap) -> None:
    """Write the catalog; fail where the API cannot be asked what belongs into it."""
    if not tap.is_configured:
        logger.warning(
            "No settings are given, so the API was not asked: the catalog lacks the "
            "account's custom fields"
        )
    context = tap.context
    # Somebody waits for it.
    context.client.most_tries_unreachable = 1 + _RETRIES_OF_DISCOVERY
    context.custom_fields.are_required = True
    tap.run_discovery()


def _test_connection(create: Callable[..., SyncTap]) -> None:
    logging.getLogger().setLevel(logging.ERROR)
    context = create(setup_mapper=False).context
    verdict = check_connection(context.client, context.settings)
    logger.setLevel(logging.INFO)  # Whatever `quiet` says.
    logger.info(verdict)


def _check_account(tap: SyncTap, form: str | None, *, shows_host: bool) -> None:
    """Print what the account's API does; fail if a sync would not work."""
    # Nothing else needs them: they would make up a tenth of the tap's own start.
    from tap_clientsuccess.account_check.check import AccountCheck  # noqa: PLC0415
    from tap_clientsuccess.account_check.report import (  # noqa: PLC0415
        as_json,
        as_markdown,
    )

    report = AccountCheck(tap).run(shows_host=shows_host)
    click.echo(as_json(report) if form == "json" else as_markdown(report))
    if report.reasons:
        raise ApiError("; ".join(report.reasons))
    logger.info("Report written, %d requests", report.requests)


class TapCommand(click.Command):
    """A command with errors in one line."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Run the command; an error is one line on stderr, and an exit code."""
        given = sys.argv[1:] if not args or args[0] is None else args[0]
        is_test = any(arg.partition("=")[0] == "--test" for arg in given)
        logging.captureWarnings(capture=True)
        with _printable_log(), _one_line_errors(is_test=is_test):
            # Otherwise click prints errors itself.
            sys.exit(super().main(*args, **{**kwargs, "standalone_mode": False}))


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
        _fail(f"{error.format_message().rstrip('.')}: see --help", mistake)
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
