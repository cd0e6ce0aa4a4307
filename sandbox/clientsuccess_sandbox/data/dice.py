"""Seeded draws, shaped for records."""

from __future__ import annotations

import random
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

from clientsuccess_sandbox.data import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clientsuccess_sandbox.jsontext import Record

T = TypeVar("T")

_NULL_BELOW = 0.08
_ABSENT_BELOW = 0.12
_LONG_TEXT_CHANCE = 0.004
_LONG_TEXT_SENTENCES = (300, 900)
# Amounts on which binary floats and careless rounding show.
_AWKWARD_AMOUNTS = tuple(
    Decimal(text)
    for text in ("0.1", "0.30", "12345678901.12", "1234.56", "0.000001", "99999.999")
)


def digest(*parts: object) -> int:
    """Turn parts into 64 bits that look random and are always the same."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest())


class Dice(random.Random):
    """A random generator with a few more kinds of throw."""

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

    def between(self, low: int, high: int) -> int:
        """Choose a whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def amount(self, most: int = 250_000) -> Decimal:
        """Choose an amount of money below `most` units, mostly with cents."""
        if self.random() < 0.03:  # noqa: PLR2004 - rare, but met on most pages
            return self.pick(_AWKWARD_AMOUNTS)
        return Decimal(int(self.random() * most * 100)).scaleb(-2)

    def text(self, sentences: int) -> str:
        """Write up to that many sentences; rarely tens of kilobytes."""
        count = 1 + self.below(sentences)
        if self.random() < _LONG_TEXT_CHANCE:
            count = self.between(*_LONG_TEXT_SENTENCES)
        return " ".join([self.pick(words.SENTENCES) for _ in range(count)])

    def systems(self) -> dict[str, str | None]:
        """Choose ids in other systems, a few of them unknown."""
        return {
            name: f"{self.below(10**9):09}" if self.chance(0.9) else None
            for name in self.some(words.EXTERNAL_SYSTEMS, 4)
        }

    def thin(self, record: Record, optional: Iterable[str]) -> Record:
        """Make some of the optional keys null and drop some altogether."""
        draw = self.random
        for key in optional:
            throw = draw()
            if throw < _NULL_BELOW:
                record[key] = None
            elif throw < _ABSENT_BELOW:
                del record[key]
        return record
