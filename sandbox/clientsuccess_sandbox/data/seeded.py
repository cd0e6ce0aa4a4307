"""Seeded random choices, shaped for records."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from clientsuccess_sandbox.data import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clientsuccess_sandbox.jsontext import Record

T = TypeVar("T")

# Amounts on which binary floats and careless rounding show.
_AWKWARD = ("0.1", "0.30", "12345678901.12", "1234.56", "0.000001", "99999.999")
_SENTENCES_OF_LONG_TEXT = 600
_NULL_BELOW = 0.08
_ABSENT_BELOW = 0.12
_ALWAYS = {
    *("id", "uuid", "tenantId", "tenantClientId", "clientId", "name", "status"),
    *("createdTime", "createdTimestamp", "modifiedTime", "firstName", "lastName"),
}


class Random(random.Random):
    """A random generator with a few more kinds of choice."""

    def chance(self, probability: float) -> bool:
        """Say yes with a probability between 0 and 1."""
        return self.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Choose one of the options."""
        return options[int(self.random() * len(options))]

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """Choose up to `most` different options, perhaps none."""
        return self.sample(options, min(self.below(most + 1), len(options)))

    def below(self, end: int) -> int:
        """Choose a whole number from 0 to below `end`."""
        return int(self.random() * end)

    def decimal(self, end: int, places: int) -> Decimal:
        """Choose a number from 0 to below `end`, with so many decimal places."""
        return Decimal(self.below(end * 10**places)).scaleb(-places)

    def amount(self, end: int = 250_000) -> Decimal:
        """Choose an amount of money."""
        awkward = self.chance(0.05)
        return Decimal(self.pick(_AWKWARD)) if awkward else self.decimal(end, 2)

    def text(self, most: int, *, long: bool = False) -> str:
        """Write up to so many sentences, or tens of kilobytes."""
        count = _SENTENCES_OF_LONG_TEXT if long else 1 + self.below(most)
        return " ".join([self.pick(words.SENTENCES) for _ in range(count)])

    def systems(self) -> dict[str, str | None]:
        """Choose ids in other systems, a few of them unknown."""
        return {
            name: f"{self.below(10**9):09}" if self.chance(0.9) else None
            for name in self.some(words.EXTERNAL_SYSTEMS, 4)
        }

    def thin(self, record: Record, *always: str) -> Record:
        """Make some values null and drop some keys, but never those named."""
        for key in [key for key in record if key not in _ALWAYS and key not in always]:
            throw = self.random()
            if throw < _NULL_BELOW:
                record[key] = None
            elif throw < _ABSENT_BELOW:
                del record[key]
        return record
