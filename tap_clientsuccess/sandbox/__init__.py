"""A ClientSuccess that runs on this machine, to try and to test the tap."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tap_clientsuccess.sandbox.faults import (
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

if TYPE_CHECKING:
    from tap_clientsuccess.sandbox.sandbox import Sandbox

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


def __getattr__(name: str) -> Any:
    # The server's packages are optional: they are imported only when it is wanted,
    # so that the command can say what is missing.
    if name == "Sandbox":
        return import_module(f"{__name__}.sandbox").Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
