"""Writes the generated parts of the documentation: README.md, docs/streams.md.

With --check nothing is written; exit code 1 where a file is not as it should be.
"""

from __future__ import annotations

import argparse
import logging
import sys
import typing as t
from pathlib import Path

from setting_docs import settings_tables
from stream_docs import streams_page, streams_table

from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
STREAMS_PAGE = ROOT / "docs" / "streams.md"


class StaleError(Exception):
    """A file is not as it should be."""


def main() -> int:
    """Write the files, or check them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    only_check = parser.parse_args().check
    logging.disable()
    try:
        for path, text in documents():
            keep(path, text, only_check=only_check)
    except (LookupError, StaleError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def keep(path: Path, text: str, *, only_check: bool) -> None:
    """Write a file, where it is not so already.

    Raises:
        StaleError: It is not, and nothing is to be written.
    """
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    if only_check:
        raise StaleError(f"{path.relative_to(ROOT)} is stale: run `make docs`")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def documents() -> Iterator[tuple[Path, str]]:
    """Make the text of each file."""
    tap = TapClientSuccess(validate_config=False)
    readme = README.read_text(encoding="utf-8")
    readme = replaced(readme, "settings", "\n".join(settings_tables()))
    readme = replaced(readme, "streams", "\n".join(streams_table(tap)))
    yield README, readme
    yield STREAMS_PAGE, "\n".join(streams_page(tap)) + "\n"


def replaced(text: str, name: str, content: str) -> str:
    """Put content between the two marks of a name.

    Raises:
        StaleError: The marks are not there.
    """
    begin, end = f"<!-- {name}: made by scripts/docs.py -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise StaleError(f"README.md lacks the marks {begin} and {end}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


if __name__ == "__main__":
    sys.exit(main())
