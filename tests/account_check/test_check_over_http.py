"""The account check against sandboxes that behave in known ways."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from clientsuccess_sandbox import (
    Body,
    Edits,
    Fault,
    Html,
    RateLimit,
    Redirect,
    Reset,
    Sandbox,
    Status,
)
from clientsuccess_sandbox import Headers as AddHeaders
from clientsuccess_sandbox.messages import Request, Response
from tap_clientsuccess.account_check import asker

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import CommandLine, CommandResult

MOST_REQUESTS = 150
SEARCHES = ("clients", "contacts", "contracts", "client_notes", "pulses", "products")


class Checked(t.NamedTuple):
    """A report, and how the command ended."""

    report: dict[str, t.Any]
    result: CommandResult

    def stream(self, name: str) -> dict[str, t.Any]:
        found: dict[str, t.Any] = next(
            each
            for each in (*self.report["streams"], *self.report["v1"])
            if each["name"] == name
        )
        return found


class Filtered(Fault, tag="filtered"):
    """Answer with a status where a filter is given."""

    status: int

    def matches(self, request: Request) -> bool:
        return super().matches(request) and "modifiedAfter" in request.query

    def change(self, _: Response) -> Response:
        return Response.of_error(self.status)


Check = t.Callable[..., Checked]


@pytest.fixture
def check(cli: CommandLine, sandbox: Sandbox) -> Check:
    """Run the account check against the sandbox."""

    def run(**settings: t.Any) -> Checked:
        sandbox.requests.clear()
        result = cli("--test=api", "--format=json", **settings)
        assert len(sandbox.requests) <= MOST_REQUESTS
        return Checked(json.loads(result.stdout), result)

    return run


@pytest.fixture
def sandbox() -> t.Iterator[Sandbox]:
    with Sandbox(seed=7, clients=150, employees=20) as running:
        yield running


def test_what_an_account_as_documented_does(check: Check, sandbox: Sandbox) -> None:
    checked = check()
    report = checked.report
    assert checked.result.exit_code == 0
    assert (report["reasons"], report["differs"], report["settings"]) == ([], [], {})
    assert report["requests"] == len(sandbox.requests)
    assert report["health"]["/health"] == 200
    assert report["key"] == {"X-API-Key": 200}
    assert report["missing_detail"] == "404"
    assert abs(report["clock_seconds"]) <= 1
    for name in SEARCHES:
        facts = checked.stream(name)
        assert facts["records"] == len(sandbox.store.ids(name))
        assert (facts["total"], facts["reads_to"]) == ("exact", None)
        assert facts["future_is_empty"]
        assert facts["without_time"] == facts["without_key"] == 0
    facts = checked.stream("contacts")
    assert facts["page_sizes"] == dict.fromkeys(("1000", "500", "200"), 200)
    assert facts["first_page"] == 0
    assert facts["sorts_ascending"] is facts["sorts_descending"] is True
    assert facts["filters"] is facts["inclusive"] is True
    assert (facts["precision"], facts["zone"]) == ("millisecond", 0)
    assert facts["read"] == "by time"
    assert facts["fields"]["times"] == ["9999-99-99T99:99:99.999Z"]
    assert checked.stream("tasks")["read"] == "by page number"
    assert checked.stream("clients")["read"] == "in one request"
    assert checked.stream("employees")["records"] == 20


def test_a_few_records_leave_open_what_they_cannot_show(
    check: Check, sandbox: Sandbox
) -> None:
    facts = check().stream("products")
    assert facts["page_sizes"] == {"1000": None}
    assert facts["sorts_ascending"] is None
    assert facts["read"] == "in one request"


@pytest.mark.parametrize(
    ("precision", "inclusive", "zone"),
    [
        ("millisecond", False, 0),
        ("millisecond", True, -7),
        ("second", True, 0),
        ("second", False, 5.5),
        ("day", True, 0),
        ("day", False, 0),
        ("day", True, -7),
    ],
)
def test_how_filters_compare(
    check: Check, sandbox: Sandbox, *, precision: str, inclusive: bool, zone: float
) -> None:
    sandbox.filter_precision = precision  # type: ignore[assignment]
    sandbox.inclusive, sandbox.filter_zone = inclusive, zone
    checked = check()
    for name in ("contacts", "contracts", "client_notes", "pulses"):
        facts = checked.stream(name)
        found = facts["precision"], facts["inclusive"], facts["zone"]
        assert found == (precision, inclusive, zone)
        assert facts["filters"] is True
        is_hidden = zone or (not inclusive and precision != "millisecond")
        assert facts["read"] == ("by page number" if is_hidden else "by time")
    said = f"contacts: filters are taken for UTC{zone:+g}"
    assert (said in checked.report["differs"]) is bool(zone)


def test_a_filter_that_is_ignored(check: Check, sandbox: Sandbox) -> None:
    sandbox.ignore = {"/contact/search": {"modifiedAfter"}}
    checked = check()
    facts = checked.stream("contacts")
    assert (facts["filters"], facts["future_is_empty"]) == (False, False)
    assert facts["inclusive"] is facts["precision"] is facts["without_time"] is None
    assert facts["read"] == "by page number"
    assert "contacts: does not filter by modification time" in checked.report["differs"]
    assert checked.stream("contracts")["filters"] is True


def test_a_total_that_ignores_the_filter(check: Check, sandbox: Sandbox) -> None:
    sandbox.by_path = {"/contact/search": {"filtered_totals": False}}
    checked = check()
    facts = checked.stream("contacts")
    assert (facts["filters"], facts["filters_total"]) == (True, False)
    assert facts["without_time"] is None
    said = "contacts: the total ignores the filter by modification time"
    assert said in checked.report["differs"]
    assert checked.stream("contracts")["filters_total"] is True


def test_an_order_that_is_ignored(check: Check, sandbox: Sandbox) -> None:
    sandbox.ignore = {"/contract/search": {"sortBy", "sortDirection"}}
    checked = check()
    facts = checked.stream("contracts")
    assert facts["sorts_ascending"] is facts["sorts_descending"] is False
    assert facts["read"] == "by page number"
    assert "contracts: does not sort newest first" in checked.report["differs"]


def test_a_filter_of_what_does_not_sort(check: Check, sandbox: Sandbox) -> None:
    sandbox.ignore = {"/clientNote/search": {"sortBy", "sortDirection"}}
    sandbox.max_size = 1000
    facts = check().stream("client_notes")
    assert facts["sorts_ascending"] is facts["sorts_descending"] is False
    assert facts["filters"] is not False
    assert facts["future_is_empty"] is True


def test_an_ignored_order_of_what_is_not_known_to_sort_is_no_difference(
    check: Check, sandbox: Sandbox
) -> None:
    sandbox.ignore = {"/pulse/search": {"sortBy", "sortDirection", "modifiedAfter"}}
    checked = check()
    assert checked.stream("pulses")["read"] == "by page number"
    assert not checked.report["differs"]


@pytest.mark.parametrize("cap", [50, 400, 1000])
def test_caps(check: Check, sandbox: Sandbox, cap: int) -> None:
    sandbox.max_size = cap
    checked = check()
    sizes = checked.stream("client_notes")["page_sizes"]
    assert sizes["1000"] == min(cap, 750) if cap < 750 else sizes["1000"] is None
    if cap < 500:
        assert sizes["500"] == cap
        assert sizes["200"] == min(cap, 200)
    said = "client_notes: a page of 200 has 50 records"
    assert (said in checked.report["differs"]) is (cap == 50)


@pytest.mark.parametrize(
    ("beyond", "cap_total"),
    [("400", True), ("500", False), ("empty", False), ("repeat", True)],
)
def test_how_deep_a_search_reads(
    check: Check, sandbox: Sandbox, *, beyond: str, cap_total: bool
) -> None:
    sandbox.max_depth, sandbox.beyond_depth = 610, beyond  # type: ignore[assignment]
    sandbox.cap_total = cap_total
    facts = check().stream("client_notes")
    assert (facts["reads_to"], facts["beyond"]) == (610, beyond)
    assert facts["total"] == ("capped" if cap_total else "exact")
    assert facts["records"] == (610 if cap_total else 750)


def test_a_depth_that_no_first_page_of_1000_fits_in(
    check: Check, sandbox: Sandbox
) -> None:
    sandbox.max_depth = sandbox.max_size = 500
    facts = check().stream("client_notes")
    assert facts["reachable"]
    assert facts["reads_to"] == 500


def test_pages_that_are_numbered_from_one(check: Check, sandbox: Sandbox) -> None:
    sandbox.first_page = 1
    checked = check()
    facts = checked.stream("contacts")
    assert (facts["first_page"], facts["total"]) == (1, "exact")
    assert "contacts: pages are numbered from 1" in checked.report["differs"]


def test_records_that_are_counted_and_never_returned(
    check: Check, sandbox: Sandbox
) -> None:
    sandbox.extra_total = 3
    checked = check()
    facts = checked.stream("contacts")
    assert facts["counted_too_many"] == 3
    assert facts["total"] == "inexact"
    assert facts["records"] == len(sandbox.store.ids("contacts"))
    assert "contacts: the total is inexact" in checked.report["differs"]


def test_v1_that_is_closed(check: Check, sandbox: Sandbox) -> None:
    sandbox.key_opens_v1 = False
    checked = check()
    assert checked.result.exit_code == 0
    assert {each["status"] for each in checked.report["v1"]} == {401}
    assert checked.report["settings"] == {"v1_streams": "off"}
    required = check(v1_streams="required")
    assert required.result.exit_code == 1
    assert "of v1 cannot be read (401)" in required.report["reasons"][0]


def test_health_that_is_missing(check: Check, sandbox: Sandbox) -> None:
    sandbox.faults.add(Status("*/health", 404))
    checked = check()
    assert checked.result.exit_code == 1
    assert checked.report["reasons"] == ["health does not answer (404)"]
    assert "/health answers 404" in checked.report["differs"]


def test_a_web_page_is_no_health(check: Check, sandbox: Sandbox) -> None:
    sandbox.faults.add(Body("*/health", "<html>hello", content_type="text/html"))
    checked = check()
    assert checked.report["health"]["/health"] is None
    assert checked.result.exit_code == 1


REJECTED = "the API key is wrong, expired or lacks a permission"
UNREACHABLE = "the connection was refused: check base_url"


def check_stopped(checked: Checked, markdown: CommandResult, reason: str) -> None:
    """Check that both forms of the report have the reason, and no advice."""
    report = checked.report
    assert checked.result.exit_code == markdown.exit_code == 1
    assert len(report["reasons"]) == 1
    assert reason in report["reasons"][0]
    assert reason in markdown.stdout.splitlines()[0]
    assert reason in checked.result.stderr.splitlines()[-1]
    assert not any(report[name] for name in ("settings", "differs", "streams", "plan"))
    for words in ("Settings to use", "Differs", "open an issue", "127.0.0.1"):
        assert words not in markdown.stdout
    assert "127.0.0.1" not in checked.result.stdout + checked.result.stderr


def test_a_key_that_is_refused(
    check: Check, cli: CommandLine, sandbox: Sandbox
) -> None:
    assert REJECTED in cli("--test", api_key="wrong").stderr
    checked = check(api_key="wrong")
    # A client and a contact, with the key in each header.
    assert checked.report["requests"] == len(sandbox.requests) == 4
    assert checked.report["key"] == {"X-API-Key": 401, "Authorization": 401}
    check_stopped(checked, cli("--test=api", api_key="wrong"), REJECTED)
    reason = checked.report["reasons"][0]
    assert reason.startswith("the key is refused in X-API-Key and Authorization: ")


@pytest.mark.parametrize("answers", [True, False])
def test_a_login_that_is_refused(
    check: Check, cli: CommandLine, sandbox: Sandbox, *, answers: bool
) -> None:
    login = {
        "api_key": None,
        "auth_method": "password",
        "username": sandbox.username,
        "password": sandbox.password if answers else "wrong",
    }
    if answers:
        sandbox.faults.add(Status("*/search", 403))
    reason = "the login works, but not" if answers else "the login was rejected"
    checked = check(**login)
    assert len(sandbox.requests) <= 4
    check_stopped(checked, cli("--test=api", **login), reason)
    assert checked.report["key"] == {}


@pytest.mark.parametrize("name", ["client", "pulse"])
def test_an_object_that_is_refused(check: Check, sandbox: Sandbox, name: str) -> None:
    sandbox.faults.add(Status(f"/{name}/search", 403))
    checked = check()
    assert checked.result.exit_code == 1
    assert f"{name}s cannot be read (403)" in checked.report["reasons"]


def test_products_alone_are_no_reason(check: Check, sandbox: Sandbox) -> None:
    sandbox.faults.add(Status("/product/search", 403))
    checked = check()
    assert checked.result.exit_code == 0
    assert "products: cannot be read (403)" in checked.report["differs"]


def test_records_without_modification_times(check: Check, sandbox: Sandbox) -> None:
    checked = check()
    assert checked.stream("pulses")["shows_modification"] is False
    assert checked.stream("client_notes")["shows_modification"] is True


def test_a_rate_limit_is_waited_for_and_told(check: Check, sandbox: Sandbox) -> None:
    limits = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "3"}
    sandbox.faults.add(AddHeaders("*", headers={**limits, "X-Limit-Acme": "9"}))
    sandbox.faults.add(Status("/contact/search", 429, retry_after=0, times=1))
    checked = check()
    assert checked.result.exit_code == 0
    found = checked.report["limit_headers"]
    assert found == {
        "Retry-After": 0,
        "X-Ratelimit-Limit": 60,
        "X-Ratelimit-Remaining": None,
    }
    assert checked.report["other_limit_headers"] == 1
    assert checked.report["rate_limited"] == 1


def test_requests_that_all_fail_end_in_time(check: Check, sandbox: Sandbox) -> None:
    sandbox.faults.add(RateLimit("*", per_second=0, retry_after=0))
    checked = check()
    assert checked.result.exit_code == 1
    assert checked.report["requests"] <= MOST_REQUESTS


def test_a_check_ends_when_its_time_is_over(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker, "_MOST_SECONDS", 0.0)
    checked = check()
    assert checked.result.exit_code == 1
    assert checked.report["requests"] == 0
    assert "the report is not complete" in checked.result.stderr


def test_a_limit_and_an_outage_together_end(check: Check, sandbox: Sandbox) -> None:
    sandbox.faults.add(Status("/contact/search", 429, retry_after=0, times=2))
    sandbox.faults.add(Status("/contact/search", 503))
    checked = check()
    assert not checked.stream("contacts")["reachable"]
    assert checked.stream("contracts")["filters"] is True


def test_nobody_is_there(check: Check, cli: CommandLine) -> None:
    base_url = "http://127.0.0.1:9/api"
    assert UNREACHABLE in cli("--test", base_url=base_url).stderr
    checked = check(base_url=base_url)
    # A client and a contact, each twice.
    assert checked.report["requests"] == 4
    check_stopped(checked, cli("--test=api", base_url=base_url), UNREACHABLE)
    shown = cli("--test=api", "--show-host", base_url=base_url)
    assert f"GET {base_url}/client/search: {UNREACHABLE}" in shown.stdout


def test_connections_that_are_lost(
    check: Check, cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Reset("*"))
    checked = check()
    assert checked.report["requests"] == 4
    check_stopped(checked, cli("--test=api"), "the connection was lost")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Html("*"), "answered with a maintenance page: the service is down"),
        (Html("*", body="<html>Hello"), "answered with a web page: check base_url"),
        (Status("*", 503, retry_after=0), "answered 503: the service is down or"),
        (Status("*", 500), "answered 500: the service is down or overloaded"),
        (Status("*", 404), "answered 404: not found: check base_url"),
    ],
)
def test_a_server_that_is_no_api(
    check: Check, cli: CommandLine, sandbox: Sandbox, fault: Fault, reason: str
) -> None:
    sandbox.faults.add(fault)
    checked = check()
    # A client, a contact and health; a failure of the server twice.
    assert checked.report["requests"] == len(sandbox.requests) <= 6
    check_stopped(checked, cli("--test=api"), reason)


@pytest.mark.parametrize("fault", [Html("*/search"), Status("*/search", 503)])
def test_an_api_that_is_healthy_is_asked_all(
    check: Check, sandbox: Sandbox, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    report = check().report
    assert report["health"]["/health"] == 200
    assert len(report["reasons"]) == 5
    assert report["v1"][0]["reachable"]


def test_a_redirect_to_another_host(
    check: Check, cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Redirect("*", "http://acme.example.com/api"))
    checked = check()
    check_stopped(checked, cli("--test=api"), "redirects elsewhere, to URL: the key")
    assert "acme" not in checked.result.stdout + checked.result.stderr


def test_one_object_without_a_response_is_no_reason_to_stop(
    check: Check, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Reset("/client/search"))
    checked = check()
    assert checked.report["key"] == {"X-API-Key": 200}
    assert checked.stream("contacts")["filters"] is True


MANY = range(40)


@pytest.mark.parametrize(
    "body",
    [
        *(True, 3, "x", [None], [1, "a", []], {"data": None}, '{"data":['),
        {"data": [None, 1, [], "s"], "totalElements": 9},
        {"data": [{"id": [1]}, {"id": {"a": 1}}], "totalElements": "x"},
        {"data": [{"id": 1, "modifiedTime": {"a": 1}, "custom": [1]}]},
        {"data": [{"id": n, "modifiedTime": "9999-12-31T23:59:59Z"} for n in MANY]},
        {"data": [{"id": n, "modifiedTime": "0001-01-01T00:00:00Z"} for n in MANY]},
        {"content": [{"id": n, "modifiedTime": 10**12 + n} for n in MANY]},
        [{"id": 1, "fieldTypeName": {"a": 1}}, {"fieldTypeName": [1]}],
    ],
)
def test_any_answer_leads_to_a_report(
    check: Check, sandbox: Sandbox, body: t.Any
) -> None:
    sandbox.faults.add(Body("*", body))
    assert "Unexpected" not in check().result.stderr


@pytest.mark.parametrize(
    "fault",
    [Body("*/search", None), Body("*/search", [{"id": 1}]), Body("*", b"", status=204)],
)
def test_answers_that_are_no_page(check: Check, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.faults.add(fault)
    checked = check()
    assert checked.result.exit_code == 1
    assert not any(each["reachable"] for each in checked.report["streams"][:3])


def test_a_custom_stream_has_a_number_and_requests_of_its_own(
    check: Check, sandbox: Sandbox
) -> None:
    stream = {
        "name": "acme_contacts",
        "path": "/contact/search",
        "primary_keys": ["id"],
        "replication_key": "modifiedTime",
    }
    checked = check(custom_streams=[stream])
    facts = checked.stream("custom stream 1")
    assert facts["filters"] is True
    assert facts["records"] == len(sandbox.store.ids("contacts"))
    assert checked.report["requests"] == len(sandbox.requests)
    assert "acme" not in checked.result.stdout + checked.result.stderr


def test_markdown_comes_without_a_format(cli: CommandLine, sandbox: Sandbox) -> None:
    result = cli("--test=api")
    assert result.exit_code == 0
    assert result.stdout.startswith("# Account check: everything that a sync needs")
    assert "| contacts | yes | 450 |" in result.stdout
    assert "## Plan" in result.stdout
    assert re.search(r"in (< )?[0-9.]+ minutes", result.stdout)
    assert "modifiedAfter includes its moment" in result.stdout
    assert "days before the server's clock" in result.stdout
    last = result.stderr.splitlines()[-1]
    assert f"Report written, {len(sandbox.requests)} requests" in last
    assert "127.0.0.1" not in result.stdout + result.stderr
    assert "127.0.0.1" in cli("--test=api", "--show-host").stdout


def test_a_login(bare_cli: CommandLine, sandbox: Sandbox, tmp_path: Path) -> None:
    config = {
        "auth_method": "password",
        "base_url": sandbox.base_url,
        "username": sandbox.username,
        "password": sandbox.password,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    result = bare_cli("--config", str(path), "--test=api", "--format=json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["key"] == {}


def test_records_that_change_meanwhile_leave_open_what_they_hide(
    check: Check, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Edits("*/search", 3))
    checked = check()
    for name in SEARCHES:
        facts = checked.stream(name)
        assert facts["total"] in {"exact", None}
        assert facts["reads_to"] is None
        assert facts["filters"] is not False
        assert facts["inclusive"] is not False
        assert facts["precision"] in {"millisecond", None}
    assert not checked.report["differs"]


def test_a_total_that_more_is_counted_in_than_is_read(
    check: Check, sandbox: Sandbox
) -> None:
    sandbox.max_depth = 500
    facts = check().stream("client_notes")
    # From the other end, the last record that is read has the place it should have.
    assert (facts["total"], facts["records"]) == ("exact", 750)


@pytest.mark.parametrize(("status", "filters"), [(400, False), (503, None)])
def test_a_filter_that_is_refused(
    check: Check, sandbox: Sandbox, *, status: int, filters: bool | None
) -> None:
    sandbox.faults.add(Filtered("/contact/search", status=status))
    facts = check().stream("contacts")
    assert facts["filters"] is filters
    assert facts["without_time"] is None
