"""The streams beyond the searches: tasks, details, lists, field definitions."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from conftest import V1, select
from singer_sdk.exceptions import ConfigValidationError

from clientsuccess_sandbox import Body, Mutate, Sandbox, Status
from tap_clientsuccess.custom_fields import RESOURCE_TYPES
from tap_clientsuccess.errors import RejectedKeyError
from tap_clientsuccess.tap import TapClientSuccess
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from conftest import Sync

DETAILS = {"client_details", "contact_details"}
FLAT = {"flattening_enabled": True, "flattening_max_depth": 1}


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
    last = parse_time(bookmark["full_read"]["began"])
    assert last
    bookmark["full_read"]["began"] = format_time(last - dt.timedelta(days=days))
    sandbox.requests.clear()
    again = sync(streams=["custom_fields"], state=state)
    assert definitions(sandbox) == requests
    assert bool(again.records) == bool(requests)
    sandbox.requests.clear()
    sync(
        streams=["custom_fields"],
        state=state,
        full_read_interval_days={"custom_fields": 0},
    )
    assert definitions(sandbox) == 22


def definitions(sandbox: Sandbox) -> int:
    """How many requests asked for definitions; another one may ask for the time."""
    return sum("/customfield/" in request.path for request in sandbox.requests)


@pytest.mark.parametrize("name", ["stream_map_config", "faker_config"])
def test_field_definitions_are_read_again_if_expressions_change(
    sync: Sync, sandbox: Sandbox, name: str
) -> None:
    settings = {
        "streams": ["custom_fields"],
        "stream_maps": {"custom_fields": {"x": "config.get('a')"}},
    }
    state = sync(**settings, **{name: {"seed": 1}}).state
    sandbox.requests.clear()
    sync(**settings, **{name: {"seed": 1}}, state=state)
    assert not definitions(sandbox)
    sync(**settings, **{name: {"seed": 2}}, state=state)
    assert definitions(sandbox) == 22


def test_an_incremental_sync_without_changes_needs_few_requests(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any]
) -> None:
    settings = {"discover_custom_fields": True}
    catalog = TapClientSuccess(config=config | settings).catalog_dict
    state = sync(catalog=catalog, **settings).state
    sandbox.requests.clear()
    sync(catalog=catalog, state=state, **settings)
    # One for each that is read but `custom_fields`.
    left = {"custom_fields", "sync_log", *DETAILS}
    names = {entry["tap_stream_id"] for entry in catalog["streams"]}
    assert len(sandbox.requests) == len(names - left)


ALL = "/customfield/all"


@pytest.mark.parametrize(
    ("path", "status", "had_some", "is_complete"),
    [
        (ALL, 400, False, False),
        (ALL, 401, False, False),
        (ALL, 403, True, False),
        (ALL, 404, False, False),
        (f"{ALL}/CLIENT", 401, False, False),
        (f"{ALL}/CLIENT", 403, True, False),
        (f"{ALL}/GOAL", 403, False, False),
        (f"{ALL}/GOAL", 405, False, False),
        (f"{ALL}/CLIENT", 404, True, False),
        (f"{ALL}/CLIENT", 400, True, False),
        (f"{ALL}/CLIENT", 404, False, True),
        (f"{ALL}/GOAL", 400, True, True),
        (f"{ALL}/GOAL", 410, False, True),
    ],
)
def test_refused_definitions_are_not_complete(  # noqa: PLR0913
    sync: Sync,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    *,
    path: str,
    status: int,
    had_some: bool,
    is_complete: bool,
) -> None:
    settings: dict[str, t.Any] = {
        "streams": ["custom_fields"],
        "emit_activate_version_messages": True,
        "full_read_interval_days": {"custom_fields": 0},
    }
    before, began = {}, None
    if had_some:
        before = sync(**settings).state
        began = before["bookmarks"]["custom_fields"]["full_read"]["began"]
    sandbox.faults.add(Status(path, status))
    output = sync(**settings, state=before)
    kinds = {message["type"] for message in output.messages}
    assert ("ACTIVATE_VERSION" in kinds) == is_complete
    past = output.state["bookmarks"]["custom_fields"].get("full_read", {})
    assert (past.get("began") != began) == is_complete
    assert ("the next sync tries again" in caplog.text) != is_complete
    assert bool(output.records) == (path != ALL)


def test_what_had_definitions_is_known_from_an_incomplete_read(
    sync: Sync, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status(f"{ALL}/CONTACT", 403))
    state = sync(streams=["custom_fields"]).state
    sandbox.faults.clear()
    sandbox.faults.add(Status(f"{ALL}/CLIENT", 404))
    output = sync(streams=["custom_fields"], state=state)
    assert not output.state["bookmarks"]["custom_fields"]["full_read"]["began"]


def test_where_it_is_not_known_what_had_definitions_none_are_dropped(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    settings: dict[str, t.Any] = {
        "streams": ["custom_fields"],
        "emit_activate_version_messages": True,
        "full_read_interval_days": {"custom_fields": 0},
    }
    state = sync(**settings).state
    state["bookmarks"]["custom_fields"]["resource_types"] = {"CLIENT": True}
    sandbox.faults.add(Status(f"{ALL}/CLIENT", 404))
    output = sync(**settings, state=state)
    kinds = {message["type"] for message in output.messages}
    assert "ACTIVATE_VERSION" not in kinds
    assert "the state does not tell which types had definitions" in caplog.text


def test_a_wrong_key_is_no_missing_resource_type(sync: Sync) -> None:
    with pytest.raises(RejectedKeyError):
        sync(streams=["custom_fields"], api_key="wrong")


@pytest.mark.parametrize(
    ("first", "then", "is_due"),
    [
        ({"custom_fields": None}, None, True),
        ({"custom*": None}, None, True),
        ({"__else__": None, "products": {}}, None, True),
        (None, {"custom_fields": None}, False),
        (None, {"custom_fields": {"__alias__": "fields"}}, True),
        ({"custom_fields": {"__alias__": "fields"}}, None, True),
        ({"custom_fields": {"__filter__": "False"}}, None, True),
        ({"custom_fields": {"x": "fieldKey"}}, {"custom_fields": {"x": "'y'"}}, True),
        (None, {"copy": {"__source__": "custom_fields"}}, True),
        (None, {"clients": None}, False),
    ],
)
def test_definitions_that_left_otherwise_are_due(
    sync: Sync,
    sandbox: Sandbox,
    first: dict[str, t.Any] | None,
    then: dict[str, t.Any] | None,
    is_due: bool,
) -> None:
    def read(
        maps: dict[str, t.Any] | None, state: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        sandbox.requests.clear()
        maps = {} if maps is None else {"stream_maps": maps}
        output = sync(streams=["custom_fields", "products"], state=state, **maps)
        return output.state

    state = read(then, read(first, {}))
    assert bool(definitions(sandbox)) == is_due
    read(then, state)
    assert not definitions(sandbox)


def test_definitions_are_due_where_a_field_is_selected_and_was_not(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any]
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["custom_fields"])
    state: dict[str, t.Any] = {}
    for is_selected, requests in ((False, 22), (False, 0), (True, 22), (False, 0)):
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                if list(item["breadcrumb"]) == ["properties", "fieldLabel"]:
                    item["metadata"]["selected"] = is_selected
        sandbox.requests.clear()
        state = sync(catalog=catalog, state=state).state
        assert definitions(sandbox) == requests


@pytest.mark.parametrize("stream", ["clients", "tasks", "employees", "custom_fields"])
def test_a_stream_that_a_map_drops_is_not_read(
    sync: Sync, sandbox: Sandbox, stream: str
) -> None:
    """Otherwise its bookmark would pass records that were never written."""
    output = sync(streams=[stream, "products"], stream_maps={stream: None})
    assert {request.path for request in sandbox.requests} == {"/api/product/search"}
    assert set(output.schemas) == {"products"}


@pytest.mark.parametrize("read", [False, True])
def test_a_setting_decides_whether_details_are_read(
    sync: Sync, config: dict[str, t.Any], read: bool
) -> None:
    catalog = TapClientSuccess(config=config | {"read_details": read}).catalog
    assert catalog.keys() & DETAILS == (DETAILS if read else set())
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
    """They are in a catalog of other settings, and Meltano selects all it has."""
    caplog.set_level("INFO")
    with_details = TapClientSuccess(config=config | {"read_details": True})
    catalog = select(with_details.catalog_dict, [])
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] in DETAILS:
            entry["metadata"] = [{"breadcrumb": [], "metadata": root}] if root else []
    with pytest.raises(ConfigValidationError):
        sync(catalog=catalog)
    assert not sandbox.requests
    assert "client_details: skipped, because read_details is off" in caplog.text


def test_a_catalog_can_deselect_details(
    sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(sync(read_details=True, streams=["products"]).schemas) == {"products"}
    assert "discover again" not in caplog.text


def test_a_catalog_from_before_details_were_switched_on(
    sync: Sync, config: dict[str, t.Any], caplog: pytest.LogCaptureFixture
) -> None:
    catalog = TapClientSuccess(config=config).catalog_dict
    select(catalog, ["products"])
    sync(catalog=catalog, read_details=True)
    (line,) = (line for line in caplog.messages if "discover again" in line)
    assert line.startswith("client_details, contact_details: not read, although read_d")


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


def test_a_detail_that_is_not_there_though_the_search_lists_its_record(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    uuids = [record["uuid"] for record in sandbox.store.records("clients")]
    for uuid in uuids[3:5]:
        sandbox.faults.add(Status(f"/client/{uuid}", 404))
    output = sync(read_details=True, streams=["client_details"])
    assert len(output.records["client_details"]) == 28
    lines = [message for message in caplog.messages if "no detail of a rec" in message]
    assert len(lines) == 2
    assert "2 times" in lines[1]
    assert output.bookmark("client_details")


def test_details_of_which_none_exists_are_not_complete(
    sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(seed=7, clients=3) as other:
        other.faults.add(Status("*/client/*-*", 404))
        output = sync(
            read_details=True, streams=["client_details"], base_url=other.base_url
        )
    assert "none of 3 details exists at /client/{uuid}" in caplog.text
    assert output.bookmark("client_details") is None


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


@pytest.mark.parametrize("stream", sorted(V1))
def test_lists_of_v1(sync: Sync, sandbox: Sandbox, stream: str) -> None:
    output = sync(streams=[stream])
    assert output.ids(stream) == sorted(sandbox.store.ids(stream))
    (request,) = sandbox.requests
    assert request.path.startswith("/v1/")


EMPLOYEE_TIMES = ("lastUsedTime", "createdTime", "modifiedTime")


def test_times_of_employees_are_times(sync: Sync, sandbox: Sandbox) -> None:
    """The API sends milliseconds since 1970; see the next test for older catalogs."""
    output = sync(streams=["employees"])
    properties = output.schemas["employees"]["properties"]
    sent = {record["id"]: record for record in sandbox.store.records("employees")}
    for record in output.records["employees"]:
        for name in EMPLOYEE_TIMES:
            assert properties[name]["format"] == "date-time"
            if (milliseconds := sent[record["id"]].get(name)) is None:
                assert record[name] is None
                continue
            assert type(milliseconds) is int
            time = dt.datetime.fromisoformat(record[name])
            assert time.timestamp() * 1000 == pytest.approx(milliseconds, abs=0.01)


@pytest.mark.parametrize("settings", [{}, FLAT], ids=str)
def test_an_older_catalog_keeps_the_columns_of_employees(
    sync: Sync, sandbox: Sandbox, config: dict[str, t.Any], settings: dict[str, t.Any]
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["employees"])
    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == "employees")
    for name in EMPLOYEE_TIMES:
        entry["schema"]["properties"][name] = {"type": ["integer", "null"]}
    output = sync(catalog=catalog, **settings)
    assert output.schemas["employees"]["properties"]["createdTime"]["type"] == [
        "integer",
        "null",
    ]
    sent = {record["id"]: record for record in sandbox.store.records("employees")}
    for record in output.records["employees"]:
        for name in EMPLOYEE_TIMES:
            assert record[name] == sent[record["id"]].get(name)


def test_subscriptions(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(streams=["subscriptions"])
    records = output.records["subscriptions"]
    assert output.ids("subscriptions") == sandbox.store.ids("subscriptions")
    assert {request.path for request in sandbox.requests} == {"/v1/subscriptions"}
    assert {len(record["startDate"]) for record in records} == {10}
    assert not output.bookmark("subscriptions")


def test_what_one_recording_of_subscriptions_leaves_open_is_text(
    sync: Sync, sandbox: Sandbox
) -> None:
    body = [
        {"id": 1, "reasonCodes": [7, {"id": 8}], "attachmentIds": [5], "amount": 1.50},
        {"id": 2, "salesforceId": 12, "startDate": "2018-12-11T00:00:00Z"},
    ]
    sandbox.faults.add(Body("/v1/subscriptions", body))
    one, two = sync(streams=["subscriptions"]).records["subscriptions"]
    assert one["reasonCodes"] == ["7", '{"id":8}']
    assert (one["attachmentIds"], one["amount"]) == (["5"], 1.5)
    assert (two["salesforceId"], two["startDate"]) == ("12", "2018-12-11")


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
