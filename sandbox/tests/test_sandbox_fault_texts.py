"""Faults, written as text or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clientsuccess_sandbox import CutOff, Html, Latency, Mutate, Shape, Stall, Status
from clientsuccess_sandbox.faults.registry import fault_from_json, fault_from_text

if TYPE_CHECKING:
    from clientsuccess_sandbox import Fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("status=503", Status("*", 503)),
        (
            "status=429,retry_after=2,path=/client/search,probability=0.1,times=3",
            Status("/client/search", 429, retry_after="2", probability=0.1, times=3),
        ),
        ("latency=0.5", Latency("*", 0.5)),
        ("html", Html("*")),
        ("cut_off,path=/pulse,page=2", CutOff("/pulse", page=2)),
        ("shape=null", Shape("*", "null")),
        ("stall=3,headers_first=true", Stall("*", 3.0, headers_first=True)),
        (
            '{"kind": "mutate", "record": 3, "values": {"name": null}}',
            Mutate("*", 3, values={"name": None}),
        ),
    ],
)
def test_faults_from_text(text: str, fault: Fault) -> None:
    assert fault_from_text(text) == fault


@pytest.mark.parametrize(
    "text", ["", "nonsense", "status=abc", "status", "html,times=x", "{", "{}"]
)
def test_texts_that_are_no_faults(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid fault"):
        fault_from_text(text)


def test_values_that_are_no_faults() -> None:
    with pytest.raises(ValueError, match="Invalid fault"):
        fault_from_json([1])
