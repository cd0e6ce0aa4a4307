"""The workflows: what the last job waits for, and which actions they take."""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent.parent / ".github" / "workflows"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yml"))]
JOBS: dict[str, dict[str, t.Any]] = yaml.safe_load((FOLDER / "ci.yml").read_text())[
    "jobs"
]
USES = re.compile(r"uses: ([^@\s]+)@(.*)")


def test_the_last_job_waits_for_all_that_run_each_time() -> None:
    """A job that is skipped counts as failed: it must not wait for the weekly one."""
    *others, last = JOBS
    assert last == "passed"
    needed = {name for name in others if "if" not in JOBS[name]}
    assert {*JOBS[last]["needs"], "pythons"} == needed


def test_the_weekly_job_says_which_of_its_parts_may_fail() -> None:
    job = JOBS["newest"]
    assert "schedule" in job["if"]
    for part in job["strategy"]["matrix"]["include"]:
        assert part["may_fail"] == bool(part["sdk"]) == ("may fail" in part["name"])
    assert job["continue-on-error"] == "${{ matrix.may_fail }}"
    assert "GITHUB_STEP_SUMMARY" in job["steps"][-1]["run"]
    assert job["steps"][-1]["if"] == "always()"


@pytest.mark.parametrize("text", TEXTS)
def test_actions_are_pinned(text: str) -> None:
    pins = [pin for _, pin in USES.findall(text)]
    assert pins
    assert all(re.fullmatch(r"[0-9a-f]{40} # v[\d.]+", pin) for pin in pins)


def test_an_action_has_one_version() -> None:
    pins = defaultdict(set)
    for action, pin in USES.findall("".join(TEXTS)):
        pins[action].add(pin)
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}
