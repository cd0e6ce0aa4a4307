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
    Namespace,
)
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from clientsuccess_sandbox.faults.registry import rule_from_text
from clientsuccess_sandbox.faults.responses import Edits
from clientsuccess_sandbox.faults.rule import Rule
from clientsuccess_sandbox.sandbox import Sandbox
from clientsuccess_sandbox.settings import DEFAULT_KEY, Behaviour, CompanySettings

_DEFAULT_PORT: Final = 8765
_GROUPS: Final = (("company", CompanySettings), ("behaviour", Behaviour))
_MAYBE_MODIFIED: Final = ("client_notes", "pulses")
# Options that are no settings of a sandbox by themselves.
_OTHERS: Final = {"ready_file", "verbose", "edits_per_request", "no_modification_times"}
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
    """Create the parser: an option for each setting that has a help text."""
    parser = ArgumentParser(
        prog="clientsuccess-sandbox",
        description="A simulated ClientSuccess with generated data, on localhost.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    known: set[str] = set()
    for title, settings in (*_GROUPS, ("server", Sandbox)):
        group, types = parser.add_argument_group(title), get_type_hints(settings)
        for field in fields(settings):
            if "help" in field.metadata and field.name not in known:
                name = field.name.replace("_", "-").replace("api-key", "key")
                how = {"default": field.default, "help": field.metadata["help"]}
                how |= {"dest": field.name, **_type_of(types[field.name])}
                group.add_argument(f"--{name}", **how)
                known.add(field.name)
    parser.set_defaults(port=_DEFAULT_PORT)
    _add_lists(parser)
    add = parser.add_argument
    add("--ready-file", type=Path, help="file to write the base URL to once it answers")
    add("--verbose", action="store_true", help="log requests to stderr")
    text = "random edits after each page, of the kind that was read"
    add("--edits-per-request", type=int, default=0, help=text)
    return parser


def settings_from(options: Namespace) -> dict[str, Any]:
    """Turn parsed options into the settings of a sandbox."""
    settings = {k: v for k, v in vars(options).items() if k not in _OTHERS}
    settings["ignore"] = dict(options.ignore)
    settings["modification_times"] = {
        **dict.fromkeys(options.modification_times, True),
        **dict.fromkeys(options.no_modification_times, False),
    }
    missing = dict(options.missing_custom_fields)
    settings["missing_custom_fields"] = Behaviour().missing_custom_fields | missing
    count = options.edits_per_request
    edits: list[Rule] = [Edits(path, count) for path in ("*/search", "*/task/all")]
    settings["rules"] = [*options.rules, *(edits if count else [])]
    return settings


def _type_of(hint: Any) -> dict[str, Any]:
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    if hint is bool:
        return {"action": BooleanOptionalAction}
    return {"type": next((a for a in get_args(hint) if a is not NoneType), hint)}


def _add_lists(parser: ArgumentParser) -> None:
    """Add the options that can be given more than once."""

    def add(option: str, text: str, **how: Any) -> None:
        parser.add_argument(option, action="append", default=[], help=text, **how)

    text = "another host name that requests may use (Host header); * allows all"
    add("--allowed-host", text, dest="allowed_hosts", metavar="NAME")
    text = 'such as "status=503,probability=0.1,path=/client/search", or JSON'
    add("--fault", text, dest="rules", metavar="RULE", type=_rule)
    text = 'parameters to ignore, such as "/pulse/search:modifiedAfter,sortBy"'
    add("--ignore", text, type=path_and_parameters)
    text = "resource type without custom fields, and the status, as in GOAL=404"
    add("--missing-custom-fields", text, type=resource_and_status)
    text = "records of this kind show when they were modified"
    add("--modification-times", text, choices=_MAYBE_MODIFIED)
    text = "records of this kind do not show when they were modified"
    add("--no-modification-times", text, choices=_MAYBE_MODIFIED)


def path_and_parameters(text: str) -> tuple[str, list[str]]:
    """Read a value of `--ignore`; argparse shows this function's name."""
    path, names = text.split(":")
    return path, names.split(",")


def resource_and_status(text: str) -> tuple[str, int]:
    """Read a value of `--missing-custom-fields`."""
    resource, status = text.split("=")
    return resource, int(status)


def _rule(text: str) -> Rule:
    try:
        return rule_from_text(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from None


def _run(sandbox: Sandbox, ready_file: Path | None) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with sandbox:
        # A custom key may be in use elsewhere, so it is not shown.
        is_default = sandbox.api_key == DEFAULT_KEY
        key = DEFAULT_KEY if is_default else "<the key given with --key>"
        sys.stdout.write(
            f"ClientSuccess sandbox on {sandbox.base_url} (Ctrl-C ends it)\n"
            f"For the tap: export TAP_CLIENTSUCCESS_BASE_URL={sandbox.base_url} "
            f"TAP_CLIENTSUCCESS_API_KEY={key}\n"
            f"To watch and control it: {sandbox.url}\n"
        )
        sys.stdout.flush()
        if ready_file is not None:
            _write_whole(ready_file, f"{sandbox.base_url}\n")
        while not ended.wait(_SECONDS_BETWEEN_LOOKS):
            pass


def _write_whole(path: Path, text: str) -> None:
    """Write a file atomically."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text)
    beside.replace(path)


if __name__ == "__main__":
    main()
