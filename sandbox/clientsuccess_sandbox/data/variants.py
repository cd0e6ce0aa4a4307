"""The variants of a kind, and its records made of them.

A kind has a few hundred variants at most. Its function makes one: a
record in which what differs from record to record is a function of `Own`. So even a
large record takes a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from clientsuccess_sandbox.data import Kind
from clientsuccess_sandbox.data.choices import Choices, Own
from clientsuccess_sandbox.data.company import Company, Times
from clientsuccess_sandbox.jsontext import Record

Fill: TypeAlias = Callable[[Own], Any]

_MOST: Final = 250
_LONG: Final = 7
_NULL_BELOW, _ABSENT_BELOW = 0.08, 0.12


class Variants:
    """The variants of a kind; of each, some values are null and some keys missing."""

    def __init__(self, kind: Kind, company: Company, *, hides_modified: bool) -> None:
        self._kind = kind
        self._company = company
        self._hides_modified = hides_modified
        choices = Choices(company, kind.name, "variants")
        count = max(1, min(_MOST, company.sizes[kind.name]))
        self._fills = [self._variant(choices, place) for place in range(count)]

    def record(self, number: int, times: Times) -> Record:
        """Make a record."""
        own = Own(self._company, self._kind.name, number, times)
        record: Record = self._fills[number % len(self._fills)](own)
        return record

    def _variant(self, choices: Choices, place: int) -> Fill:
        kind = self._kind
        always = {"id", "uuid", kind.owner, kind.created, kind.modified, *kind.always}
        choices.is_long = place == _LONG
        variant = kind.make(choices)
        for key in [key for key in variant if kind.gaps and key not in always]:
            throw = choices.random()
            if throw < _NULL_BELOW:
                variant[key] = None
            elif throw < _ABSENT_BELOW:
                del variant[key]
        if self._hides_modified:
            variant.pop(kind.modified, None)
        return _fill(variant) or (lambda _: variant)


def _fill(value: Any) -> Fill | None:
    """Return what makes a value for a record; None if all records have the same."""
    if callable(value):
        own: Fill = value
        return own
    if isinstance(value, dict):
        fills = {key: fill for key, item in value.items() if (fill := _fill(item))}

        def fill_object(own: Own) -> Record:
            made = value.copy()
            for key, fill in fills.items():
                made[key] = fill(own)
            return made

        return fill_object if fills else None
    if isinstance(value, list):
        items = [(item, _fill(item)) for item in value]

        def fill_list(own: Own) -> list[Any]:
            return [fill(own) if fill else item for item, fill in items]

        return fill_list if any(fill for _, fill in items) else None
    return None
