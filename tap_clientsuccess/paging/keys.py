"""A set of primary keys that stays small with millions of them."""

from __future__ import annotations

import typing as t

from pyroaring import BitMap64

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

_LIMIT = 2**64


class KeySet:
    """Primary keys: integers in a compressed bitmap, all others in a set.

    ClientSuccess ids are sequential: a million take a fraction of a megabyte in the
    bitmap, and about 100 MB in a set.
    """

    def __init__(self) -> None:
        self._integers = BitMap64()
        self._others: set[Hashable] = set()
        # Counting a large bitmap takes milliseconds.
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, keys: Iterable[Hashable]) -> None:
        """Add keys."""
        new = {key for key in keys if key not in self}
        self._integers.update(key for key in new if _is_small(key))
        self._others.update(key for key in new if not _is_small(key))
        self._count += len(new)

    def update(self, other: KeySet) -> None:
        """Add the keys of another set."""
        self._integers |= other._integers
        self._others |= other._others
        self._count = len(self._integers) + len(self._others)

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether a key is in the set."""
        return key in (self._integers if _is_small(key) else self._others)


def _is_small(key: Hashable) -> t.TypeGuard[int]:
    return type(key) is int and 0 <= key < _LIMIT
