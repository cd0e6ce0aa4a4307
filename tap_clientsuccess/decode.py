"""From the bytes of an answer to JSON values: no digit lost, one bad byte no stop."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal, InvalidOperation

import msgspec

_MOST_DIGITS = 4000


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

    Args:
        body: The answer's body.

    Returns:
        The JSON value.

    Raises:
        ValueError: The body is not JSON, or not all of it is there.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_leniently(body)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _decode_leniently(body: bytes) -> t.Any:
    text = body.decode("utf-8-sig", errors="replace")
    try:
        return _without_surrogates(
            json.loads(text, parse_float=_number, parse_int=_integer, strict=False)
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


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
