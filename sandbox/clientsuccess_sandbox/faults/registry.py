"""The rules in force, and how to parse them.

The faults are the subclasses of `Rule` in `responses.py` and `transport.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Final, Union

import msgspec

from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults import responses, transport
from clientsuccess_sandbox.faults.rule import Matching, Rule
from clientsuccess_sandbox.jsontext import decode
from clientsuccess_sandbox.messages import Request

_KINDS: Final = tuple(
    each
    for module in (responses, transport)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Rule) and each is not Rule
)
_ANY_RULE: Any = Union[_KINDS]  # noqa: UP007 - of a tuple
_COMMON = {"path", *Matching.__struct_fields__}
# The field that a kind's name sets in text, as in `status=503`: its first own field.
_MAIN: Final = {
    str(kind.__struct_config__.tag): field
    for kind in _KINDS
    for field in [f for f in kind.__struct_fields__ if f not in _COMMON][:1]
}


class ActiveFault:
    """A rule in force, with its counters.

    Attributes:
        number: The number by which the rule can be removed.
        rule: The rule.
        hits: Requests that it hit so far.
    """

    def __init__(self, number: int, rule: Rule, random: Random) -> None:
        self.number = number
        self.rule = rule
        self.kind = str(rule.__struct_config__.tag)
        self.hits = 0
        self._seen = 0
        self._passed: deque[float] = deque()
        self._random = random

    def takes(self, request: Request) -> bool:
        """Tell whether the rule hits this request, counting it and drawing lots."""
        rule = self.rule
        if not rule.matches(request):
            return False
        self._seen += 1
        if self._seen <= rule.after or self.hits == rule.times:
            return False
        if rule.probability < 1 and not self._random.chance(rule.probability):
            return False
        if rule.spares(self._passed):
            return False
        self.hits += 1
        return True

    def describe(self) -> dict[str, Any]:
        """Return the rule and its counters as JSON values."""
        rule: dict[str, Any] = msgspec.to_builtins(self.rule)
        return {"number": self.number, "seen": self._seen, "hits": self.hits, **rule}


class Faults:
    """The rules in force; they can change while the sandbox runs."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._active: list[ActiveFault] = []
        self._last = 0

    def add(self, rule: Rule) -> int:
        """Add a rule; return its number, for `remove`."""
        with self._lock:
            self._last += 1
            random = Random(f"{self._seed}/faults/{self._last}")
            self._active.append(ActiveFault(self._last, rule, random))
            return self._last

    def remove(self, number: int) -> bool:
        """Remove a rule; return whether it existed."""
        with self._lock:
            count = len(self._active)
            self._active = [fault for fault in self._active if fault.number != number]
            return len(self._active) < count

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._active.clear()

    def hits(self, number: int) -> int:
        """Return how many requests a rule has hit."""
        with self._lock:
            return next(fault.hits for fault in self._active if fault.number == number)

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules and their counters."""
        with self._lock:
            return [fault.describe() for fault in self._active]

    def matching(self, request: Request) -> list[ActiveFault]:
        """Return the rules that hit a request, as added."""
        with self._lock:
            return [fault for fault in self._active if fault.takes(request)]


def rule_from_json(value: Any) -> Rule:
    """Parse a rule such as `{"kind": "status", "status": 503}`.

    Raises:
        ValueError: It is not a valid rule.
    """
    value = {"path": "*", **value} if isinstance(value, dict) else value
    try:
        rule: Rule = msgspec.convert(value, _ANY_RULE, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"Invalid rule: {error}") from None
    return rule


def rule_from_text(text: str) -> Rule:
    """Parse a rule such as `status=503,probability=0.1,path=/client/search`, or JSON.

    The kind comes first, with its main value if it has one.

    Raises:
        ValueError: It is not a valid rule.
    """
    if text.lstrip().startswith("{"):
        try:
            return rule_from_json(decode(text))
        except msgspec.DecodeError as error:
            raise ValueError(f"Invalid rule: {error}") from None
    kind, *others = text.split(",")
    tag, given, main = kind.strip().partition("=")
    pairs = [other.strip().partition("=") for other in others]
    rule = {name: value for name, _, value in pairs}
    if given:
        rule[_MAIN.get(tag, tag)] = main
    return rule_from_json({"kind": tag, **rule})
