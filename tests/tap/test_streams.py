"""The streams beyond the searches: tasks, details, lists, field definitions."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from conftest import select

from clientsuccess_sandbox import Mutate, Sandbox, Status
from tap_clientsuccess.errors import RejectedKeyError
from tap_clientsuccess.records.custom_fields import RESOURCE_TYPES
from tap_clientsuccess.tap import TapClientSuccess
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from conftest import Sync

DETAILS = {"client_details", "contact_details"}


@pytest.mark.parametrize("size", [7, 200])
def test_tasks_are_paged_in_the_body(sync: Sync, sandbox: Sandbox, size: int) -> None:
    sandbox.max_size = size
    output = sync(streams=["tasks"])
    assert output.ids("tasks") == sandbox.store.ids("tasks")
    assert {(r.method, r.path) for r in sandbox.requests} == {("POST", "/api/task/all")}
    assert len(sandbox.requests) == -(-len(sandbox.store.ids("tasks")) // size)


def test_field_definitions_of_every_resource_type(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    output = sync(streams=["custom_fields"])
    missing = set(sandbox.missing_custom_fields)
    expected = {
        (resource, definition["fieldId"])
        for resource in set(RESOURCE_TYPES) - missing
        for definition in sandbox.store.definitions(resource)
    }
    records = output.records["custom_fields"]
    assert {(r["resourceType"], r["fieldId"]) for r in records} == expected
    assert len(records) == len(expected)
    skipped = [r for r in caplog.messages if "skipped" in r]
    assert len(skipped) == len(missing)


@pytest.mark.parametrize(("days", "requests"), [(1, 0), (8, 22)])
def test_field_definitions_are_read_again_after_some_days(
    sync: Sync, sandbox: Sandbox, days: int, requests: int
) -> None:
    state = sync(streams=["custom_fields"]).state
    bookmark = state["bookmarks"]["custom_fields"]
    last = parse_time(bookmark["last_read"])
    assert last
    bookmark["last_read"] = format_time(last - dt.timedelta(days=days))
    sandbox.requests.clear()
    again = sync(streams=["custom_fields"], state=state)
    assert len(sandbox.requests) == requests
    assert bool(again.records) == bool(requests)
    sandbox.requests.clear()
    sync(streams=["custom_fields"], state=state, custom_fields_interval_days=0)
    assert len(sandbox.requests) == 22


def test_an_incremental_sync_without_changes_needs_few_requests(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any]
) -> None:
    settings = {"discover_custom_fields": True}
    catalog = TapClientSuccess(config=config | settings).catalog_dict
    state = sync(catalog=catalog, **settings).state
    sandbox.requests.clear()
    sync(catalog=catalog, state=state, **settings)
    assert len(sandbox.requests) == 10  # One for each stream but `custom_fields`.


def test_a_rejected_key_is_no_missing_resource_type(
    sync: Sync, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status("/customfield/all/GOAL", 401))
    with pytest.raises(RejectedKeyError):
        sync(streams=["custom_fields"])


@pytest.mark.parametrize("read", [False, True])
def test_a_setting_decides_whether_details_are_read(
    sync: Sync, config: dict[str, t.Any], read: bool
) -> None:
    catalog = TapClientSuccess(config=config | {"read_details": read}).catalog
    for entry in catalog.streams:
        chosen = read or entry.tap_stream_id not in DETAILS
        assert bool(entry.metadata.root.selected_by_default) == chosen
    sent = set(sync(read_details=read).schemas)
    assert sent & DETAILS == (DETAILS if read else set())


@pytest.mark.parametrize(
    "root",
    [
        {"selected": True},
        {"selected": None, "selected-by-default": True},
        {"selected-by-default": True},
        {"inclusion": "automatic"},
        None,
    ],
    ids=str,
)
def test_details_are_not_read_whatever_selects_them(
    sync: Sync,
    sandbox: Sandbox,
    config: dict[str, t.Any],
    caplog: pytest.LogCaptureFixture,
    root: dict[str, t.Any] | None,
) -> None:
    """Meltano selects all that its `select` does not exclude."""
    caplog.set_level("INFO")
    catalog = select(TapClientSuccess(config=config).catalog_dict, [])
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] in DETAILS:
            entry["metadata"] = [{"breadcrumb": [], "metadata": root}] if root else []
    assert not sync(catalog=catalog).schemas
    assert not sandbox.requests
    assert "client_details: skipped, because read_details is off" in caplog.text


def test_a_catalog_can_deselect_details(sync: Sync) -> None:
    assert set(sync(read_details=True, streams=["products"]).schemas) == {"products"}


@pytest.mark.parametrize("stream", sorted(DETAILS))
def test_details(sync: Sync, sandbox: Sandbox, stream: str) -> None:
    kind = {"client_details": "clients", "contact_details": "contacts"}[stream]
    output = sync(read_details=True, streams=[stream])
    ids = [record["id"] for record in output.records[stream]]
    expected = [record["id"] for record in sandbox.store.records(kind)]
    assert sorted(ids) == sorted(expected)
    if stream == "client_details":
        assert any(record.get("accTeamingRoles") for record in output.records[stream])


def test_only_details_of_changed_records_are_read(sync: Sync, sandbox: Sandbox) -> None:
    state = sync(read_details=True, streams=["client_details"]).state
    sandbox.store.edit("clients", 4, name="edited")
    sandbox.requests.clear()
    output = sync(
        read_details=True, streams=["client_details"], state=state, lookback_seconds=0
    )
    assert 4 in output.ids("client_details")
    assert len(sandbox.requests) == 3  # the search, the edited one, the bookmark's


def test_a_record_deleted_before_its_detail_is_read(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    uuids = [record["uuid"] for record in sandbox.store.records("clients")]
    for uuid in uuids[3:5]:
        sandbox.faults.add(Status(f"/client/{uuid}", 404))
    output = sync(read_details=True, streams=["client_details"])
    assert len(output.records["client_details"]) == 28
    lines = [message for message in caplog.messages if "deleted before" in message]
    assert len(lines) == 2
    assert "2 times" in lines[1]
    assert output.bookmark("client_details")


def test_a_record_without_uuid_has_no_detail(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Mutate("/client/search", record=2, remove=["uuid"]))
    output = sync(read_details=True, streams=["client_details"])
    assert len(output.records["client_details"]) == 29
    assert "dropped a record without a uuid" in caplog.text


def test_no_state_speaks_of_details_that_were_not_sent(
    sync: Sync, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    records = sandbox.store.records("clients")
    last = min(records, key=lambda record: str(record["modifiedTime"]))
    sandbox.faults.add(Status(f"/client/{last['uuid']}", 401))
    with pytest.raises(RejectedKeyError):
        sync(read_details=True, streams=["client_details"])
    assert '"replication_key_value"' not in capsys.readouterr().out


@pytest.mark.parametrize("stream", ["employees", "client_statuses", "client_segments"])
def test_lists_of_v1(sync: Sync, sandbox: Sandbox, stream: str) -> None:
    output = sync(streams=[stream])
    assert output.ids(stream) == sorted(sandbox.store.ids(stream))
    (request,) = sandbox.requests
    assert request.path.startswith("/v1/")


def test_v1_at_another_base_url(sync: Sync, sandbox: Sandbox) -> None:
    with Sandbox(seed=8, clients=5, employees=7) as other:
        output = sync(streams=["employees"], v1_base_url=other.url + "/v1/")
    assert len(output.records["employees"]) == 7


def test_a_task_without_an_id_is_left_out_with_a_word(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Mutate("/task/all", record=3, remove=["id"]))
    output = sync(streams=["tasks"])
    assert 3 not in output.ids("tasks")
    assert "without its primary key" in caplog.text
