"""Rules of misbehaviour, written as text or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clientsuccess_sandbox import CutOff, Html, Latency, Mutate, Shape, Stall, Status
from clientsuccess_sandbox.faults.registry import rule_from_json, rule_from_text

if TYPE_CHECKING:
    from clientsuccess_sandbox import Rule


@pytest.mark.parametrize(
    ("text", "rule"),
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
def test_rules_from_text(text: str, rule: Rule) -> None:
    assert rule_from_text(text) == rule


@pytest.mark.parametrize(
    "text", ["", "nonsense", "status=abc", "status", "html,times=x", "{", "{}"]
)
def test_texts_that_are_no_rules(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid rule"):
        rule_from_text(text)


def test_values_that_are_no_rules() -> None:
    with pytest.raises(ValueError, match="Invalid rule"):
        rule_from_json([1])
