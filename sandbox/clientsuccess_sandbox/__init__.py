"""A ClientSuccess that runs on this machine, to try and to test the tap."""

from __future__ import annotations

from clientsuccess_sandbox.faults import (
    Body,
    CutOff,
    Drip,
    Edits,
    Empty,
    Headers,
    Html,
    Huge,
    Latency,
    Mutate,
    RateLimit,
    Redirect,
    RepeatPage,
    Reset,
    Rule,
    Shape,
    Stall,
    Status,
    WrongTotal,
)
from clientsuccess_sandbox.sandbox import Sandbox

__all__ = [
    "Body",
    "CutOff",
    "Drip",
    "Edits",
    "Empty",
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
    "Sandbox",
    "Shape",
    "Stall",
    "Status",
    "WrongTotal",
]
