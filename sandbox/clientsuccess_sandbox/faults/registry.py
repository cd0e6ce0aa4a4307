"""The rules in force."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from clientsuccess_sandbox.data.dice import Dice, digest
from clientsuccess_sandbox.faults.rule import Armed, Rule

if TYPE_CHECKING:
    from clientsuccess_sandbox.answer import Visit


class Faults:
    """Rules that can be added and taken away while the sandbox runs."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self._last = 0

    def add(self, rule: Rule) -> int:
        """Put a rule in force; give the number by which `remove` takes it away."""
        with self._lock:
            self._last += 1
            dice = Dice(digest(self._seed, "faults", self._last))
            armed = Armed(self._last, rule, dice, time.monotonic)
            self._armed.append(armed)
            return armed.number

    def remove(self, number: int) -> bool:
        """Take a rule away; tell whether it was there."""
        with self._lock:
            before = len(self._armed)
            self._armed = [armed for armed in self._armed if armed.number != number]
            return len(self._armed) < before

    def clear(self) -> None:
        """Take all rules away."""
        with self._lock:
            self._armed.clear()

    def hits(self, number: int) -> int:
        """Tell how many requests a rule has struck."""
        with self._lock:
            return next(a.hits for a in self._armed if a.number == number)

    def describe(self) -> list[dict[str, Any]]:
        """Show the rules and how often they struck."""
        with self._lock:
            return [armed.describe() for armed in self._armed]

    def striking(self, visit: Visit) -> list[Armed]:
        """Find the rules that strike a request, in the order they were added."""
        with self._lock:
            return [armed for armed in self._armed if armed.strikes(visit)]
