"""When the records of a kind were created and modified."""

from __future__ import annotations

from array import array
from functools import cached_property

from clientsuccess_sandbox.data.dice import Dice

_YEAR = 365 * 24 * 3600 * 1000
HISTORY = 5 * _YEAR
_NEVER_MODIFIED = 0.2
_GROUP = 40
_SCATTER = 2_654_435_761  # odd and large: neighbours land far apart


class Schedule:
    """Creation and modification times of the records 1 to `count`, in milliseconds.

    Ids rise with the creation times, as they do in a database.
    """

    def __init__(self, count: int, end: int, ties: float, seed: int) -> None:
        self._count = count
        self._end = end
        self._begin = end - HISTORY
        self._step = max(1, HISTORY // max(1, count))
        self._ties = ties
        self._seed = seed

    def created(self, number: int) -> int:
        """Tell when a record was created."""
        jitter = number * _SCATTER % self._step
        return min(self._end, self._begin + (number - 1) * self._step + jitter)

    def modified(self, number: int) -> int:
        """Tell when a record was modified, never before it was created."""
        return self._modified[number - 1]

    @cached_property
    def _modified(self) -> array[int]:
        dice = Dice(self._seed)
        return array("q", [self._draw(dice, n) for n in range(1, self._count + 1)])

    def _draw(self, dice: Dice, number: int) -> int:
        created = self.created(number)
        throw = dice.random()
        if throw < self._ties:
            return self._bulk_update(created, dice)
        if throw < self._ties + (1 - self._ties) * _NEVER_MODIFIED:
            return created
        return created + int((self._end - created) * dice.random())

    def _bulk_update(self, created: int, dice: Dice) -> int:
        """Choose the moment of one of the updates that touched many at once."""
        possible = [moment for moment in self._updates if moment >= created]
        return dice.choice(possible) if possible else created

    @cached_property
    def _updates(self) -> list[int]:
        groups = max(2, min(12, int(self._count * self._ties) // _GROUP))
        return [self._begin + HISTORY * k // (groups + 1) for k in range(1, groups + 1)]
