"""When a full read is due, with which version, and what the state keeps of it."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import replace
from itertools import pairwise

import pytest

from tap_clientsuccess.schedule.noted import (
    PAST,
    UNDERWAY,
    VERSION,
    greatest_version,
)
from tap_clientsuccess.schedule.schedule import Facts, Kind, Schedule
from tap_clientsuccess.singer.outputs import Outputs
from tap_clientsuccess.singer.progress import Outcome, Status

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def complete(records: int) -> Outcome:
    return Outcome(status=Status.COMPLETE, everything=records)


WHOLE = complete(100)
IN_DOUBT = Outcome(status=Status.IN_DOUBT, everything=100)


class FakeMap:
    """What leaves of a stream, as a stream map says it."""

    def __init__(self, *columns: str, alias: str = "clients", key: str = "id") -> None:
        self.stream_alias = alias
        self.transformed_key_properties = [key]
        self.transformed_schema = {
            "properties": {name: {"type": ["string", "null"]} for name in columns}
        }


def outputs(*columns: str, setting: t.Any = None, **names: str) -> Outputs:
    stream_map: t.Any = FakeMap(*(columns or ("id", "name")), **names)
    return Outputs([stream_map], setting or {})


def facts(**changed: t.Any) -> Facts:
    usual = Facts(
        outputs=outputs(),
        interval=DAY,
        has_bookmark=True,
        uses_versions=True,
    )
    return usual._replace(**changed)


State = dict[str, t.Any]
UNFINISHED = {"first_read_began": "2026-02-28T00:00:00Z"}


def night(
    state: State,
    at: dt.datetime,
    outcome: Outcome | None = WHOLE,
    *,
    floor: int = 0,
    **changed: t.Any,
) -> Schedule:
    """Run once; an outcome of None is a kill."""
    schedule = Schedule(state)
    floor = max(floor, greatest_version({"clients": state}, at)[0])
    version = max(int(at.timestamp()), floor + 1)
    schedule.begin(facts(**changed), at, version)
    if outcome is not None and schedule.kind is not Kind.INCREMENTAL:
        is_activated = not schedule.objection(outcome)
        schedule.end(outcome, is_activated=is_activated)
    return schedule


@pytest.fixture
def read() -> State:
    """The state after a first read that was activated."""
    state: State = {}
    assert night(state, NOW, has_bookmark=False, is_new=True).kind is Kind.FIRST
    return state


def test_an_old_state_makes_a_full_read_due() -> None:
    schedule = night({"replication_key_value": "2026-01-01"}, NOW, None)

    assert schedule.kind is Kind.FULL
    assert schedule.reason == "it was never read in full"
    assert schedule.has_second_half


@pytest.mark.parametrize(
    "hours",
    [pytest.param((23.84, 24.16), id="in turn"), pytest.param((24, 24), id="steady")],
)
def test_every_night_of_a_nightly_cron_that_jitters(
    read: State, hours: tuple[float, float]
) -> None:
    at = NOW
    for number in range(10):
        at += dt.timedelta(hours=hours[number % 2])
        assert night(read, at).kind is Kind.FULL


@pytest.mark.parametrize(
    ("days", "after", "kind"),
    [
        (1, 20, Kind.INCREMENTAL),
        (1, 22, Kind.FULL),
        (7, 7 * 24 - 4, Kind.INCREMENTAL),
        (7, 7 * 24 - 2.9, Kind.FULL),
        (0, 0.01, Kind.FULL),
        (None, 10_000, Kind.INCREMENTAL),
    ],
)
def test_the_interval_counts_from_the_begin(
    read: State, days: float | None, after: float, kind: Kind
) -> None:
    interval = None if days is None else days * DAY
    schedule = night(read, NOW + dt.timedelta(hours=after), interval=interval)

    assert schedule.kind is kind


def test_a_time_in_the_future_counts_as_never(read: State) -> None:
    assert night(read, NOW - DAY).kind is Kind.FULL


SOON = NOW + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"outputs": outputs("id", "name", "added")}, "there are new columns"),
        ({"outputs": outputs("id")}, ""),
        ({"outputs": outputs(alias="other")}, "its name, key or stream map changed"),
        ({"outputs": outputs(key="uuid")}, "its name, key or stream map changed"),
        (
            {"outputs": outputs(setting={"clients": {"name": "name"}})},
            "its name, key or stream map changed",
        ),
        ({"start_date": NOW - 400 * DAY}, ""),
    ],
)
def test_what_makes_one_due(read: State, changed: t.Any, reason: str) -> None:
    assert night(read, SOON, None, **changed).reason == reason
    assert night(read, SOON, None, interval=None, **changed).reason == ""


def test_an_earlier_start_date_makes_one_due() -> None:
    state: State = {}
    night(state, NOW, has_bookmark=False, start_date=NOW - DAY)

    assert night(state, SOON, None, start_date=NOW - DAY).reason == ""
    assert night(state, SOON, None, start_date=NOW).reason == ""
    earlier = night(state, SOON, None, start_date=NOW - 2 * DAY)
    assert earlier.reason == "start_date is earlier"
    assert night(state, SOON, None).reason


def test_a_column_that_was_away_for_a_run_is_new_when_it_is_back(read: State) -> None:
    without = night(read, SOON, outputs=outputs("id"))
    assert night(read, SOON, None).reason == ""  # No record left without it.

    without.note_columns()
    assert night(read, SOON, None).reason == "there are new columns"


def test_a_column_that_comes_during_a_full_read_is_due_after_it(read: State) -> None:
    night(read, NOW + DAY, None)
    ended = night(read, NOW + 1.1 * DAY, outputs=outputs("id", "name", "added"))
    assert ended.next_at == ended.now

    after = night(read, NOW + 1.2 * DAY, outputs=outputs("id", "name", "added"))
    assert after.reason == "there are new columns"


def test_one_that_is_not_complete_is_tried_once_more_and_then_at_its_interval(
    read: State,
) -> None:
    doubt = IN_DOUBT
    begun = NOW + DAY
    assert night(read, begun, doubt).kind is Kind.FULL
    assert night(read, begun + DAY / 24, doubt).reason == (
        "the last full read was not complete"
    )
    assert night(read, begun + DAY / 12, doubt).kind is Kind.INCREMENTAL
    assert night(read, begun + 1.1 * DAY, doubt).kind is Kind.FULL
    assert night(read, begun + 1.2 * DAY, doubt).kind is Kind.INCREMENTAL
    assert night(read, begun + 2.2 * DAY).kind is Kind.FULL
    assert night(read, begun + 2.3 * DAY).kind is Kind.INCREMENTAL


def test_one_that_was_noted_is_due_next_time(read: State) -> None:
    Schedule(read).note(due="more without a time")

    assert night(read, SOON).reason == "more without a time"
    assert night(read, SOON).kind is Kind.INCREMENTAL


def test_a_read_goes_on_with_its_version_and_place(read: State) -> None:
    first = night(read, NOW + DAY, None)
    first.go_on(place=NOW)
    second = night(read, NOW + 2 * DAY, None)

    assert (second.version, second.place) == (first.version, NOW)
    assert second.is_resumed
    assert night(read, NOW + 3 * DAY).version == first.version
    assert read[PAST]["version"] == first.version
    # The interval counts from its begin.
    assert night(read, NOW + 3.1 * DAY).reason == "every day"


@pytest.mark.parametrize(
    "changed",
    [
        {"outputs": outputs(alias="other")},
        {"outputs": outputs(key="uuid")},
        {"outputs": outputs(setting={"clients": {"__filter__": "id > 1"}})},
        {"start_date": NOW},
        {"uses_versions": False},
        {"uses_batch": True},
        {"replication_key": "createdTime"},
    ],
)
def test_a_read_begins_anew_on_another_basis(read: State, changed: t.Any) -> None:
    begun = night(read, NOW + DAY, None)
    begun.go_on(place=NOW)
    anew = night(read, NOW + 2 * DAY, None, **changed)

    assert anew.place is None
    assert anew.underway
    assert anew.underway.version > (begun.version or 0)


def test_a_first_read_on_another_basis_is_not_activated() -> None:
    """What was sent before its bookmark carries the version before."""
    state: State = {}
    night(state, NOW, None, has_bookmark=False, is_new=True)
    state |= UNFINISHED
    schedule = night(state, NOW + DAY, None, uses_batch=True)

    assert schedule.kind is Kind.FIRST
    assert schedule.objection(WHOLE)
    schedule.end(WHOLE, is_activated=False)
    assert night(state, NOW + DAY).reason == "it was never read in full"


def test_a_first_read_of_an_older_tap_is_not_activated() -> None:
    state: State = dict(UNFINISHED)

    assert night(state, NOW, None).objection(WHOLE)


def test_an_old_read_in_progress_is_void(read: State) -> None:
    """As when states were merged that belong to different runs."""
    older = dict(read)
    night(older, NOW + DAY, None)
    in_progress = older[UNDERWAY]
    night(read, NOW + 2 * DAY)
    read[UNDERWAY] = in_progress

    assert Schedule(read).underway is None


def test_ordinary_nights_carry_the_latest_version(read: State) -> None:
    latest = read[VERSION]

    assert night(read, SOON).version == latest
    assert night(read, NOW + DAY).version > latest
    assert night(read, NOW + DAY + DAY / 24).version == read[VERSION] > latest


def test_without_full_reads_a_stream_keeps_the_version_of_its_first_run() -> None:
    state: State = {}
    first = night(state, NOW, interval=None).version

    assert first == int(NOW.timestamp())
    assert night(state, NOW + 30 * DAY, interval=None).version == first


def test_what_is_read_whole_has_a_new_version_in_each_run() -> None:
    state: State = {}
    versions = [night(state, NOW, is_whole=True).version for _ in range(3)]

    begun = int(NOW.timestamp())
    assert versions == [begun, begun + 1, begun + 2]


def test_a_version_exceeds_all_in_the_state_though_the_clock_goes_back() -> None:
    version = night({}, NOW - DAY, floor=int(NOW.timestamp())).version

    assert version == int(NOW.timestamp()) + 1


def test_a_version_from_the_future_is_forgotten() -> None:
    tomorrow, later = (int((NOW + days * DAY).timestamp()) for days in (0.9, 1.1))
    bookmarks = {
        "clients": {VERSION: tomorrow, PAST: {"version": 5}},
        "pulses": {UNDERWAY: {"version": later}},
        "tasks": {VERSION: "x"},
    }

    assert greatest_version(bookmarks, NOW) == (tomorrow, True)
    assert greatest_version(bookmarks, NOW) == (tomorrow, False)


def test_a_full_read_after_a_version_from_the_future_is_activated(
    read: State,
) -> None:
    read[PAST]["version"] = read[VERSION] = int((NOW + 400 * DAY).timestamp())
    schedule = night(read, NOW + DAY, None)

    assert schedule.version == int((NOW + DAY).timestamp())
    assert schedule.objection(WHOLE) == ""


@pytest.mark.parametrize(
    ("changed", "outcome", "why"),
    [
        ({}, WHOLE, ""),
        ({}, IN_DOUBT, "the read was not complete"),
        ({}, complete(0), "there are no records at all"),
        ({}, complete(50), ""),
        ({}, complete(49), "fewer than half of 100"),
        ({}, replace(WHOLE, uncounted="totals are capped"), "totals are capped"),
        ({"start_date": NOW - 9 * DAY}, WHOLE, "start_date leaves records out"),
        (
            {"outputs": outputs(setting={"clients": {"__filter__": "id > 1"}})},
            WHOLE,
            "a stream map leaves records out",
        ),
        (
            {"outputs": outputs(setting={"clients": {"__key_properties__": ["a"]}})},
            WHOLE,
            "a stream map sets the primary key",
        ),
    ],
)
def test_what_speaks_against_an_activation(
    read: State, changed: t.Any, outcome: Outcome, why: str
) -> None:
    objection = night(read, NOW + DAY, None, **changed).objection(outcome)

    assert why in objection
    assert bool(why) == bool(objection)


def test_an_objection_of_any_run_holds(read: State) -> None:
    night(read, NOW + DAY, None).bar("a detail is missing")

    assert night(read, NOW + 2 * DAY, None).objection(WHOLE) == "a detail is missing"
    night(read, NOW + 2 * DAY)
    assert night(read, NOW + 3 * DAY, None).objection(WHOLE) == ""


def test_the_first_full_read_of_an_old_state_only_gives_the_number() -> None:
    state: State = {}
    schedule = night(state, NOW, None)
    assert "no earlier version was activated" in schedule.objection(WHOLE)
    schedule.end(WHOLE, is_activated=False)

    assert night(state, NOW + DAY, None).objection(WHOLE) == ""


def test_the_number_changes_only_by_an_activation(read: State) -> None:
    few = complete(10)
    for days in (1, 2, 3):
        schedule = night(read, NOW + days * DAY, None)
        assert "fewer than half of 100" in schedule.objection(few)
        schedule.end(few, is_activated=False)


def test_one_that_cannot_be_resumed_ends_after_three_interruptions(
    read: State,
) -> None:
    for days in (1, 2, 3):
        schedule = night(read, NOW + days * DAY, None)
        assert schedule.version == int((NOW + DAY).timestamp())
        schedule.note(by_number=True)
        schedule.note_attempt()
    assert night(read, NOW + 4 * DAY, None).version == int((NOW + 4 * DAY).timestamp())


def test_the_one_that_waited_the_most_intervals_comes_first(read: State) -> None:
    other: State = {}
    night(other, NOW, has_bookmark=False, is_new=True)
    daily = night(read, NOW + 7 * DAY, None)
    weekly = night(other, NOW + 7 * DAY, None, interval=7 * DAY)
    assert daily.intervals_waited() > 1e3  # Never before.
    daily.note(turn=daily.now)
    weekly.note(turn=weekly.now)

    daily = night(read, NOW + 9 * DAY, None)
    weekly = night(other, NOW + 9 * DAY, None, interval=7 * DAY)
    assert daily.intervals_waited() == pytest.approx(2)
    assert weekly.intervals_waited() == pytest.approx(2 / 7)


@pytest.mark.parametrize("value", [None, 5, "x", [], {"began": 5}, {"began": "x"}])
def test_what_cannot_be_read_in_a_state_counts_as_absent(value: t.Any) -> None:
    state: State = {PAST: value, UNDERWAY: value, VERSION: value}

    assert night(state, NOW, None, floor=0).reason == "it was never read in full"


def test_no_object_of_the_state_becomes_null(read: State) -> None:
    """Meltano fails to merge an object into null."""
    night(read, NOW + DAY, None)
    assert isinstance(read[UNDERWAY], dict)
    night(read, NOW + DAY)
    assert isinstance(read[UNDERWAY], dict)
    assert Schedule(read).underway is None


def test_a_wrong_total_that_was_accepted_is_no_news_until_it_grows(
    read: State,
) -> None:
    schedule = Schedule(read)

    news = []
    for missing in (3, 3, 2, 4, 0, 1):
        if missing > schedule.past.accepted:
            news.append(missing)
        schedule.note(accepted=missing)
    assert news == [3, 4, 1]


def test_details_that_take_many_nights_hold_up_nobody() -> None:
    """They take 5.5 hours, and a night has two, of which clients take half an hour."""
    left = {"clients": 0.5, "client_details": 5.5}
    days = {"clients": 1.0, "client_details": 30.0}
    states: dict[str, State] = {name: {} for name in left}
    completed: dict[str, list[int]] = {name: [] for name in left}
    hours = dict(left)
    for number in range(40):
        at = NOW + number * DAY
        due = {
            name: night(state, at, None, interval=days[name] * DAY)
            for name, state in states.items()
        }
        due = {name: each for name, each in due.items() if each.has_second_half}
        time = 2.0
        for name, schedule in sorted(
            due.items(), key=lambda item: -item[1].intervals_waited()
        ):
            if not time:
                break
            schedule.note(turn=schedule.now)
            spent = min(time, hours[name])
            time -= spent
            hours[name] -= spent
            if not hours[name]:
                schedule.end(WHOLE, is_activated=True)
                completed[name].append(number)
                hours[name] = left[name]

    # In the first night, none had a turn before, and chance decides.
    assert completed["clients"][:2] in ([0, 1], [1, 2])
    assert completed["clients"][-1] == 39
    assert {b - a for a, b in pairwise(completed["clients"])} == {1}
    assert completed["client_details"][:1] in ([3], [4])
    assert len(completed["client_details"]) == 2
