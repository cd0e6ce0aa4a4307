"""A set of primary keys that stays small for millions of them."""

from __future__ import annotations

import typing as t

from pyroaring import BitMap64

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

_LIMIT = 2**64


class KeySet:
    """Primary keys: integers in a compressed bitmap, all others in a set.

    ClientSuccess counts its ids up, so they are dense: a million take a fraction of a
    megabyte here, and about a hundred in a set.
    """

    def __init__(self) -> None:
        self._integers = BitMap64()
        self._others: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._integers) + len(self._others)

    def add(self, keys: Iterable[Hashable]) -> int:
        """Add keys.

        Returns:
            How many of them were not there before.
        """
        before = len(self)
        integers, others = _sorted_out(keys)
        self._integers.update(integers)
        self._others.update(others)
        return len(self) - before

    def update(self, other: KeySet) -> None:
        """Add the keys of another set."""
        self._integers |= other._integers
        self._others |= other._others

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether a key is in the set."""
        if type(key) is int and 0 <= key < _LIMIT:
            return key in self._integers
        return key in self._others


def _sorted_out(keys: Iterable[Hashable]) -> tuple[list[int], list[Hashable]]:
    integers: list[int] = []
    others: list[Hashable] = []
    for key in keys:
        if type(key) is int and 0 <= key < _LIMIT:
            integers.append(key)
        else:
            others.append(key)
    return integers, others
