from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from clientsuccess_sandbox import Headers, Mutate, Sandbox
from tap_clientsuccess.tap import TapClientSuccess
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from conftest import Sync

INCREMENTAL = ["client_notes", "clients", "contacts", "contracts", "products", "pulses"]


def asked_after(sandbox: Sandbox) -> dt.datetime | None:
    return parse_time(sandbox.requests[0].query.get("modifiedAfter"))


def newest(sandbox: Sandbox, stream: str, field: str = "modifiedTime") -> str:
    return max(str(record[field]) for record in sandbox.store.records(stream))


def test_the_bookmark_is_the_newest_change(sync: Sync, sandbox: Sandbox) -> None:
    output = sync()
    assert output.bookmark("clients") == newest(sandbox, "clients")
    assert output.bookmark("pulses") == newest(sandbox, "pulses", "createdTimestamp")
    for stream in INCREMENTAL:
        bookmark = output.state["bookmarks"][stream]
        assert {"replication_key", "replication_key_value"} < set(bookmark)


def test_the_next_sync_starts_the_lookback_before_the_bookmark(
    sync: Sync, sandbox: Sandbox
) -> None:
    state = sync(streams=["clients"]).state
    sandbox.requests.clear()
    sync(streams=["clients"], state=state, lookback_seconds=60)
    bookmark = parse_time(newest(sandbox, "clients"))
    assert bookmark
    assert asked_after(sandbox) == bookmark - dt.timedelta(seconds=60)


@pytest.mark.parametrize("stream", INCREMENTAL)
def test_it_reads_only_what_changed(sync: Sync, sandbox: Sandbox, stream: str) -> None:
    state = sync(streams=[stream]).state
    new = sandbox.store.insert(stream)
    output = sync(streams=[stream], state=state, lookback_seconds=0)
    assert new["id"] in output.ids(stream)
    assert len(output.records[stream]) == 2  # and the one at the bookmark


def test_without_changes_the_bookmark_stays(sync: Sync, sandbox: Sandbox) -> None:
    state = sync(streams=["clients"]).state
    output = sync(streams=["clients"], state=state)
    assert output.state == state


def test_start_date_is_where_the_first_sync_starts(
    sync: Sync, sandbox: Sandbox
) -> None:
    output = sync(streams=["clients"], start_date="2024-06-01")
    assert asked_after(sandbox) == dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    assert output.ids("clients") == sorted(
        record["id"]
        for record in sandbox.store.records("clients")
        if record["modifiedTime"] >= "2024-06-01"
    )


def test_start_date_bounds_the_lookback(sync: Sync, sandbox: Sandbox) -> None:
    bookmark = {
        "replication_key": "modifiedTime",
        "replication_key_value": "2024-06-01T00:00:00.000Z",
    }
    sync(
        streams=["clients"],
        state={"bookmarks": {"clients": bookmark}},
        start_date="2024-05-31T23:59:00Z",
    )
    assert asked_after(sandbox) == parse_time("2024-05-31T23:59:00Z")


@pytest.mark.parametrize(
    "written", ["2024-06-01T02:00:00+02:00", "2024-06-01T00:00:00", "2024-06-01"]
)
def test_bookmarks_in_any_form_are_compared_as_times(
    sync: Sync, sandbox: Sandbox, written: str
) -> None:
    bookmark = {"replication_key": "modifiedTime", "replication_key_value": written}
    sync(
        streams=["clients"],
        state={"bookmarks": {"clients": bookmark}},
        start_date="2024-05-31T23:30:00-01:00",
        lookback_seconds=0,
    )
    assert asked_after(sandbox) == parse_time("2024-06-01T00:30:00Z")


@pytest.mark.parametrize("hours", [-5, 5])
def test_the_local_clock_does_not_matter(
    sync: Sync, sandbox: Sandbox, hours: int
) -> None:
    """Only the server's clock counts; here it is hours off from the local one."""
    sandbox.clock.offset = hours * 3600
    sandbox.store.edit("clients", 3, name="before")
    state = sync(streams=["clients"]).state
    sandbox.store.edit("clients", 4, name="after")
    output = sync(streams=["clients"], state=state, lookback_seconds=1)
    assert {3, 4} <= set(output.ids("clients"))
    assert len(output.records["clients"]) == 2


def test_the_bookmark_never_passes_the_start_of_the_read(
    sync: Sync, sandbox: Sandbox
) -> None:
    future = "2099-01-01T00:00:00.000Z"
    sandbox.faults.add(
        Mutate("/client/search", record=5, values={"modifiedTime": future})
    )
    output = sync(streams=["clients"])
    bookmark = parse_time(output.bookmark("clients"))
    assert bookmark
    assert bookmark <= dt.datetime.now(dt.UTC)


def test_without_a_date_header_the_newest_change_is_the_bookmark(
    sync: Sync, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Headers("/client/search", {"Date": "no date"}))
    output = sync(streams=["clients"])
    assert output.bookmark("clients") == newest(sandbox, "clients")


IGNORED = {"/pulse/search": {"modifiedAfter", "sortBy", "sortDirection"}}


@pytest.mark.parametrize("shows_edits", [True, False])
@pytest.mark.parametrize("ignored", [{}, IGNORED])
def test_pulses_whether_or_not_they_show_edits_and_are_filtered(
    sync: Sync, sandbox: Sandbox, shows_edits: bool, ignored: dict[str, set[str]]
) -> None:
    with Sandbox(
        seed=7, clients=30, modification_times={"pulses": shows_edits}, ignore=ignored
    ) as other:
        settings = {"base_url": other.base_url, "streams": ["pulses"]}
        state = sync(**settings).state
        other.store.edit("pulses", 1, note="edited")
        new = other.store.insert("pulses")
        output = sync(state=state, **settings)
        assert new["id"] in output.ids("pulses")
        assert (1 in output.ids("pulses")) == shows_edits
        assert len(output.records["pulses"]) <= 3


