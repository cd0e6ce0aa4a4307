"""Rules read from JSON and from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from clientsuccess_sandbox.faults.answers import (
    Body,
    Empty,
    Html,
    RateLimit,
    Redirect,
    Status,
)
from clientsuccess_sandbox.faults.content import (
    Edits,
    Headers,
    Mutate,
    RepeatPage,
    Shape,
    WrongTotal,
)
from clientsuccess_sandbox.faults.transport import (
    CutOff,
    Drip,
    Huge,
    Latency,
    Reset,
    Stall,
)
from clientsuccess_sandbox.jsontext import decode

if TYPE_CHECKING:
    from clientsuccess_sandbox.faults.rule import Rule

AnyRule: TypeAlias = (
    Body
    | CutOff
    | Drip
    | Edits
    | Empty
    | Headers
    | Html
    | Huge
    | Latency
    | Mutate
    | RateLimit
    | Redirect
    | RepeatPage
    | Reset
    | Shape
    | Stall
    | Status
    | WrongTotal
)

# The value that `--fault "status=503"` gives, for rules that have a main one.
_MAIN: Final = {
    "body": "body",
    "cut_off": "part",
    "drip": "delay",
    "edits": "count",
    "huge": "size",
    "latency": "seconds",
    "rate_limit": "per_second",
    "redirect": "location",
    "repeat_page": "number",
    "shape": "shape",
    "stall": "seconds",
    "status": "status",
    "wrong_total": "elements",
}
_EVERYWHERE = "*"


def rule_from_json(value: Any) -> Rule:
    """Read a rule such as `{"kind": "status", "status": 503, "times": 2}`.

    Raises:
        ValueError: It is no rule; the message says why.
    """
    if isinstance(value, dict):
        value = {"path": _EVERYWHERE, **value}
    try:
        rule: Rule = msgspec.convert(value, AnyRule, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"Not a rule: {error}") from None
    return rule


def rule_from_text(text: str) -> Rule:
    """Read a rule such as `status=503,probability=0.1,path=/client/search`.

    The kind comes first, with its main value if it has one. What needs lists or
    objects is written as JSON instead.

    Raises:
        ValueError: It is no rule; the message says why.
    """
    if text.lstrip().startswith("{"):
        return rule_from_json(_object(text))
    first, *others = text.split(",")
    kind, given, value = first.partition("=")
    rule = {"kind": kind.strip()}
    if given:
        rule[_MAIN.get(kind.strip(), kind.strip())] = value
    for part in others:
        name, _, value = part.partition("=")
        rule[name.strip()] = value
    return rule_from_json(rule)


def _object(text: str) -> Any:
    try:
        return decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"Not a rule: {error}") from None
