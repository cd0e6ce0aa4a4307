"""A simulated ClientSuccess on localhost, to try and test API clients against."""

from __future__ import annotations

from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.faults.responses import (
    Body,
    Edits,
    Empty,
    Headers,
    Html,
    Mutate,
    Parameters,
    RateLimit,
    Redirect,
    RepeatPage,
    Shape,
    Status,
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
from clientsuccess_sandbox.like import settings_like
from clientsuccess_sandbox.sandbox import Sandbox

__all__ = [
    "Body",
    "CutOff",
    "Drip",
    "Edits",
    "Empty",
    "Fault",
    "Headers",
    "Html",
    "Huge",
    "Latency",
    "Mutate",
    "Parameters",
    "RateLimit",
    "Redirect",
    "RepeatPage",
    "Reset",
    "Sandbox",
    "Shape",
    "Stall",
    "Status",
    "WrongTotal",
    "settings_like",
]
