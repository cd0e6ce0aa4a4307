"""Losses: what a warning says of data that is lost. It never tells a value."""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict
from functools import lru_cache

import msgspec

if t.TYPE_CHECKING:
    from tap_clientsuccess.records.field import Field

_PLAIN_PATH = re.compile(r"[\w$-]{1,60}((\.|\[\]\.?)[\w$-]{0,60}){0,9}", re.ASCII)
_LONGEST_FORM = 40
_MOST_FORMS = 5
_encoder = msgspec.json.Encoder(decimal_format="number")


class Forms:
    """The forms of the times and dates that cannot be read; a few for each field."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, set[str]] = defaultdict(set)

    def note(self, field: Field, value: t.Any) -> str:
        """Say what form a time or a date has; nothing for other fields."""
        if not field.format:
            return ""
        form, seen = _form_of(value), self._seen[field.path]
        if len(seen) < _MOST_FORMS:
            seen.add(form)
        return f"; its form is {form}" if form in seen else "; it has other forms"


@lru_cache(maxsize=1000)
def unfitting(path: str, form: str, *, in_part: bool) -> str:
    """Say that a value does not fit its field, and what is sent."""
    sent = "a part of it" if in_part else "null"
    return (
        f"the value of {_shown(path)} is not of the declared type; {sent} is sent{form}"
    )


def unknown(path: str) -> str:
    """Say that a field is dropped, as the schema lacks it."""
    return (
        f"dropped the field {_shown(path)}, which is not in the catalog; run "
        "discovery again, or ask for the field in an issue"
    )


def _form_of(value: t.Any) -> str:
    """Describe a value without telling it: ``99/99/9999`` for ``02/29/2020``."""
    if isinstance(value, (bool, dict, list)):
        return {bool: "a boolean", dict: "an object", list: "a list"}[type(value)]
    text = value if isinstance(value, str) else _encoder.encode(value).decode()
    form = "".join(map(_form_of_character, text[:_LONGEST_FORM]))
    return form + "..." * (len(text) > _LONGEST_FORM)


def _form_of_character(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "a"
    return character if character in " -+/.,:" else "?"


def _shown(path: str) -> str:
    """Return a path for a message; a name may be data, such as an address."""
    return f"'{path}'" if _PLAIN_PATH.fullmatch(path) else "with an unusual name"
