"""A sandbox that is like a report gives that report again."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict
from pathlib import Path

import pytest
from conftest import select

from clientsuccess_sandbox import Sandbox, settings_like
from tap_clientsuccess.account_check.check import AccountCheck
from tap_clientsuccess.tap import TapClientSuccess

REPORTS = sorted((Path(__file__).parent.parent / "reports").glob("*.json"))
MEASURED = {
    "seconds",
    "records_per_second",
    "newest_seconds",
    "clock_seconds",
    "minutes",
    "first_minutes",
    "night_minutes",
}
"""What each check of the same account measures anew."""
OBJECTS = ("clients", "contacts", "contracts", "client_notes", "pulses")


def without_measured(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [without_measured(item) for item in value]
    if not isinstance(value, dict):
        return value
    # How many requests it takes depends on the times that records have.
    left = value.keys() - MEASURED - {"requests", "version"}
    return {name: without_measured(value[name]) for name in sorted(left)}


def config_for(report: dict[str, t.Any], sandbox: Sandbox) -> dict[str, t.Any]:
    """Return settings that suit a report, and a sandbox that is like it."""
    custom = [each for each in report["streams"] if each["name"].startswith("custom ")]
    header, *_ = report["key"]
    return {
        "api_key": sandbox.api_key,
        "base_url": sandbox.base_url,
        "api_key_header": header,
        "custom_streams": [
            {
                "name": f"c{number}",
                "path": f"/custom{number}/search",
                "primary_keys": ["id"],
                "replication_key": "modifiedTime" if facts["filters"] else None,
                "schema": {"properties": {"id": {}, "modifiedTime": {}}},
            }
            for number, facts in enumerate(custom, 1)
        ],
    }


@pytest.fixture(params=REPORTS, ids=lambda path: path.stem)
def report(request: pytest.FixtureRequest) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(request.param.read_text())
    return found


@pytest.fixture
def like(report: dict[str, t.Any]) -> t.Iterator[Sandbox]:
    # Of other data than the account that the report is about.
    with Sandbox(seed=11, **settings_like(report) | {"latency": 0.0}) as running:
        yield running


def test_the_check_gives_the_same_report_again(
    report: dict[str, t.Any], like: Sandbox
) -> None:
    config = config_for(report, like)
    tap = TapClientSuccess(config=config, setup_mapper=False)
    again = asdict(AccountCheck(tap).run())
    assert without_measured(again) == without_measured(report)
    assert abs(again["clock_seconds"] - report["clock_seconds"]) <= 1


def test_the_tap_reads_it_completely(
    report: dict[str, t.Any], like: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {**config_for(report, like), **report["settings"]}
    catalog = select(TapClientSuccess(config=config).catalog_dict, list(OBJECTS))
    TapClientSuccess(config=config, catalog=catalog).run()
    messages = map(json.loads, capsys.readouterr().out.splitlines())
    read: dict[str, set[int]] = {name: set() for name in OBJECTS}
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] in read:
            read[message["stream"]].add(message["record"]["id"])
    for name in OBJECTS:
        assert read[name] == set(like.store.ids(name))


def test_there_are_reports() -> None:
    assert len(REPORTS) > 3
