"""What the account check concludes, without HTTP."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from tap_clientsuccess.account_check import fields, pages, verdict
from tap_clientsuccess.account_check.facts import (
    FieldFacts,
    PlanRow,
    Report,
    StreamFacts,
)
from tap_clientsuccess.account_check.report import as_markdown
from tap_clientsuccess.config.settings import Settings
from tap_clientsuccess.paging.page import Page

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
SCHEMA = {
    "properties": {
        "id": {"type": "integer"},
        "score": {"type": ["number", "null"]},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "owner": {
            "type": ["object", "null"],
            "properties": {"id": {"type": ["integer", "null"]}},
        },
        "items": {
            "type": ["array", "null"],
            "items": {
                "type": ["object", "null"],
                "properties": {"total": {"type": ["number", "null"]}},
            },
        },
        "custom": {"type": ["object", "null"], "additionalProperties": True},
    }
}


def page(hours: t.Iterable[float | None], **said: t.Any) -> Page:
    times = [
        None if hour is None else START + dt.timedelta(hours=hour) for hour in hours
    ]
    keys = said.pop("keys", [*range(len(times))])
    said = {"number": 0, "records": keys, "sent_at": START, **said}
    return Page(keys=keys, times=times, **said)


def settings(**given: t.Any) -> Settings:
    return Settings.from_config({"api_key": "k", **given})


def stream(**facts: t.Any) -> StreamFacts:
    usual = {"name": "clients", "reachable": True, "status": 200, "records": 1000}
    usual |= {"page_sizes": {"1000": 200, "500": 200, "200": 200}}
    return StreamFacts(**{**usual, **facts})


def report(**given: t.Any) -> Report:
    usual: dict[str, t.Any] = {"health": {"/health": 200}, "key": {"X-API-Key": 200}}
    return Report(**{**usual, **given})


def cell(facts: StreamFacts, column: str) -> str:
    """Return what the table of a stream says in a column."""
    lines = as_markdown(report(streams=[facts])).splitlines()
    (head,) = (n for n, line in enumerate(lines) if f"| {column} |" in line)
    cells = [each.strip() for each in lines[head + 2].split("|")]
    return cells[[each.strip() for each in lines[head].split("|")].index(column)]


@pytest.mark.parametrize(
    ("said", "goes_on"),
    [
        ({"total": 900}, True),
        ({"total": 3}, False),
        ({"last": False}, True),
        ({"last": True}, False),
        ({}, None),
    ],
)
def test_whether_records_follow_a_page(
    said: dict[str, t.Any], goes_on: bool | None
) -> None:
    assert pages.goes_on(page([1, 2, 3], **said)) is goes_on


@pytest.mark.parametrize(
    ("keys", "number"), [([1], 0), ([0], 1), ([7], None), ([], None)]
)
def test_the_number_of_the_first_page(keys: list[int], number: int | None) -> None:
    one = page([1] * len(keys), keys=keys, number=1)
    assert pages.first_page(page([1, 2, 3]), one) == number
    assert pages.first_page(page([1]), one) is None


def test_order() -> None:
    up, down = page(range(30)), page(range(60, 30, -1))
    assert pages.sorts_all(up, down) == (True, True)
    assert pages.sorts_all(up, page(range(30))) == (True, False)
    assert pages.sorts_all(page([3, 1, 2]), down) == (False, True)
    assert pages.sorts_all(page([1, 2]), page([2, 1])) == (None, None)
    assert pages.sorts_all(page([None] * 30), down)[0] is None


def test_what_is_only_sorted_within_each_page_is_not_sorted() -> None:
    up, down = page(range(40, 80)), page(range(30, 0, -1))
    assert pages.sorts_all(up, down) == (False, False)


def test_whether_a_page_was_filtered() -> None:
    after = START + dt.timedelta(hours=50)
    assert pages.filters(page([51, 60]), after)
    assert pages.filters(page([49, 60]), after)  # a filter by the day
    assert pages.filters(page([60, 51, None]), after)  # in whatever order
    assert pages.filters(page([]), after)
    assert not pages.filters(page([-30, 60]), after)


def test_whether_a_record_passed_a_filter() -> None:
    time = START + dt.timedelta(hours=5)
    for is_sorted in (True, False):
        assert pages.passes(page([5, 9]), time, is_sorted=is_sorted)
        assert pages.passes(page([]), time, is_sorted=is_sorted) is False
    assert pages.passes(page([None]), time, is_sorted=True) is None
    more = page([8, 9], total=10)
    assert pages.passes(more, time, is_sorted=True) is False
    assert pages.passes(more, time, is_sorted=False) is None


@pytest.mark.parametrize(
    ("facts", "by_time", "read"),
    [
        ({"reachable": False}, True, "not at all"),
        ({"records": 200}, True, "in one request"),
        ({}, False, "by page number"),
        ({}, True, "by time"),
        ({"sorts_ascending": False}, True, "by page number"),
        ({"sorts_descending": False}, True, "by page number"),
        ({"filters": False}, True, "by page number"),
        ({"zone": 9.0}, True, "by page number"),
        ({"inclusive": False, "precision": "day"}, True, "by page number"),
        ({"inclusive": False, "precision": "millisecond"}, True, "by time"),
        ({"inclusive": True, "precision": "day", "zone": 0.0}, True, "by time"),
        ({"counted_too_many": 2}, True, "by page number"),
        ({"records": None}, True, "by time"),
    ],
)
def test_how_a_search_will_be_read(
    facts: dict[str, t.Any], read: str, *, by_time: bool
) -> None:
    found = verdict.how_read(stream(**facts), 200, by_time=by_time)
    assert found == read


def test_names_are_told_only_if_every_record_has_them() -> None:
    records = [{"id": n, "lifecycle": 1, "Acme Inc": 2} for n in range(30)]
    records[3]["rare"] = 1
    facts = fields.names_of(records, SCHEMA)
    assert (facts.unknown, facts.more_unknown) == (["lifecycle"], 2)
    facts = fields.names_of(records[:19], SCHEMA)
    assert (facts.unknown, facts.more_unknown) == ([], 3)


@pytest.mark.parametrize(
    "name", ["acme_1", "ACME", "acme2", "a", "x" * 300 + "1", "é", "a b", "acme__cs"]
)
def test_names_that_are_not_plain_are_counted(name: str) -> None:
    facts = fields.names_of([{name: 1}] * 30, SCHEMA)
    assert (facts.unknown, facts.more_unknown) == ([], 1)


def test_custom_fields_are_counted() -> None:
    records = [{"custom": {"a": 1}}, {"custom": {"a": 1, "b": 2}}, {"custom": None}]
    assert fields.names_of(records, SCHEMA).custom == 2


def test_fields_that_never_fit() -> None:
    records = [
        {"score": "high", "owner": {"id": "x"}, "items": [{"total": "a"}], "at": "no"},
        {"score": {}, "owner": {"id": "y"}, "items": [{"total": 3}], "at": None},
    ]
    facts = fields.names_of(records, SCHEMA)
    assert facts.never_fit == {
        "at": ["string"],
        "owner.id": ["string"],
        "score": ["object", "string"],
    }
    assert facts.times == ["no time"]
    assert not fields.names_of([{"score": "12", "id": 1}], SCHEMA).never_fit


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2024-05-01T10:11:12.123Z", "9999-99-99T99:99:99.999Z"),
        ("2024-05-01T10:11:12+0000", "9999-99-99T99:99:99+9999"),
        ("2024-05-01 10:11", "9999-99-99 99:99"),
        ("2024-05-01", "9999-99-99"),
        ("12 Acme Road", "no time"),
        ("2024-05-01T10:11:12 Acme", "no time"),
        (1714558272123, "a number of 13 digits"),
        (True, "no time"),
    ],
)
def test_forms_of_times(value: t.Any, form: str) -> None:
    assert fields.form(value) == form


def test_names_of_types() -> None:
    plain = ["STRING", "STRING", "Multi-Select Picklist"]
    names: list[t.Any] = [*plain, "Acme 12", "a@b", None, 7, {}, []]
    types, others = fields.custom_field_types(names)
    assert types == {"Multi-Select Picklist": 1, "STRING": 2}
    assert others == 6


def test_headers_that_tell_a_limit() -> None:
    headers = [
        ("X-RateLimit-Limit", "60"),
        ("RateLimit-Remaining", "59"),
        ("ratelimit-policy", '60;w=60;name="acme"'),
        ("Retry-After", "99999999999"),
        ("X-Acme-Limit", "5"),
        ("Content-Type", "x"),
    ]
    found, others = fields.limit_headers(headers)
    assert found == {
        "Ratelimit-Policy": None,
        "Ratelimit-Remaining": None,
        "Retry-After": None,
        "X-Ratelimit-Limit": 60,
    }
    assert others == 1


def test_settings_to_use() -> None:
    found = report(
        health={"/health": 404, "/ping": 200},
        key={"X-API-Key": 401, "Authorization": 200},
        v1=[stream(name="employees", reachable=False, status=401)],
    )
    assert verdict.settings_to_use(found, settings()) == {
        "api_key_header": "Authorization",
        "health_path": "/ping",
        "v1_streams": "off",
    }
    assert verdict.settings_to_use(report(), settings()) == {}


def test_reasons_come_with_the_gravest_first() -> None:
    found = report(
        health={"/health": None},
        key={"X-API-Key": 403},
        streams=[
            stream(name="pulses", reachable=False, status=500),
            stream(name="products", reachable=False, status=500),
        ],
        v1=[stream(name="employees", reachable=False, status=401)],
    )
    expected = [
        "the key is refused in X-API-Key",
        "health does not answer (no usable response)",
        "pulses cannot be read (500)",
    ]
    assert [*verdict.reasons(found, settings())] == expected
    required = verdict.reasons(found, settings(v1_streams="required"))
    assert [*required] == [*expected, "employees of v1 cannot be read (401)"]
    assert not [*verdict.reasons(report(streams=[stream()]), settings())]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, []),
        ({"reachable": False, "status": 404}, ["cannot be read (404)"]),
        ({"page_sizes": {"200": 50}}, ["a page of 200 has 50 records"]),
        ({"first_page": 1}, ["pages are numbered from 1"]),
        ({"total": "absent"}, ["the total is absent"]),
        ({"total": "capped"}, []),
        ({"sorts_descending": False}, ["does not sort newest first"]),
        ({"filters": False}, ["does not filter by modification time"]),
        (
            {"shows_modification": False},
            ["does not show modification times"],
        ),
        ({"zone": 2.0}, ["filters are taken for UTC+2"]),
        (
            {"fields": FieldFacts(unknown=["a"], never_fit={"b": ["string"]})},
            ["unknown fields: a", "fields that never fit: b"],
        ),
        (
            {"fields": FieldFacts(times=["no time"])},
            ["texts in fields for times that are no time"],
        ),
    ],
)
def test_what_differs(facts: dict[str, t.Any], said: list[str]) -> None:
    found = [*verdict.differences(report(streams=[stream(**facts)]))]
    assert found == [f"clients: {each}" for each in said]


def test_what_is_not_known_of_pulses_cannot_differ() -> None:
    facts = stream(name="pulses", filters=False, sorts_ascending=False)
    assert not [*verdict.differences(report(streams=[facts]))]


def test_the_plan() -> None:
    found = report(
        streams=[
            stream(read="by time"),
            stream(name="contacts", read="by time"),
            stream(name="tasks", read="by page number", total="exact"),
            stream(name="client_notes", read="by page number"),
            stream(name="products", read="in one request", records=5),
            stream(name="pulses", reachable=False),
        ],
        custom_fields={"CLIENT": 3},
        custom_fields_refused={"GOAL": 404},
    )
    pace = {"tasks": 30.0, "custom_fields": 6.0}
    rows = [*verdict.plan(found, settings(), pace)]
    assert [(row.name, row.first_requests, row.night_requests) for row in rows] == [
        # Scores change without a modification time, so clients are read every night.
        ("clients", 12, 14),
        ("contacts", 12, 2),
        ("tasks", 6, 6),
        ("client_notes", 12, 12),
        ("products", 1, 1),
        ("custom_fields", 2, 1),
    ]
    assert rows[2] == PlanRow(
        name="tasks",
        first_requests=6,
        first_minutes=3.0,
        night_requests=6,
        night_minutes=3.0,
    )
    details = verdict.plan(found, settings(read_details=True), {})
    assert ("client_details", 1012) in [(r.name, r.first_requests) for r in details]
    (clients, *_) = verdict.plan(
        found, settings(full_read_interval_days={"*": None}), {}
    )
    assert clients.night_requests == 2


def test_there_is_no_plan_for_what_is_not_counted() -> None:
    found = report(streams=[stream(read="by time", records=None, total="absent")])
    (row,) = verdict.plan(found, settings(full_read_interval_days={"*": None}), {})
    assert (row.first_requests, row.first_minutes, row.night_requests) == (
        None,
        None,
        2,
    )


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"total": "exact"}, "1000"),
        ({"total": "capped"}, "1000 or more"),
        ({"total": "inexact"}, "1000 or more"),
        ({"total": "inexact", "counted_too_many": 3}, "1000"),
        ({"total": None}, "1000 counted"),
        ({"total": "absent", "records": None}, "cannot tell"),
        ({"total": None, "page_sizes": {}}, "1000"),
    ],
)
def test_how_many_records_there_are(facts: dict[str, t.Any], said: str) -> None:
    assert cell(stream(**facts), "Records") == said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "cannot tell"),
        (-28_852_806, "334 days before the server's clock"),
        (-86_400, "1 day before the server's clock"),
        (7200, "2 hours after the server's clock"),
        (-61, "1 minute before the server's clock"),
        (0, "0 seconds after the server's clock"),
    ],
)
def test_how_long_ago_the_newest_change_was(seconds: float | None, words: str) -> None:
    facts = stream(newest_seconds=seconds, future_is_empty=True)
    assert cell(facts, "Newest change") == words


def test_minutes_that_are_too_few_to_tell() -> None:
    plan = [PlanRow("clients", 9, 0.0, 2, None), PlanRow("contacts", 90, 1.5, 2, 0.02)]
    markdown = as_markdown(report(plan=plan))
    assert "| clients | 9 | < 0.1 | 2 | cannot tell |" in markdown
    assert "| contacts | 90 | 1.5 | 2 | < 0.1 |" in markdown
