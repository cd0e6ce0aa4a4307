"""Pieces of Markdown."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table of Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def code(text: str) -> str:
    """Write text as code."""
    return f"`{text}`"


def one_line(text: str) -> str:
    """Write a description as one line."""
    return " ".join(text.split())


def keys(names: Iterable[str]) -> str:
    """Write the names of a key."""
    return ", ".join(map(code, names))
