"""Misbehaviour: rules that make the sandbox fail in chosen ways."""

from __future__ import annotations

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
from clientsuccess_sandbox.faults.reading import rule_from_json, rule_from_text
from clientsuccess_sandbox.faults.registry import Faults
from clientsuccess_sandbox.faults.rule import Rule
from clientsuccess_sandbox.faults.transport import (
    CutOff,
    Drip,
    Huge,
    Latency,
    Reset,
    Stall,
)

__all__ = [
    "Body",
    "CutOff",
    "Drip",
    "Edits",
    "Empty",
    "Faults",
    "Headers",
    "Html",
    "Huge",
    "Latency",
    "Mutate",
    "RateLimit",
    "Redirect",
    "RepeatPage",
    "Reset",
    "Rule",
    "Shape",
    "Stall",
    "Status",
    "WrongTotal",
    "rule_from_json",
    "rule_from_text",
]
