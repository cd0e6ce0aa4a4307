"""The command `clientsuccess-sandbox`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

from clientsuccess_sandbox.options import FILE_OPTIONS, make_parser, settings_from
from clientsuccess_sandbox.sandbox import Sandbox
from clientsuccess_sandbox.settings import DEFAULT_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


_WAIT = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        sandbox = Sandbox(**settings_from(options))
    except ValueError as problem:
        parser.error(str(problem))
    try:
        _run(sandbox, getattr(options, FILE_OPTIONS[0]))
    except OSError as problem:
        place = f"{sandbox.host}:{sandbox.port}"
        sys.exit(f"The sandbox cannot run on {place}: {problem.strerror or problem}")


def _run(sandbox: Sandbox, ready_file: Path | None) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with sandbox:
        _announce(sandbox)
        if ready_file is not None:
            _write_whole(ready_file, f"{sandbox.base_url}\n")
        while not ended.wait(_WAIT):
            pass


def _announce(sandbox: Sandbox) -> None:
    # A key of somebody's own may be one that is in use elsewhere: it is not shown.
    ours = sandbox.api_key == DEFAULT_KEY
    key = DEFAULT_KEY if ours else "<the key given with --key>"
    print(f"ClientSuccess sandbox on {sandbox.base_url} (Ctrl-C ends it)")  # noqa: T201
    print(  # noqa: T201 - what the command is asked for goes to stdout
        f"For the tap: export TAP_CLIENTSUCCESS_BASE_URL={sandbox.base_url} "
        f"TAP_CLIENTSUCCESS_API_KEY={key}",
        flush=True,
    )


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text)
    beside.replace(path)


if __name__ == "__main__":
    main()
