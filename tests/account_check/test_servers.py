"""The account check, and the tap, against servers that are no sandbox."""

from __future__ import annotations

import datetime as dt
import logging
import typing as t
from dataclasses import asdict

import pytest
from conftest import select
from little_server import HTML, KEY, Account, passes_from, serve

from tap_clientsuccess.account_check.check import AccountCheck
from tap_clientsuccess.account_check.report import as_markdown
from tap_clientsuccess.tap import TapClientSuccess

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
USUAL: dict[str, t.Any] = {
    "reachable": True,
    "records": 260,
    "page_sizes": {"1000": 200, "500": 200, "200": 200},
    "first_page": 0,
    "total": "exact",
    "reads_to": None,
    "sorts_ascending": True,
    "sorts_descending": True,
    "filters": True,
    "inclusive": True,
    "precision": "millisecond",
    "zone": 0.0,
    "future_is_empty": True,
    "filters_total": True,
    "one_time": False,
    "without_time": 0,
    "read": "by time",
}
"""What is found of contacts, where nothing else is said."""
UNKNOWN_WAY = dict.fromkeys(("inclusive", "precision", "zone"))
NO_FILTER = {
    **UNKNOWN_WAY,
    "filters": False,
    "future_is_empty": False,
    "filters_total": None,
    "without_time": None,
    "read": "by page number",
}
NUMBER = {"read": "by page number"}


class Case(t.NamedTuple):
    """What a server does, and what is found of contacts that differs from the usual."""

    account: dict[str, t.Any]
    found: dict[str, t.Any] = {}  # noqa: RUF012 - never changed


CASES = {
    "as documented": Case({}),
    "caps that differ": Case(
        {"size": lambda asked: {1000: 20, 500: 400}.get(asked, min(asked, 200))},
        {"page_sizes": {"1000": 20, "500": 0, "200": 200}},
    ),
    "no totals, no hints": Case(
        {"total": lambda _: None, "says_last": False},
        {"records": None, "total": "absent", "without_time": None}
        | {"filters_total": None},
    ),
    "totals that end at 1000": Case(
        {"counts": {"contacts": 1200}, "total": lambda count: min(count, 1000)},
        {"records": 1000, "total": "capped"},
    ),
    "totals that count too little": Case(
        {"total": lambda count: max(0, count - 3)}, {"records": 257, "total": "inexact"}
    ),
    "totals that count too much": Case(
        {"total": lambda count: count + 3}, {"total": "inexact", **NUMBER}
    ),
    "no filter": Case({"passes": lambda *_: True}, NO_FILTER),
    "an exclusive filter": Case(
        {"passes": passes_from(dt.timedelta(milliseconds=1), inclusive=False)},
        {"inclusive": False},
    ),
    "a filter by the day": Case({"passes": passes_from(DAY)}, {"precision": "day"}),
    "an exclusive filter by the minute": Case(
        {"passes": passes_from(MINUTE, inclusive=False)},
        {"precision": "minute", "inclusive": False, **NUMBER},
    ),
    "another zone": Case(
        {"passes": passes_from(dt.timedelta(milliseconds=1), hours=-5)},
        {"zone": -5.0, **NUMBER},
    ),
    "no order": Case(
        {"sorts": frozenset()},
        {"sorts_ascending": False, "sorts_descending": False, **UNKNOWN_WAY, **NUMBER},
    ),
    "newest first only": Case(
        {"sorts": {"desc"}, "otherwise": "desc"}, {"sorts_ascending": False, **NUMBER}
    ),
    "a web page beyond a depth": Case(
        {"depth": 200, "beyond": (200, HTML)}, {"reads_to": 200}
    ),
    "pages from 1": Case({"first_page": 1}, {"first_page": 1}),
    "one time": Case(
        {"same_time": True},
        {"sorts_ascending": None, "sorts_descending": None, "one_time": True},
    ),
    "times without a fraction": Case(
        {"write": lambda time: f"{time:%Y-%m-%dT%H:%M:%SZ}"}, UNKNOWN_WAY
    ),
    "some without a time": Case({"undated": 9}, {"without_time": 9}),
    "no times": Case(
        {"write": lambda _: None},
        {
            **UNKNOWN_WAY,
            **dict.fromkeys(("sorts_ascending", "sorts_descending", "filters")),
            "without_time": None,
            **NUMBER,
        },
    ),
    "one record": Case(
        {"count": 1},
        {
            "records": 1,
            "page_sizes": {"1000": None},
            "read": "in one request",
            **dict.fromkeys(("first_page", "sorts_ascending", "sorts_descending")),
            "one_time": None,
        },
    ),
    "no records": Case(
        {"count": 0},
        {
            **dict.fromkeys(USUAL),
            "reachable": True,
            "records": 0,
            "total": "exact",
            "page_sizes": {"1000": None},
            "read": "in one request",
        },
    ),
}


def check(base_url: str) -> t.Any:
    tap = TapClientSuccess(
        config={"api_key": KEY, "base_url": base_url}, setup_mapper=False
    )
    return AccountCheck(tap).run()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_found_is_true(
    case: Case, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account(**case.account)
    with serve(account) as base_url:
        report = check(base_url)
        assert report.requests == len(account.requests) <= 150
        assert not report.reasons
        (facts,) = [each for each in report.streams if each.name == "contacts"]
        expected = USUAL | case.found
        assert {name: asdict(facts)[name] for name in expected} == expected
        config = {"api_key": KEY, "base_url": base_url, "discover_custom_fields": False}
        catalog = select(TapClientSuccess(config=config).catalog_dict, ["contacts"])
        with caplog.at_level(logging.INFO):
            TapClientSuccess(config=config, catalog=catalog).run()
    assert capsys.readouterr().out.count('"RECORD"') >= len(account.records("contacts"))
    is_by_number = "contacts: second pass, by page number" in caplog.text
    assert is_by_number is (facts.read == "by page number")


def test_a_key_that_may_not_read_clients_is_not_refused() -> None:
    with serve(Account(refused={"/client/search": (403, {})})) as base_url:
        report = check(base_url)
    assert report.reasons == ["clients cannot be read (403)"]
    assert report.key == {"X-API-Key": 200}


def test_what_works_with_other_settings_alone_is_a_failure() -> None:
    account = Account(key_header="Authorization", health={"/ping": (200, "pong")})
    with serve(account) as base_url:
        report = check(base_url)
    assert report.settings == {
        "api_key_header": "Authorization",
        "health_path": "/ping",
    }
    assert report.reasons == [
        "the key is refused in X-API-Key: set api_key_header to Authorization",
        "health does not answer (404): set health_path to /ping",
    ]
    assert "contacts | yes | 260" in as_markdown(report)


def test_a_limit_of_requests_a_minute_is_waited_for() -> None:
    account = Account(count=3, per_minute=200)
    # The last second of a minute: the next begins soon.
    account.started -= 58.5
    account.minutes[0] = 198
    with serve(account) as base_url:
        report = check(base_url)
    assert not report.reasons
    assert report.rate_limited > 0
    assert report.requests == len(account.requests)
