"""The faults in force, and how to parse those of `responses.py` and `transport.py`."""

from __future__ import annotations

import threading
from typing import Any, Final, Union

import msgspec

from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults import responses, transport
from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.jsontext import decode
from clientsuccess_sandbox.messages import Request

FAULT_KINDS: Final = tuple(
    each
    for module in (responses, transport)
    for each in vars(module).values()
    if isinstance(each, type)
    and issubclass(each, Fault)
    and each not in (Fault, responses.Answer)
)
_ANY_FAULT: Any = Union[FAULT_KINDS]  # noqa: UP007 - of a tuple
# The field that a kind's name sets in text, as in `status=503`: the first it declares.
_MAIN: Final = {
    str(kind.__struct_config__.tag): next(iter(kind.__annotations__))
    for kind in FAULT_KINDS
}


class Faults:
    """The faults in force, by number; they can change while the sandbox runs."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._active: dict[int, Fault] = {}
        self._last = 0

    def add(self, fault: Fault) -> int:
        """Add a fault; return its number, for `remove`."""
        with self._lock:
            self._last += 1
            # A copy: the same fault may be in force in another sandbox, and remember.
            active = msgspec.structs.replace(fault)
            active.random = Random(f"{self._seed}/faults/{self._last}")
            self._active[self._last] = active
            return self._last

    def remove(self, number: int) -> bool:
        """Remove a fault; return whether it existed."""
        with self._lock:
            return self._active.pop(number, None) is not None

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._active.clear()

    def hits(self, number: int) -> int:
        """Return how many requests a fault has hit."""
        return self._active[number].hits

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults and their counters as JSON values."""
        with self._lock:
            return [
                {"number": number, "seen": each.seen, "hits": each.hits}
                | msgspec.to_builtins(each)
                for number, each in self._active.items()
            ]

    def matching(self, request: Request) -> list[Fault]:
        """Return the faults that hit a request, as added."""
        with self._lock:
            return [each for each in self._active.values() if each.takes(request)]


def fault_from_json(value: Any) -> Fault:
    """Parse a fault such as `{"kind": "status", "status": 503}`.

    Raises:
        ValueError: It is not a valid fault.
    """
    value = {"path": "*", **value} if isinstance(value, dict) else value
    try:
        fault: Fault = msgspec.convert(value, _ANY_FAULT, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"Invalid fault: {error}") from None
    return fault


def fault_from_text(text: str) -> Fault:
    """Parse a fault such as `status=503,probability=0.1,path=/client/search`, or JSON.

    The kind comes first, with its main value if it has one.

    Raises:
        ValueError: It is not a valid fault.
    """
    if text.lstrip().startswith("{"):
        try:
            return fault_from_json(decode(text))
        except msgspec.DecodeError as error:
            raise ValueError(f"Invalid fault: {error}") from None
    kind, *others = text.split(",")
    tag, given, main = kind.strip().partition("=")
    pairs = [other.strip().partition("=") for other in others]
    fault = {name: value for name, _, value in pairs}
    if given:
        fault[_MAIN.get(tag, tag)] = main
    return fault_from_json({"kind": tag, **fault})
