"""Read files of the user: their encoding does not depend on this system's locale."""

from __future__ import annotations

import json
import sys
import typing as t
from itertools import chain
from pathlib import Path

from tap_clientsuccess.errors import config_error

_MOST_LEVELS = 100


def read_text(path: str) -> str:
    """Read UTF-8, UTF-16 or UTF-32 text; from standard input if the path is ``-``.

    Raises:
        ValueError: It cannot be read, or is not text; says what follows its path.
    """
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        # Windows PowerShell writes UTF-16; the detection works for any text.
        return data.decode(json.detect_encoding(data))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise ValueError("is not text in UTF-8 or UTF-16") from None


def read_object(path: str, option: str) -> dict[str, t.Any]:
    """Read a JSON object from the file that an option names.

    Raises:
        ConfigValidationError: It cannot be read, or is not a JSON object.
    """
    what = "configuration" if option == "config" else option
    if not path:
        raise config_error(f"--{option} names no file", what=what)
    try:
        return _object(read_text(path))
    except ValueError as error:
        raise config_error(f"--{option} {path} {error}", what=what) from None


def _object(text: str) -> dict[str, t.Any]:
    if not text.strip():
        raise ValueError("is empty: write at least {} into it")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        # Its message may quote the content.
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not JSON: see {where}") from None
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(content, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004
    level: list[t.Any] = [content]
    for _ in range(_MOST_LEVELS):
        lists = [each for each in level if isinstance(each, list)]
        objects = [each.values() for each in level if isinstance(each, dict)]
        level = list(chain(*lists, *objects))
    if level:
        raise ValueError(f"has more than {_MOST_LEVELS} nested levels")
    return content
