"""The rules in force, and how they are read from text."""

from __future__ import annotations

import threading
from typing import Any, Final, Union

import msgspec

from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults import answers, transport
from clientsuccess_sandbox.faults.rule import ActiveFault, Matching, Rule
from clientsuccess_sandbox.jsontext import decode
from clientsuccess_sandbox.messages import Request

_KINDS: Final = (*answers.KINDS, *transport.KINDS)
_ANY_RULE: Any = Union[_KINDS]  # noqa: UP007 - of a tuple
_COMMON = {"path", *Matching.__struct_fields__}
# What a kind's name alone gives in text, as in `status=503`: its first own field.
_MAIN: Final = {
    str(kind.__struct_config__.tag): field
    for kind in _KINDS
    for field in [f for f in kind.__struct_fields__ if f not in _COMMON][:1]
}


class Faults:
    """Rules that can be added and removed while the sandbox runs."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._active: list[ActiveFault] = []
        self._last = 0

    def add(self, rule: Rule) -> int:
        """Put a rule in force; return the number by which `remove` removes it."""
        with self._lock:
            self._last += 1
            random = Random(f"{self._seed}/faults/{self._last}")
            self._active.append(ActiveFault(self._last, rule, random))
            return self._last

    def remove(self, number: int) -> bool:
        """Remove a rule; tell whether it was there."""
        with self._lock:
            others = [fault for fault in self._active if fault.number != number]
            there, self._active = len(others) < len(self._active), others
            return there

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._active.clear()

    def hits(self, number: int) -> int:
        """Return how many requests a rule has struck."""
        with self._lock:
            return next(fault.hits for fault in self._active if fault.number == number)

    def describe(self) -> list[dict[str, Any]]:
        """Show the rules and how often they struck."""
        with self._lock:
            return [fault.describe() for fault in self._active]

    def striking(self, request: Request) -> list[ActiveFault]:
        """Find the rules that strike a request, in the order they were added."""
        with self._lock:
            return [fault for fault in self._active if fault.strikes(request)]


def rule_from_json(value: Any) -> Rule:
    """Read a rule such as `{"kind": "status", "status": 503}`; or `ValueError`."""
    value = {"path": "*", **value} if isinstance(value, dict) else value
    try:
        rule: Rule = msgspec.convert(value, _ANY_RULE, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"Not a rule: {error}") from None
    return rule


def rule_from_text(text: str) -> Rule:
    """Read a rule such as `status=503,probability=0.1,path=/client/search`, or JSON.

    The kind comes first, with its main value if it has one. What is no rule is a
    `ValueError` that says why.
    """
    if text.lstrip().startswith("{"):
        try:
            return rule_from_json(decode(text))
        except msgspec.DecodeError as error:
            raise ValueError(f"Not a rule: {error}") from None
    kind, *others = text.split(",")
    tag, given, main = kind.strip().partition("=")
    pairs = [other.strip().partition("=") for other in others]
    rule = {name: value for name, _, value in pairs}
    if given:
        rule[_MAIN.get(tag, tag)] = main
    return rule_from_json({"kind": tag, **rule})