def test_an_edit_whose_time_the_server_hides_is_not_filtered_away(
    sync: Sync,
) -> None:
    with Sandbox(seed=7, clients=30, modification_times={"pulses": True}) as other:
        other.faults.add(Mutate("/pulse/search", remove=["modifiedTime"]))
        settings = {"base_url": other.base_url, "streams": ["pulses"]}
        state = sync(**settings).state
        other.store.edit("pulses", 1, note="edited")
        assert 1 in sync(state=state, **settings).ids("pulses")


def test_edits_of_all_whose_times_the_server_hides_are_kept(sync: Sync) -> None:
    with Sandbox(seed=7, clients=3, modification_times={"pulses": True}) as other:
        other.faults.add(Mutate("/pulse/search", remove=["modifiedTime"]))
        settings = {"base_url": other.base_url, "streams": ["pulses"]}
        state = sync(**settings).state
        for number in other.store.ids("pulses"):
            other.store.edit("pulses", number, note="edited")
        assert sync(state=state, **settings).ids("pulses") == other.store.ids("pulses")


def test_a_record_from_the_future_does_not_move_the_bookmark_there(
    sync: Sync, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Headers("/client/search", {"Date": "no date"}))
    future = {"modifiedTime": "2100-01-01T00:00:00.000Z"}
    sandbox.faults.add(Mutate("/client/search", record=1, values=future))
    bookmark = parse_time(sync(streams=["clients"]).bookmark("clients"))
    assert bookmark
    assert bookmark <= dt.datetime.now(dt.UTC)


def test_a_clock_behind_all_records_costs_no_second_read(sync: Sync) -> None:
    with Sandbox(clients=1000, clock_offset=-10 * 365 * 86_400) as behind:
        output = sync(streams=["clients"], base_url=behind.base_url, page_size=100)
        read = [record["id"] for record in output.records["clients"]]
        assert sorted(read) == behind.store.ids("clients")
        assert len(behind.requests) < 2 * 10 + 5  # the counts


def test_an_earlier_start_is_reported(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    state = sync(streams=["clients"]).state
    assert "earlier, as the newest known change" not in caplog.text
    sandbox.filter_precision = "day"
    sandbox.inclusive = False
    sync(streams=["clients"], state=state)
    assert "clients: read from 38 hours earlier" in caplog.text


def test_a_clock_that_was_never_set_is_ignored(sync: Sync, sandbox: Sandbox) -> None:
    never = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    sandbox.faults.add(Headers("/client/search", never))
    output = sync(streams=["clients"])
    assert output.bookmark("clients") == newest(sandbox, "clients")


def test_the_tap_filters_if_the_server_does_not(sync: Sync, sandbox: Sandbox) -> None:
    sandbox.ignore = {"/client/search": {"modifiedAfter", "sortBy", "sortDirection"}}
    state = sync(streams=["clients"]).state
    sandbox.store.edit("clients", 9, name="edited")
    output = sync(streams=["clients"], state=state, lookback_seconds=0)
    assert 9 in output.ids("clients")
    assert len(output.records["clients"]) == 2


def test_notes_without_a_modification_time_are_bookmarked_by_creation(
    sync: Sync,
) -> None:
    with Sandbox(
        seed=7, clients=30, modification_times={"client_notes": False}
    ) as other:
        output = sync(streams=["client_notes"], base_url=other.base_url)
        created = newest(other, "client_notes", "createdTime")
        assert output.bookmark("client_notes") == created


def test_a_full_table_read_ignores_the_bookmark(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(streams=["clients"])
    catalog = TapClientSuccess(
        config={"api_key": sandbox.api_key, "base_url": sandbox.base_url}
    ).catalog_dict
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        chosen = entry["tap_stream_id"] == "clients"
        entry["metadata"][-1]["metadata"]["selected"] = chosen
        assert entry["metadata"][-1]["breadcrumb"] == []
    again = sync(state=output.state, catalog=catalog)
    assert len(again.records["clients"]) == 30


def test_a_wide_window_of_times_round_trips() -> None:
    moment = parse_time("2024-05-01T10:11:12.123Z")
    assert moment
    assert format_time(moment) == "2024-05-01T10:11:12.123Z"


def test_what_an_incremental_read_leaves_out_comes_in_the_full_read(
    sandbox: Sandbox, sync: Sync
) -> None:
    settings: dict[str, t.Any] = {
        "streams": ["clients"],
        "full_read_interval_days": {"*": 0},
        "emit_activate_version_messages": True,
    }
    first = sync(**settings)
    latest = max(first.records["clients"], key=lambda client: client["modifiedTime"])
    # The newest known change is not returned, so the read starts a day earlier.
    sandbox.store.delete("clients", latest["id"])
    second = sync(state=first.state, **settings)
    assert "ACTIVATE_VERSION" in [message["type"] for message in second.messages]
    assert second.ids("clients") == sandbox.store.ids("clients")


def test_a_clock_that_goes_back_a_little_makes_nothing_due(
    sandbox: Sandbox, sync: Sync
) -> None:
    state = sync(streams=["clients"]).state
    sandbox.clock.offset = -30
    assert len(sync(streams=["clients"], state=state).records["clients"]) < 30
    sandbox.clock.offset = -300
    assert len(sync(streams=["clients"], state=state).records["clients"]) == 30
