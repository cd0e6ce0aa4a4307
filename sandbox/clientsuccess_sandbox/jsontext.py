"""JSON with all digits: decimals are encoded and decoded exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

Record: TypeAlias = dict[str, Any]

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: object) -> bytes:
    """Write a value as JSON; a `Decimal` becomes a number literal."""
    return _ENCODER.encode(value)


def decode(text: bytes | str | msgspec.Raw) -> Any:
    """Read JSON; numbers with a fraction become `Decimal`."""
    return _DECODER.decode(text)
