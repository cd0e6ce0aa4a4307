"""From the bytes of an answer to JSON values: no digit lost, one bad byte no stop."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def decode_json(body: bytes) -> t.Any:
    """Decode JSON; numbers with a fraction become `Decimal`.

    What a strict reader refuses but a whole document may hold is read all the same: a
    byte order mark, bytes that are not UTF-8, half of a surrogate pair, raw control
    characters, NaN and Infinity. Characters that are none become U+FFFD.

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


def _decode_leniently(body: bytes) -> t.Any:
    text = body.decode("utf-8-sig", errors="replace")
    try:
        return _without_surrogates(
            json.loads(text, parse_float=Decimal, parse_constant=_null, strict=False)
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def _null(_constant: str) -> None:
    """NaN and Infinity are no JSON, and no target can store them."""


def _without_surrogates(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value.encode("utf-8", errors="replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            _without_surrogates(key): _without_surrogates(item)
            for key, item in value.items()
        }
    return value
