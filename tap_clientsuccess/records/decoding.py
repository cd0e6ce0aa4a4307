"""Decoding: from the bytes of a response to JSON values, without losing a digit.

A response is decoded strictly where that goes, and else leniently: what a strict parser
rejects but a complete document may contain is no reason to stop a sync. What is not
complete is refused.
"""

from __future__ import annotations

import json
import re
import typing as t
from contextlib import suppress
from decimal import Decimal, InvalidOperation

import msgspec

from tap_clientsuccess.errors import UnexpectedBodyError

_MAX_DIGITS = 4000
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)(?:\\u0000|\0)")


def in_one_line(body: bytes) -> tuple[bytes, int]:
    """Return a body without line breaks, and without NUL in its text.

    Args:
        body: The body of the response.

    Returns:
        The same JSON, and how many NUL characters were replaced by U+FFFD.
    """
    body, replaced = body.strip(), 0
    # `rfind` looks for the backslash, which is rare; `in` is three times as slow.
    if body.rfind(b"\\u0000") >= 0 or b"\0" in body:
        body, replaced = _NUL.subn(rb"\1\\ufffd", body)
    if b"\n" in body or b"\r" in body:
        # Else the lenient decoder may read it; it has the last word.
        with suppress(ValueError, RecursionError):
            body = msgspec.json.format(body, indent=-1)
    return body, replaced


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
