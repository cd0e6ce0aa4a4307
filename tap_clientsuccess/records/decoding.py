"""From the bytes of a response to JSON values, without losing a digit."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal, InvalidOperation

import msgspec

from tap_clientsuccess.errors import UnexpectedBodyError

_MAX_DIGITS = 4000


def _number(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except InvalidOperation:  # No number has such an exponent.
        return float(text)


def _integer(text: str) -> int | Decimal:
    # Python refuses to read longer integers.
    return int(text) if len(text) <= _MAX_DIGITS else Decimal(text)


_decoder = msgspec.json.Decoder(float_hook=_number)


def decode_json(body: bytes | msgspec.Raw) -> t.Any:
    """Decode JSON; numbers with a fraction become `Decimal`.

    What a strict parser rejects but a complete document may contain is accepted: a byte
    order mark, bytes that are not UTF-8, half of a surrogate pair, raw control
    characters, NaN and Infinity (as floats). Invalid characters become U+FFFD.

    Args:
        body: The body of the response, or a part of it.

    Returns:
        The JSON value.

    Raises:
        UnexpectedBodyError: The body is not JSON, is incomplete, or is nested too deep.
    """
    try:
        try:
            return _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _decode_leniently(bytes(body))
    except RecursionError:
        raise UnexpectedBodyError("nested too deep") from None
    except json.JSONDecodeError:
        raise UnexpectedBodyError("not JSON") from None


def _decode_leniently(body: bytes) -> t.Any:
    text = body.decode("utf-8-sig", errors="replace")
    return _without_surrogates(
        json.loads(text, parse_float=_number, parse_int=_integer, strict=False)
    )


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
