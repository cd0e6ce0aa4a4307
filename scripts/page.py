"""How the generated parts of pages are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def block(*texts: str) -> str:
    """Return texts, one a line, between empty lines, as Markdown needs them."""
    return "\n".join(("", *texts, ""))


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False
) -> str:
    """Return a table, in which all columns but the first may be numbers."""
    rule = ["---", *["---:" if numbers else "---"] * (len(head) - 1)]
    return "\n".join(map(row, (head, rule, *rows)))


def row(cells: Iterable[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
