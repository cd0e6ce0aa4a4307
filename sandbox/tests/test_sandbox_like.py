"""A sandbox that behaves as the report of an account check says; its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_client import Client, fixtures

from clientsuccess_sandbox import Parameters, Sandbox, Status, settings_like
from clientsuccess_sandbox.cli import main, make_parser, settings_from
from clientsuccess_sandbox.faults.from_report import ReportedFields
from clientsuccess_sandbox.faults.registry import Faults
from clientsuccess_sandbox.like import read_like
from clientsuccess_sandbox.messages import Request, Response

sandbox, client = fixtures()
REPORTS = Path(__file__).parent.parent.parent / "tests" / "reports"


def report(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPORTS / f"{name}.json").read_text())
    return found


def given(*arguments: str) -> dict[str, Any]:
    return settings_from(make_parser().parse_args(arguments))


def test_sizes_and_how_filters_compare() -> None:
    settings = settings_like(report("other_zone"))
    assert settings["clients"] == 80
    assert settings["undated"] == {"contacts": 12}
    assert settings["missing_detail"] == "417"
    assert settings["clock_offset"] == pytest.approx(90, abs=1)
    of_contacts = settings["by_path"]["/contact/search"]
    assert of_contacts["filter_precision"] == "second"
    assert of_contacts["filter_zone"] == -7


def test_what_has_no_records() -> None:
    found = report("imported")
    for facts in found["streams"]:
        facts["records"], facts["fields"]["sampled"] = 0, 0
    settings = settings_like(found)
    assert settings["pulses"] == settings["custom_searches"]["custom1"] == 0


def test_what_is_not_counted_has_records_all_the_same() -> None:
    found = report("imported")
    for facts in found["streams"]:
        facts["records"], facts["fields"]["sampled"] = None, 0
    settings = settings_like(found)
    assert "pulses" not in settings
    assert settings["custom_searches"]["custom1"] > 200


def test_who_may_read_what() -> None:
    settings = settings_like(report("coarse_filter"))
    assert settings["key_opens_v1"] is False
    assert settings["health_path"] == "/ping"
    settings = settings_like(report("little"))
    assert settings["key_header"] == "Authorization"
    assert settings["health_path"] == ""
    assert "/product/search" in [fault.path for fault in settings["initial_faults"]]


@pytest.mark.parametrize(
    ("key", "header"),
    [
        ({"X-API-Key": 200}, None),
        ({"X-API-Key": 401, "Authorization": 200}, "Authorization"),
        ({"Authorization": 200}, "Authorization"),
        ({"X-Token": 200}, "X-Token"),
        ({}, None),
    ],
)
def test_the_header_of_the_key_in_a_report(
    key: dict[str, int], header: str | None
) -> None:
    settings = settings_like(report("as_documented") | {"key": key})
    assert settings.get("key_header") == header


def test_a_report_without_what_later_ones_tell() -> None:
    found = report("imported")
    for facts in found["streams"]:
        del facts["filters_total"], facts["one_time"]
    settings = settings_like(found)
    assert not settings["imported"]
    assert settings["by_path"]["/clientNote/search"]["filtered_totals"]


def test_what_is_ignored_and_not_counted() -> None:
    settings = settings_like(report("by_number"))
    assert settings["ignore"]["/clientNote/search"] == {"modifiedAfter"}
    orders = {
        fault.path: fault.parameters.get("sortBy")
        for fault in settings["initial_faults"]
        if isinstance(fault, Parameters)
    }
    # By the id, pulses are sorted in one direction.
    assert orders == {"/clientNote/search": "subject", "/pulse/search": None}
    assert settings["by_path"]["/contract/search"]["totals"] is False
    assert settings["headers"] == {"X-Ratelimit-Limit": "600"}


def test_a_rate_limit() -> None:
    limited = report("as_documented") | {"rate_limited": 3, "minutes": 1.0}
    fault, *_ = settings_like(limited)["initial_faults"]
    assert fault.per_second == round(limited["requests"] / 60)


def test_options_count_more_than_the_report() -> None:
    path = str(REPORTS / "as_documented.json")
    settings = given("--like", path, "--contacts", "7")
    assert (settings["clients"], settings["contacts"]) == (150, 7)
    with Sandbox(**settings | {"port": 0}) as running:
        assert running.store.count("contacts") == 7


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"streams": 3}'])
def test_what_is_no_report(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is not a report"):
        read_like(path)
    with pytest.raises(SystemExit):
        main(["--like", str(path)])
    assert "is not a report of --test=api in JSON" in capsys.readouterr().err
    with pytest.raises(ValueError, match="No such file"):
        read_like(tmp_path / "none.json")


def test_a_report_of_a_check_that_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    stopped = {"streams": [], "reasons": ["GET URL answered 503: the service is down"]}
    path.write_text(json.dumps(stopped))
    with pytest.raises(SystemExit):
        main(["--like", str(path)])
    said = " ".join(capsys.readouterr().err.split())
    assert "the account check stopped: GET URL answered 503" in said
    assert "make the report again" in said


def test_the_path_of_health(client: Client, sandbox: Sandbox) -> None:
    sandbox.health_path = "/ping"
    assert client.read("/ping").status_code == 200
    assert client.read("/health").status_code == 404
    url = f"{sandbox.base_url}/ping"
    assert client.post(url, timeout=5).status_code == 405
    sandbox.health_path = ""
    assert client.read("/ping").status_code == 404


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization", "X-Token"])
def test_the_header_of_the_key(sandbox: Sandbox, header: str) -> None:
    sandbox.key_header = header
    other = "Authorization" if header == "X-API-Key" else "X-API-Key"
    url = f"{sandbox.base_url}/health"
    for name, status in ((header, 200), (other, 401)):
        headers = {name: sandbox.api_key}
        assert requests.get(url, headers=headers, timeout=5).status_code == status


@pytest.mark.parametrize(("how", "status"), [("404", 404), ("417", 417), ("null", 200)])
def test_a_detail_that_does_not_exist(
    client: Client, sandbox: Sandbox, how: str, status: int
) -> None:
    sandbox.missing_detail = how  # type: ignore[assignment]
    answer = client.read("/client/nobody")
    assert answer.status_code == status
    assert (answer.json() is None) is (how == "null")


def test_totals_and_pages_from_one(client: Client, sandbox: Sandbox) -> None:
    before = client.read("/contact/search", page=0, size=5).json()
    sandbox.totals, sandbox.first_page = False, 1
    body = client.read("/contact/search", page=1, size=5).json()
    assert body["data"] == before["data"]
    assert body["page"] == 1
    assert body["last"] is False
    assert "totalElements" in before
    assert not body.keys() & {"totalElements", "totalPages"}


def test_one_search_of_its_own_behaviour(client: Client, sandbox: Sandbox) -> None:
    sandbox.by_path = {"/pulse/search": {"max_size": 3}}
    assert len(client.read("/pulse/search", size=9).json()["data"]) == 3
    assert len(client.read("/contact/search", size=9).json()["data"]) == 9


def test_headers(client: Client, sandbox: Sandbox) -> None:
    sandbox.headers = {"X-RateLimit-Limit": "60"}
    assert client.read("/health").headers["x-ratelimit-limit"] == "60"


def test_records_without_a_time() -> None:
    with Sandbox(clients=40, undated={"contacts": 5}) as running:
        session = Client(running)
        found = session.walk("/contact/search", sortBy="modifiedTime", size=50)
        undated = [record for record in found if "modifiedTime" not in record]
        assert found[:5] == undated
        assert "createdTime" not in undated[0]
        after = session.walk("/contact/search", modifiedAfter="1970-01-01")
        assert len(after) == len(found) - 5


@pytest.mark.parametrize("kind", ["contacts", "pulses"])
def test_an_import_made_all_records_at_one_time(kind: str) -> None:
    with Sandbox(clients=9, imported=[kind]) as running:
        path = f"/{kind.removesuffix('s')}/search"
        records = Client(running).walk(path)
        keys = {"modifiedTime", "createdTime", "createdTimestamp"}
        times = [each[key] for each in records for key in keys & each.keys()]
        assert len({*times}) == 1
        assert not Client(running).walk(path, modifiedAfter="2026-01-02")


def test_totals_that_ignore_the_filter(client: Client, sandbox: Sandbox) -> None:
    sandbox.filtered_totals = False
    body = client.read("/contact/search", modifiedAfter="2100-01-01", size=1).json()
    assert not body["data"]
    assert body["totalElements"] == sandbox.store.count("contacts")


def test_a_search_for_a_custom_stream() -> None:
    with Sandbox(clients=9, custom_searches={"invoice": 70}) as running:
        client = Client(running)
        assert len(client.walk("/invoice/search", modifiedAfter="1970-01-01")) == 70
        assert client.read("/invoices/search").status_code == 404
        assert client.post(f"{running.base_url}/invoice/search").status_code == 405
        running.store.edit("invoice", 3, subject="x")
        newest = client.read("/invoice/search", sortBy="modifiedTime", size=70).json()
        assert newest["data"][-1]["id"] == 3


@pytest.mark.parametrize("shows", [True, False])
def test_an_edit_shows_no_time_where_there_was_none(shows: bool) -> None:
    kinds: dict[str, Any] = {"undated": {"pulses": 2}}
    with Sandbox(clients=9, modification_times={"pulses": shows}, **kinds) as running:
        before = Client(running).walk("/pulse/search", modifiedAfter="1970-01-01")
        running.store.edit("pulses", 2, nextSteps="Call")
        after = Client(running).walk("/pulse/search", modifiedAfter="1970-01-01")
        assert len(after) == len(before) == running.store.count("pulses") - 2


@pytest.mark.parametrize("count", [0, 3, 900])
def test_the_size_of_v1_lists(count: int) -> None:
    sizes: dict[str, Any] = {"client_segments": count, "client_statuses": count}
    with Sandbox(clients=20, subscriptions=count, **sizes) as running:
        for path in ("subscriptions", "client-segments", "client-statuses"):
            records = Client(running).get(f"{running.url}/v1/{path}", timeout=5).json()
            assert len({record["id"] for record in records}) == len(records) == count


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("--undated=contacts=3", "undated", {"contacts": 3}),
        ("--imported=contacts", "imported", ("contacts",)),
        ("--custom-search=invoice=7", "custom_searches", {"invoice": 7}),
        ("--header=X-Limit=a=b", "headers", {"X-Limit": "a=b"}),
        (
            "--at=/pulse/search:inclusive=false",
            "by_path",
            {"/pulse/search": {"inclusive": False}},
        ),
        (
            "--at=/pulse/search:filter_precision=day",
            "by_path",
            {"/pulse/search": {"filter_precision": "day"}},
        ),
    ],
)
def test_options(option: str, name: str, value: Any) -> None:
    assert given(option)[name] == value


def test_a_setting_that_no_search_has_of_its_own() -> None:
    with pytest.raises(ValueError, match="gzip is not one of"):
        given("--at=/pulse/search:gzip=false")


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("9999-99-99T99:99:99.999Z", "2024-05-01T10:11:12.345Z"),
        ("9999-99-99T99:99:99+9999", "2024-05-01T10:11:12+0000"),
        ("9999-99-99 99:99", "2024-05-01 10:11"),
        ("9999-99-99", "2024-05-01"),
        ("a number of 13 digits", 1714558272345),
        ("no time", "some day"),
    ],
)
def test_forms_of_times(form: str, shown: Any) -> None:
    record = {"id": 1, "dueDate": "2024-05-01T10:11:12.345Z"}
    changed = ReportedFields(path="*", forms=[form]).change(Response.of_json([record]))
    assert json.loads(changed.body) == [{"id": 1, "dueDate": shown}]


@pytest.mark.parametrize("path", ["/v1/auth", "*"])
def test_a_form_is_sent_where_a_parameter_is_refused(
    client: Client, sandbox: Sandbox, path: str
) -> None:
    sandbox.faults.add(Status(path, 400, parameter="size"))
    login = {"username": sandbox.username, "password": sandbox.password}
    answer = client.post(f"{sandbox.url}/v1/auth", data=login, timeout=5)
    assert answer.status_code == 200


def test_the_size_of_a_search_of_tasks_is_refused(
    client: Client, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status("/task/all", 400, parameter="size", value="7"))
    for size, status in ((7, 400), (8, 200)):
        body = {"pagination": {"taskPage": 0, "taskSize": size}}
        url = f"{sandbox.base_url}/task/all"
        assert client.post(url, json=body, timeout=5).status_code == status


def test_fields_that_a_report_tells_of() -> None:
    fault = ReportedFields(
        path="*",
        unknown=["healthIndex"],
        never_fit={"tenantId": ["string"], "items.total": ["object", "string"]},
        custom=[{"fieldKey": "field_1__cs", "fieldTypeName": "Integer"}],
        without_key=1,
    )
    records = [{"id": number, "items": [{"total": 3}]} for number in (1, 2)]
    first, second = json.loads(fault.change(Response.of_json(records)).body)
    assert "id" not in first
    assert second["id"] == 2
    assert second["healthIndex"] == "x"
    assert isinstance(second["tenantId"], str)
    assert isinstance(second["items"][0]["total"], dict)
    assert isinstance(second["custom"]["field_1__cs"], int)


def test_a_fault_remembers_for_each_sandbox() -> None:
    fault = ReportedFields(path="*", without_key=1)
    for number in (1, 5):
        faults = Faults(1)
        faults.add(fault)
        (active,) = faults.matching(Request("GET", "/"))
        records = Response.of_json([{"id": number}, {"id": number + 1}])
        first, second = json.loads(active.change(records).body)
        assert first == {}
        assert second == {"id": number + 1}


def test_what_is_refused_and_counted_as_a_report_says() -> None:
    found = report("as_documented")
    (contacts,) = [each for each in found["streams"] if each["name"] == "contacts"]
    contacts |= {"page_sizes": {"1000": 0, "500": 20, "200": 200}, "total": "inexact"}
    contacts |= {"reads_to": 300, "beyond": "503"}
    found["missing_detail"] = "400"
    with Sandbox(**settings_like(found)) as running:
        client = Client(running)
        assert client.read("/contact/search", size=1000).status_code == 400
        page = client.read("/contact/search", size=500).json()
        assert len(page["data"]) == 20
        assert page["totalElements"] == contacts["records"]
        assert running.store.count("contacts") > contacts["records"]
        beyond = client.read("/contact/search", page=301, size=1)
        assert beyond.status_code == 503
        assert client.read("/client/00000000-0000-4000-8000-0").status_code == 400
