"""The command `clientsuccess-sandbox`: an option for each setting of a sandbox."""

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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from clientsuccess_sandbox.like import read_like
from clientsuccess_sandbox.sandbox import Sandbox
from clientsuccess_sandbox.settings import DEFAULT_KEY, Behaviour, CompanySettings

_DEFAULT_PORT: Final = 8765
_GROUPS: Final = (("company", CompanySettings), ("behaviour", Behaviour))
_SECONDS_BETWEEN_LOOKS: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = settings_with_report(arguments)
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
    """Create the parser."""
    parser = ArgumentParser(
        prog="clientsuccess-sandbox",
        description="A simulated ClientSuccess with generated data, on localhost.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    types, known = get_type_hints(Sandbox, include_extras=False), set[str]()
    for title, settings in (*_GROUPS, ("server", Sandbox)):
        group = parser.add_argument_group(title)
        for field in fields(settings):
            if field.name not in known:
                for flag, how in _options_of(field, types[field.name]):
                    group.add_argument(flag, **how)
            known.add(field.name)
    parser.set_defaults(port=_DEFAULT_PORT)
    add = parser.add_argument
    add(
        "--like",
        type=Path,
        metavar="REPORT",
        help="behave as the report of tap-clientsuccess --test=api --format=json says",
    )
    add("--ready-file", type=Path, help="file to write the base URL to once it answers")
    add("--verbose", action="store_true", help="log requests to stderr")
    return parser


def settings_from(options: Namespace) -> dict[str, Any]:
    """Turn parsed options into the settings of a sandbox."""
    settings = {}
    for field in fields(Sandbox):
        if "help" in field.metadata:
            settings[field.name] = getattr(options, field.name)
        elif "make" in field.metadata:
            settings[field.name] = field.metadata["make"](getattr(options, field.name))
    return settings


def settings_with_report(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the settings that the options give, and for others those of `--like`.

    Raises:
        ValueError: `--like` names no report.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    settings = settings_from(options)
    if options.like is None:
        return settings
    usual, like = settings_from(parser.parse_args([])), read_like(options.like)
    open_ = {name: like[name] for name in like if settings[name] == usual[name]}
    return settings | open_


def _options_of(field: Field[Any], hint: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names of a setting's options, and their arguments."""
    about, how = field.metadata, dict[str, Any](dest=field.name)
    if "help" in about:
        name = field.name.replace("_", "-").replace("api-key", "key")
        how |= {"default": field.default, "help": about["help"]}
        yield f"--{name}", how | _type_of(hint)
    for name, parse in about.get("parsers", {}).items():
        how |= {"action": "append", "default": [], "type": _explained(parse)}
        how |= {"metavar": about["metavar"], "help": about["text"]}
        yield f"--{name.replace('_', '-')}", how


def _type_of(hint: Any) -> dict[str, Any]:
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    if hint is bool:
        return {"action": BooleanOptionalAction}
    return {"type": next((a for a in get_args(hint) if a is not NoneType), hint)}


def _explained(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse show what is wrong with a value."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as problem:
            raise ArgumentTypeError(f"{text!r}: {problem}") from None

    return parsed


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
