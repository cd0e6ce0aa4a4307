"""From the bytes of an answer to JSON values: no digit lost, one bad byte no stop."""

from __future__ import annotations

import json
import re
import typing as t
from decimal import Decimal, InvalidOperation

import msgspec

_MOST_DIGITS = 4000
_MOST_LEVELS = 200
_MOST_SENSIBLE_LEVELS = 1_000_000
_BEGIN, _END = (b"[", b"{"), (b"]", b"}")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{}\]]', re.DOTALL)


def _number(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except InvalidOperation:  # An exponent that no number has.
        return float(text)


def _integer(text: str) -> int | Decimal:
    # Python refuses to read integers that are longer.
    return int(text) if len(text) <= _MOST_DIGITS else Decimal(text)


_decoder = msgspec.json.Decoder(float_hook=_number)


def decode_json(body: bytes) -> t.Any:
    """Decode JSON; numbers with a fraction become `Decimal`.

    What a strict reader refuses but a whole document may hold is read all the same: a
    byte order mark, bytes that are not UTF-8, half of a surrogate pair, raw control
    characters, NaN and Infinity (as floats). Characters that are none become U+FFFD.
    Where values are nested so deep that no reader takes them, those on the 200th level
    become strings of their JSON text.

    Args:
        body: The answer's body.

    Returns:
        The JSON value.

    Raises:
        ValueError: The body is not JSON, or not all of it is there.
    """
    try:
        return _decode(body)
    except RecursionError:
        return _decode(_with_deep_values_as_text(body))


def _decode(body: bytes) -> t.Any:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> t.Any:
    text = body.decode("utf-8-sig", errors="replace")
    return _without_surrogates(
        json.loads(text, parse_float=_number, parse_int=_integer, strict=False)
    )


def _with_deep_values_as_text(body: bytes) -> bytes:
    parts = []
    copied = level = 0
    for match in _TOKEN.finditer(body):
        if match[0] in _BEGIN:
            level += 1
            if level == _MOST_LEVELS:
                parts.append(body[copied : match.start()])
                copied = match.start()
        elif match[0] in _END:
            if level == _MOST_LEVELS:
                parts.append(_as_text(body[copied : match.end()]))
                copied = match.end()
            level -= 1
        if level > _MOST_SENSIBLE_LEVELS:
            break
    if level:
        raise ValueError("not all of it is there")
    return b"".join([*parts, body[copied:]])


def _as_text(value: bytes) -> bytes:
    return json.dumps(value.decode(errors="replace")).encode()


def _without_surrogates(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            _without_surrogates(key): _without_surrogates(item)
            for key, item in value.items()
        }
    return value
