"""The command `clientsuccess-sandbox`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from argparse import (
    ArgumentDefaultsHelpFormatter,
    ArgumentParser,
    ArgumentTypeError,
    BooleanOptionalAction,
)
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from clientsuccess_sandbox.faults.answers import Edits
from clientsuccess_sandbox.faults.registry import rule_from_text
from clientsuccess_sandbox.sandbox import Sandbox
from clientsuccess_sandbox.settings import (
    DEFAULT_KEY,
    DEFAULT_PASSWORD,
    DEFAULT_USERNAME,
    Behaviour,
    CompanySettings,
)

if TYPE_CHECKING:
    from argparse import Namespace, _ArgumentGroup
    from collections.abc import Sequence

    from clientsuccess_sandbox.faults.rule import Rule

_DEFAULT_PORT: Final = 8765
_MAYBE_MODIFIED: Final = ("client_notes", "pulses")
# Options that are no settings of a sandbox by themselves.
_OTHERS: Final = (
    *("ready_file", "verbose", "fault", "edits_per_request"),
    "no_modification_times",
)
_SECONDS_BETWEEN_LOOKS: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = settings_from(options)
        msgspec.convert(settings, Behaviour)
        sandbox = Sandbox(**settings)
    except (ValueError, msgspec.ValidationError) as problem:
        parser.error(str(problem))
    try:
        _run(sandbox, options.ready_file)
    except OSError as problem:
        place = f"{sandbox.host}:{sandbox.port}"
        sys.exit(f"The sandbox cannot run on {place}: {problem.strerror or problem}")


def make_parser() -> ArgumentParser:
    """Make the command's parser."""
    parser = ArgumentParser(
        prog="clientsuccess-sandbox",
        description="A ClientSuccess with made-up data, on this machine, over HTTP.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    _add_server(parser.add_argument_group("server"))
    company = parser.add_argument_group("company")
    _add_fields(company, CompanySettings)
    for option, what in (("", "show"), ("no-", "do not show")):
        company.add_argument(
            f"--{option}modification-times",
            action="append",
            default=[],
            choices=_MAYBE_MODIFIED,
            help=f"records of this kind {what} when they were modified",
        )
    behaviour = parser.add_argument_group("behaviour")
    _add_fields(behaviour, Behaviour)
    behaviour.add_argument(
        "--clock-offset", type=float, default=0.0, help="seconds the clock is ahead"
    )
    _add_faults(parser.add_argument_group("faults"))
    return parser


def settings_from(options: Namespace) -> dict[str, Any]:
    """Turn parsed options into the settings of a sandbox."""
    settings = {k: v for k, v in vars(options).items() if k not in _OTHERS}
    settings["ignore"] = dict(options.ignore)
    settings["modification_times"] = {
        **dict.fromkeys(options.modification_times, True),
        **dict.fromkeys(options.no_modification_times, False),
    }
    missing = Behaviour().missing_custom_fields
    settings["missing_custom_fields"] = {
        **missing,
        **dict(options.missing_custom_fields),
    }
    count = options.edits_per_request
    edits: list[Rule] = [Edits(path, count) for path in ("*/search", "*/task/all")]
    settings["rules"] = [*options.fault, *(edits if count else [])]
    return settings


def _add_server(group: _ArgumentGroup) -> None:
    add = group.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add(
        "--allowed-host",
        dest="allowed_hosts",
        metavar="NAME",
        action="append",
        default=[],
        help="further name that requests may call it by (Host header); * allows all",
    )
    add("--port", type=int, default=_DEFAULT_PORT, help="port; 0 takes a free one")
    add("--key", dest="api_key", default=DEFAULT_KEY, help="key that opens the API")
    add("--username", default=DEFAULT_USERNAME, help="for a login")
    add("--password", default=DEFAULT_PASSWORD, help="for a login")
    add("--ready-file", type=Path, help="file to write the base URL to once it answers")
    add("--verbose", action="store_true", help="show each request on stderr")


def _add_fields(group: _ArgumentGroup, settings: type) -> None:
    """Add an option for each field that has a help text."""
    types = get_type_hints(settings)
    for field in fields(settings):
        if "help" not in field.metadata:
            continue
        kind = next((a for a in get_args(types[field.name]) if a is not NoneType), None)
        how: dict[str, Any] = {"type": kind or types[field.name]}
        if get_origin(types[field.name]) is Literal:
            how = {"choices": get_args(types[field.name])}
        elif types[field.name] is bool:
            how = {"action": BooleanOptionalAction}
        option = f"--{field.name.replace('_', '-')}"
        text = field.metadata["help"]
        group.add_argument(option, default=field.default, help=text, **how)


def _add_faults(group: _ArgumentGroup) -> None:
    group.add_argument(
        "--fault",
        type=_rule,
        action="append",
        default=[],
        help='such as "status=503,probability=0.1,path=/client/search", or JSON',
    )
    group.add_argument(
        "--edits-per-request",
        type=int,
        default=0,
        help="random edits of what is read, after each page of it",
    )
    group.add_argument(
        "--ignore",
        type=_ignored,
        action="append",
        default=[],
        help='parameters not looked at, such as "/pulse/search:modifiedAfter,sortBy"',
    )
    group.add_argument(
        "--missing-custom-fields",
        type=_missing,
        action="append",
        default=[],
        help="resource type without custom fields, and the status, as in GOAL=404",
    )


def _rule(text: str) -> Rule:
    try:
        return rule_from_text(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from None


def _ignored(text: str) -> tuple[str, list[str]]:
    path, colon, names = text.partition(":")
    if not colon:
        raise ArgumentTypeError("expected PATH:PARAMETER,PARAMETER")
    return path, [name.strip() for name in names.split(",")]


def _missing(text: str) -> tuple[str, int]:
    resource, _, status = text.partition("=")
    try:
        return resource, int(status)
    except ValueError:
        raise ArgumentTypeError("expected RESOURCE=STATUS") from None


def _run(sandbox: Sandbox, ready_file: Path | None) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with sandbox:
        # A key of somebody's own may be one that is in use elsewhere: it is not shown.
        ours = sandbox.api_key == DEFAULT_KEY
        key = DEFAULT_KEY if ours else "<the key given with --key>"
        sys.stdout.write(
            f"ClientSuccess sandbox on {sandbox.base_url} (Ctrl-C ends it)\n"
            f"For the tap: export TAP_CLIENTSUCCESS_BASE_URL={sandbox.base_url} "
            f"TAP_CLIENTSUCCESS_API_KEY={key}\n"
        )
        sys.stdout.flush()
        if ready_file is not None:
            _write_whole(ready_file, f"{sandbox.base_url}\n")
        while not ended.wait(_SECONDS_BETWEEN_LOOKS):
            pass


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text)
    beside.replace(path)


if __name__ == "__main__":
    main()
