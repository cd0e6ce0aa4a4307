"""The command `clientsuccess-sandbox`: an option for each setting of a sandbox.

Options follow from the fields of the settings: see `settings.py`.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    BooleanOptionalAction,
    Namespace,
)
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.data import Sizes
from clientsuccess_sandbox.like import read_like
from clientsuccess_sandbox.sandbox import Sandbox
from clientsuccess_sandbox.settings import (
    DEFAULT_KEY,
    Behaviour,
    CompanySettings,
    Option,
    SearchBehaviour,
)

_GROUPS: Final = {
    "company": (Sizes, CompanySettings),
    "behaviour": (SearchBehaviour, Behaviour),
    "server": (Backend,),
}
_USUAL: Final = Sandbox(port=8765)
_TYPES: Final = get_type_hints(Sandbox)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        sandbox = Sandbox(**{"port": _USUAL.port, **settings_from(options)})
    except ValueError as problem:
        parser.error(str(problem))
    try:
        _run(sandbox, options.ready_file)
    except OSError as problem:
        place = f"{sandbox.host}:{sandbox.port}"
        sys.exit(f"The sandbox cannot run on {place}: {problem.strerror or problem}")


def make_parser() -> ArgumentParser:
    """Create the parser; what is not given is no attribute of its result."""
    parser = ArgumentParser(
        prog="clientsuccess-sandbox",
        usage="%(prog)s [options]",
        description="A simulated ClientSuccess with generated data, on localhost.",
        argument_default=SUPPRESS,
    )
    for title, settings in grouped_settings().items():
        group = parser.add_argument_group(title)
        for field in settings:
            for flag, how in _arguments(field):
                group.add_argument(flag, dest=field.name, **how)
    add = parser.add_argument
    add(
        "--like",
        type=Path,
        metavar="REPORT",
        help="behave as the report of tap-clientsuccess --test=api --format=json says",
    )
    add("--ready-file", type=Path, help="file to write the base URL to once it answers")
    add("--verbose", action="store_true", help="log requests to stderr")
    parser.set_defaults(like=None, ready_file=None, verbose=False)
    return parser


def grouped_settings() -> dict[str, list[Field[Any]]]:
    """Return the settings in the groups in which the help and the README show them."""
    by_name = {each.name: each for each in fields(Sandbox)}
    return {
        title: [by_name[name] for each in classes for name in each.__annotations__]
        for title, classes in _GROUPS.items()
    }


def option_of(field: Field[Any]) -> Option:
    """Return how the command line sets a setting; its help says the default."""
    name, default = field.name.replace("_", "-"), getattr(_USUAL, field.name)
    about = field.metadata
    option: Option = about.get("option", Option(f"number of {name.replace('-', ' ')}"))
    text = option.help
    if default is None and "kind" in about:
        text += " (default: as fits the clients)"
    elif not option.item and default is not None and default is not False:
        text += f" (default: {default})"
    return option._replace(flag=option.flag or name, help=text)


def settings_from(options: Namespace) -> dict[str, Any]:
    """Turn parsed options into settings: what they give, and else what `--like` does.

    Raises:
        ValueError: A value is not valid, or `--like` names no report.
    """
    settings = {} if options.like is None else read_like(options.like)
    for name in _TYPES.keys() & vars(options).keys():
        value = getattr(options, name)
        usual = settings.get(name, getattr(_USUAL, name))
        settings[name] = _joined(usual, value) if isinstance(value, list) else value
    try:
        msgspec.convert(settings, Behaviour)
    except msgspec.ValidationError as problem:
        raise ValueError(problem) from None
    return settings


def _arguments(field: Field[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the flags that set a setting, and their arguments."""
    option, hint = option_of(field), _TYPES[field.name]
    about: dict[str, Any] = {"help": option.help.replace("%", "%%")}
    if option.item:
        about |= {"action": "append", "metavar": option.item}
        about["type"] = partial(_parse, option, hint)
        if hint == Mapping[str, bool]:
            no = {"type": partial(_parse, option, hint, means=False)}
            yield f"--no-{option.flag}", about | no
    elif get_origin(hint) is Literal:
        about["choices"] = get_args(hint)
    elif hint is bool:
        about["action"] = BooleanOptionalAction
    else:
        about["type"] = next((a for a in get_args(hint) if a is not NoneType), hint)
    yield f"--{option.flag}", about


def _parse(option: Option, hint: Any, text: str, *, means: bool = True) -> Any:
    """Parse an item of an option, and let argparse say what is wrong."""
    try:
        item = option.parse(text) if option.parse else _item(text, option.item)
        if hint == Mapping[str, bool]:
            return {item: means}
        if isinstance(item, dict):
            return msgspec.convert(item, hint, strict=False)
    except (ValueError, msgspec.ValidationError) as problem:
        raise ArgumentTypeError(f"{text!r}: {problem}") from None
    return item


def _item(text: str, pattern: str) -> Any:
    """Parse an item that is written as a pattern: see `Option`."""
    for mark in ":=":
        if mark in pattern:
            key, given, rest = text.partition(mark)
            if not given:
                raise ValueError(f"it is not written as {pattern}.")
            return {key: _item(rest, pattern.partition(mark)[2])}
    if "," in pattern:
        return text.split(",")
    if pattern != "VALUE":
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _joined(usual: Any, items: list[Any]) -> Any:
    """Add items to a mapping, or put them in place of a list."""
    if not isinstance(usual, Mapping):
        return tuple(items)
    found = dict(usual)
    for item in items:
        for key, value in item.items():
            inner = isinstance(found.get(key), Mapping)
            found[key] = {**found[key], **value} if inner else value
    return found


def _run(sandbox: Sandbox, ready_file: Path | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), sandbox:
        sys.stdout.writelines(f"{line}\n" for line in _greeting(sandbox))
        sys.stdout.flush()
        if ready_file is not None:
            # Who waits for the file never sees half of it.
            beside = ready_file.with_name(f"{ready_file.name}.part")
            beside.write_text(f"{sandbox.base_url}\n")
            beside.replace(ready_file)
        threading.Event().wait()


def _greeting(sandbox: Sandbox) -> Iterator[str]:
    # A custom key may be in use elsewhere, so it is not shown.
    is_default = sandbox.api_key == DEFAULT_KEY
    settings = {
        "BASE_URL": sandbox.base_url,
        "API_KEY": DEFAULT_KEY if is_default else "<the key given with --key>",
    }
    if sandbox.key_header not in {"either", "X-API-Key"}:
        settings["API_KEY_HEADER"] = sandbox.key_header
    if sandbox.health_path not in {"", "/health"}:
        settings["HEALTH_PATH"] = sandbox.health_path
    exports = (f" TAP_CLIENTSUCCESS_{name}={value}" for name, value in settings.items())
    yield f"ClientSuccess sandbox on {sandbox.base_url} (Ctrl-C ends it)"
    yield f"For the tap: export{''.join(exports)}"
    yield f"To watch and control it: {sandbox.url}"
    for name in sandbox.custom_searches:
        yield f"For a custom stream: path /{name}/search"


if __name__ == "__main__":
    main()
