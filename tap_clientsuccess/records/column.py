"""One field of all the records of a page: validated in one call, or coerced."""

from __future__ import annotations

import typing as t
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_clientsuccess.records.decoding import decode_json

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.records.coerce import Coercer
    from tap_clientsuccess.records.validate import Field

_NULL = Raw(b"null")
# With an offset, these are times in UTC that no `datetime` can hold.
_FIRST_DAY, _LAST_DAY = b'"0001-01-01', b'"9999-12-31'
# What tells apart what the server sent from what was decoded.
_REST = bytes({*range(256)} - {*b",:TZ"})

_encoder = msgspec.json.Encoder()


class Column:
    """One field of all records.

    Attributes:
        field: What the schema says of it.
        attribute: The name of the struct's attribute that has its value.
        get: Gets that value.
        is_direct: Whether the struct holds the decoded value; else it is raw JSON.
    """

    def __init__(self, number: int, field: Field, *, is_declared: bool) -> None:
        self.field = field
        self.attribute = f"field_{number}"
        self.get: Callable[[t.Any], t.Any] = attrgetter(self.attribute)
        self.is_direct = field.is_exact
        # Whether it is null where a record lacks it.
        self.is_filled = is_declared and field.is_nullable
        self._has_members = bool({"object", "array"} & {*field.types})
        self._is_map = not field.properties
        self._is_time = field.format == "date-time" and not self._has_members
        self._type: t.Any = None
        self._decoder: msgspec.json.Decoder[list[t.Any]] | None = None

    def definition(self) -> tuple[str, t.Any, t.Any]:
        """Return the field of the struct, for `msgspec.defstruct`."""
        kind = self.field.type if self.is_direct else Raw
        if self.is_filled:
            return self.attribute, kind, None if self.is_direct else _NULL
        return self.attribute, t.Union[kind, UnsetType], UNSET  # noqa: UP007

    def validated(self, structs: list[t.Any], coercer: Coercer) -> list[t.Any]:
        """Validate the values, coerce them if there is need, and return them."""
        having = structs
        if not self.is_filled:
            having = [struct for struct in structs if self.get(struct) is not UNSET]
        raw = b"[" + b",".join(map(self.get, having)) + b"]"
        try:
            values = self._decoded(raw)
        except (ValueError, TypeError, RecursionError):
            values = decode_json(raw)
            for index, (struct, value) in enumerate(zip(having, values, strict=True)):
                if type(value) not in self.field.as_is:
                    values[index] = coercer.value(self.field, value)
                setattr(struct, self.attribute, values[index])
        if len(having) == len(structs):
            return values
        rest = iter(values)
        return [
            UNSET if self.get(struct) is UNSET else next(rest) for struct in structs
        ]

    def _decoded(self, raw: bytes) -> list[t.Any]:
        """Return the decoded values.

        Raises:
            ValueError: One of them is not as declared, or there is no type to check.
        """
        if _FIRST_DAY in raw or _LAST_DAY in raw:
            raise ValueError("a time that may have no equivalent in UTC")
        kind = self.field.type
        if self._decoder is None or kind is not self._type:
            self._type = kind
            self._decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        values = self._decoder.decode(raw)
        if self._has_members:
            if b":" in raw and not self._is_alike(raw, values):
                raise ValueError("a key that stands twice, or a time in another form")
        elif self._is_time and not _are_rfc_3339(raw, len(values)):
            raise ValueError("a time in another form")
        return values

    def _is_alike(self, raw: bytes, values: list[t.Any]) -> bool:
        """Tell whether no key stands twice, and each time is as RFC 3339 has it.

        A key that stands twice is decoded once: encoded, there are fewer commas. And
        `msgspec` also reads a time with a space, ``t``, ``z`` or ``+0100``: encoded,
        there are more of T, Z and colons.
        """
        if self._is_map and raw.count(b":") <= _keys(values):
            return True
        encoded = _encoder.encode(values)
        found, made = raw.translate(None, _REST), encoded.translate(None, _REST)
        if len(found) != len(made):
            return False
        # Faster than to count the commas.
        return len(found.translate(None, b",")) == len(made.translate(None, b","))


def _are_rfc_3339(raw: bytes, length: int) -> bool:
    """Tell whether these decoded times are as RFC 3339 has them.

    Nothing else is in there but null: counting a few bytes is enough, and fast.
    """
    if b" " in raw or b"t" in raw or b"z" in raw or b"\\" in raw:
        return False
    times, zulu = length - raw.count(b"n"), raw.count(b"Z")
    return times == zulu or raw.count(b":") == 3 * times - zulu


def _keys(values: list[t.Any]) -> int:
    """Count the keys of objects, but not those of objects within them."""
    return sum(len(value) for value in values if isinstance(value, dict))
