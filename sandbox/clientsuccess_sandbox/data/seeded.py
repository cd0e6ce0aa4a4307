"""Seeded random choices."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final, TypeVar

from clientsuccess_sandbox.jsontext import decode

T = TypeVar("T")

# Amounts on which binary floats and careless rounding show.
_AWKWARD = ("0.1", "0.30", "12345678901.12", "1234.56", "0.000001", "99999.999")


def load(name: str) -> Any:
    """Read one of the JSON files beside this one."""
    return decode((files(__package__) / f"{name}.json").read_bytes())


WORDS: Final[dict[str, list[Any]]] = load("words")


class Random(random.Random):
    """A random generator with a few more kinds of choice.

    They call each other little: a large company takes millions of them.
    """

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
        return Decimal(int(self.random() * (end * 10**places))).scaleb(-places)

    def amount(self, end: int = 250_000) -> Decimal:
        """Choose an amount of money."""
        awkward = self.chance(0.05)
        return Decimal(self.pick(_AWKWARD)) if awkward else self.decimal(end, 2)

    def count(self, most: int) -> int:
        """Choose a whole number from 1 to `most`."""
        return 1 + int(self.random() * most)

    def word(self, kind: str) -> Any:
        """Choose one of the words of a kind."""
        words = WORDS[kind]
        return words[int(self.random() * len(words))]

    def chances(self, **probabilities: float) -> dict[str, bool]:
        """Say yes or no to each."""
        return {name: self.random() < each for name, each in probabilities.items()}

    def numbers(self, **ends: int) -> dict[str, int]:
        """Choose a whole number below each end."""
        return {name: int(self.random() * end) for name, end in ends.items()}

    def digits(self, count: int) -> str:
        """Write so many digits."""
        return str(int(self.random() * 10**count)).zfill(count)

    def text(self, most: int) -> str:
        """Write up to so many sentences."""
        return " ".join([self.word("sentences") for _ in range(self.count(most))])
