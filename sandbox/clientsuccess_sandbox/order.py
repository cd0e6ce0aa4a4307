"""Record ids in order of a value, kept in order while records change."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Order:
    """Ids sorted by a value, equal values by id.

    Attributes:
        ids: The ids, smallest value first.
    """

    def __init__(self, ids: Iterable[int], value: Callable[[int], Any]) -> None:
        """Sort ids by a value.

        Args:
            ids: The ids, rising.
            value: Tells an id's value. When a value is about to change, `remove`
                the id first and `add` it afterwards.
        """
        self.value = value
        self.ids = sorted(ids, key=value)

    def add(self, number: int) -> None:
        """Put an id in its place."""
        insort(self.ids, number, key=self._place)

    def remove(self, number: int) -> None:
        """Take an id out."""
        place = bisect_left(self.ids, self._place(number), key=self._place)
        del self.ids[place]

    def since(self, value: Any) -> list[int]:
        """List the ids from a value on."""
        return self.ids[bisect_left(self.ids, value, key=self.value) :]

    def _place(self, number: int) -> tuple[Any, int]:
        return self.value(number), number
