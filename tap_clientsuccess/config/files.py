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
        ConfigValidationError: It cannot be read, or is not text.
    """
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        # Windows PowerShell writes UTF-16; the detection works for any text.
        return data.decode(json.detect_encoding(data))
    except OSError as error:
        raise config_error(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise config_error(f"{path} is not text in UTF-8 or UTF-16") from None


def read_object(path: str) -> dict[str, t.Any]:
    """Read a JSON object from a file.

    Raises:
        ConfigValidationError: It cannot be read, or is not a JSON object.
    """
    text = read_text(path)
    if not text.strip():
        raise config_error(f"{path} is empty: write at least {{}} into it")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        # Its message may quote the content.
        raise config_error(
            f"{path} is not JSON: see line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError):
        raise config_error(f"{path} is not JSON") from None
    if not isinstance(content, dict):
        raise config_error(f"{path} is not a JSON object")
    level: list[t.Any] = [content]
    for _ in range(_MOST_LEVELS):
        lists = [each for each in level if isinstance(each, list)]
        objects = [each.values() for each in level if isinstance(each, dict)]
        level = list(chain(*lists, *objects))
    if level:
        raise config_error(f"{path} has more than {_MOST_LEVELS} nested levels")
    return content
