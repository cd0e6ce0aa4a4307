"""Misbehaviour: rules that make the sandbox fail in chosen ways."""

from __future__ import annotations

from tap_clientsuccess.sandbox.faults.answers import (
    Body,
    Empty,
    Html,
    RateLimit,
    Redirect,
    Status,
)
from tap_clientsuccess.sandbox.faults.content import (
    Edits,
    Headers,
    Mutate,
    RepeatPage,
    Shape,
    WrongTotal,
)
from tap_clientsuccess.sandbox.faults.reading import rule_from_json, rule_from_text
from tap_clientsuccess.sandbox.faults.registry import Faults
from tap_clientsuccess.sandbox.faults.rule import Rule
from tap_clientsuccess.sandbox.faults.transport import (
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
