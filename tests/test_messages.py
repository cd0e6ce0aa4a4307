"""docs/faults.md quotes the messages that the tap writes."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
# What stands for a value: elisions, numbers, quoted names, URLs, settings, streams.
_VALUE = re.compile(
    r"…|[\d,.:-]*\d[\d,.:TZ-]*|'\w+'|https://|\w+_\w+|\bclients\b"
    r"|No space left on device|^Invalid \w+:"
)
_FEWEST_WORDS = 3
_MOST_VALUES = 1
"""Words of a piece that may be values too, such as the name of a file."""


def texts() -> Iterator[str]:
    """Yield the texts in the code; a value in an f-string becomes a blank mark."""
    for path in (ROOT / "tap_clientsuccess").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "\0"
                    for part in node.values
                )


TEXTS = "\n".join(texts())


def messages() -> list[str]:
    rows = re.findall(r"^\|[^|\n]*\|[^|\n]*\|([^|\n]*)\|$", PAGE, re.MULTILINE)
    return sorted({quoted for row in rows for quoted in re.findall(r"`([^`]+)`", row)})


def pieces(message: str) -> list[str]:
    found = [piece.strip(" :,;") for piece in _VALUE.split(message)]
    return [piece for piece in found if len(piece.split()) >= _FEWEST_WORDS]


def unknown(words: list[str]) -> list[str]:
    """Return the words that are in no run of two words or more of a text."""
    if not words:
        return []
    for end in range(len(words), 1, -1):
        if " ".join(words[:end]).strip(" :,;'") in TEXTS:
            return unknown(words[end:])
    return [words[0], *unknown(words[1:])]


def test_most_messages_are_compared() -> None:
    assert len([message for message in messages() if pieces(message)]) > 40


@pytest.mark.parametrize("message", messages())
def test_a_message_is_in_the_code(message: str) -> None:
    for piece in pieces(message):
        assert len(unknown(piece.split())) <= _MOST_VALUES, piece


@pytest.mark.parametrize(
    "message",
    [
        "the service is down or in trouble",
        "answered with a blank body",
        "no reply came",
    ],
)
def test_other_words_are_noticed(message: str) -> None:
    (piece,) = pieces(message)
    assert len(unknown(piece.split())) > _MOST_VALUES
