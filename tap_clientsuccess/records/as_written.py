"""As written: what `msgspec` accepts in JSON, although it must not leave so.

Two things: a key that stands twice in an object, and a time in another form than that
of RFC 3339 (with a space, ``t``, ``z`` or ``+0000``). Both show when the JSON of a
column is compared with what was decoded of it, encoded again. A key that stands twice
is decoded once, so there are fewer commas. Any other form of a time has fewer of the
characters T, Z and colon. To count bytes is enough, and fast.

Servers that write ``+0000`` do so in every time. There `with_colons` adds the colon to
the JSON, which is exact if it adds as many as are missing: a text that looks like such
a time but is none, as no time is declared there, misses none.
"""

from __future__ import annotations

import re
import typing as t

import msgspec
from msgspec import Raw

# All but these bytes.
_REST = bytes({*range(256)} - {*b",:TZ"})
# Longer fractions are left to `read_moment`, as `msgspec` rounds them.
_COMPACT = re.compile(
    rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?'
    rb'[+-][0-9]{2}(?=[0-9]{2}")'
)
_encoder = msgspec.json.Encoder()


def missing_in_times(raw: bytes, length: int) -> int:
    """Count the characters that RFC 3339 would have more.

    Args:
        raw: A JSON list of times and nulls.
        length: How many there are.

    Raises:
        ValueError: There is a time in a form that is not counted.
    """
    if b" " in raw or b"t" in raw or b"z" in raw or b"\\" in raw:
        raise ValueError("a time in another form")
    times, zulu = length - raw.count(b"n"), raw.count(b"Z")
    return 0 if times == zulu else 3 * times - zulu - raw.count(b":")


def missing_in_objects(raw: bytes, values: list[t.Any]) -> int:
    """Count the characters that RFC 3339 would have more in the times within objects.

    Args:
        raw: A JSON list of objects, or of lists of these.
        values: What was decoded of it.

    Raises:
        ValueError: A key stands twice.
    """
    found = raw.translate(None, _REST)
    made = _encoder.encode(values).translate(None, _REST)
    # Faster than to count the commas.
    missing = len(made.translate(None, b",")) - len(found.translate(None, b","))
    if len(made) - len(found) != missing:
        raise ValueError("a key that stands twice")
    return missing


def with_colons(values: list[Raw]) -> tuple[list[Raw], int]:
    """Write ``+00:00`` for ``+0000`` in all texts that are such times.

    Args:
        values: JSON values.

    Returns:
        The values, and how many colons were added.
    """
    pairs = [_COMPACT.subn(_with_colon, bytes(value)) for value in values]
    return [Raw(value) for value, _ in pairs], sum(added for _, added in pairs)


def _with_colon(match: re.Match[bytes]) -> bytes:
    return match[0] + b":"
