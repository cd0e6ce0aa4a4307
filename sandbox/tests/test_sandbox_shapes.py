"""Shapes and parameters that sources other than the first describe."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sandbox_client import fixtures

from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data.choices import TENANT

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures(tasks=0)

DUE = {
    "monday": "2026-04-13",
    "yesterday": "2026-04-14",
    "today": "2026-04-15",
    "sunday": "2026-04-19",
    "next week": "2026-04-20",
    "end of month": "2026-04-30",
    "next month": "2026-05-01",
}


def v1(client: Client, path: str, **query: Any) -> Any:
    url = f"{client.sandbox.url}/v1/{path}"
    return client.get(url, params=query, timeout=5).json()


def test_old_shapes_of_some_clients(sandbox: Sandbox, client: Client) -> None:
    def types(key: str) -> set[type]:
        return {type(record.get(key)) for record in client.walk("/client/search")}

    assert int not in types("segment")
    details = [client.read(f"/client/{c['uuid']}").json() for c in clients(client)]
    assert team_types(details) == {dict}
    sandbox.old_shapes = True
    assert types("segment") >= {int, dict}
    details = [client.read(f"/client/{c['uuid']}").json() for c in clients(client)]
    assert team_types(details) == {dict, str}


def clients(client: Client) -> list[dict[str, Any]]:
    return client.walk("/client/search")


def team_types(details: list[dict[str, Any]]) -> set[type]:
    roles = [role for detail in details for role in detail["accTeamingRoles"]]
    assert {type(role["role"]) for role in roles} == {str}
    return {type(role["employee"]) for role in roles}


def test_a_region_says_how_often_it_is_used(client: Client) -> None:
    regions = [
        client.read(f"/client/{c['uuid']}").json()["region"] for c in clients(client)
    ]
    assert {type(region["used"]) for region in regions if region} == {int}


def test_the_detail_of_a_contact_has_its_tenant(client: Client) -> None:
    uuid = client.read("/contact/search").json()["data"][0]["uuid"]
    assert client.read(f"/contact/{uuid}").json()["tenant"] == TENANT


def test_segments_and_statuses_of_v1(client: Client) -> None:
    assert v1(client, "client-segments")[0].keys() == {
        *("id", "tid", "title", "description"),
        *("defaultSuccessCycleMapId", "successCycles"),
    }
    codes = {status["id"]: status["code"] for status in v1(client, "client-statuses")}
    assert codes == {1: "A", 2: "I", 3: "F", 4: "T"}


@pytest.mark.parametrize(
    ("times", "length"), [("date", 10), ("time", 24), ("number", None)]
)
def test_times_of_v1(client: Client, times: str, length: int | None) -> None:
    client.control("PATCH", "/behaviour", {"v1_times": times})
    for person in v1(client, "employees"):
        made = person["createdTime"]
        if length is None:
            assert isinstance(made, int)
        else:
            assert len(made) == length
            assert date.fromisoformat(made[:10]).year >= 2020


def test_subscriptions(sandbox: Sandbox, client: Client) -> None:
    found = v1(client, "subscriptions")
    assert found[0].keys() == {
        *("id", "clientId", "productId", "contractId", "csmId", "noteId"),
        *("clientNoteId", "renewedById", "potentialRenewedById", "statusId"),
        *("salesforceId", "salesforceProductId", "salesforceOpportunityId"),
        *("salesforceForecastId", "attachmentIds", "clientName", "productName"),
        *("amount", "quantity", "probability", "isRecurring", "isPotential"),
        *("autoRenew", "note", "reasonCodes", "reasonCodesNote", "potentialAmount"),
        *("potentialQuantity", "potentialProbability", "potentialNote", "startDate"),
        *("endDate", "createdDate", "clientAsOfDate", "renewedDate"),
        *("terminationDate", "potentialStartDate", "potentialEndDate"),
    }
    assert len({each["id"] for each in found}) == len(found)
    assert {len(each["startDate"]) for each in found} == {10}
    mine = v1(client, "subscriptions", clientId=1)
    assert mine == [each for each in found if each["clientId"] == 1] != []
    assert {each["clientName"] for each in mine} == {clients(client)[0]["name"]}


def tasks(client: Client, affiliation: Any) -> Any:
    body = {"filterBy": {"affiliationTask": affiliation}}
    return client.post(f"{client.sandbox.base_url}/task/all", json=body, timeout=5)


@pytest.mark.parametrize(
    ("affiliation", "names"),
    [
        ("ALL_TASKS", [*DUE, "done", "undated"]),
        ("ALL_OPEN_TASKS", [*DUE, "undated"]),
        ("ALL_COMPLETED_TASKS", ["done"]),
        ("MY_TASKS", ["today"]),
        ("MY_OPEN_TASKS", ["today"]),
        ("MY_COMPLETED_TASKS", []),
        ("OVERDUE", ["monday", "yesterday"]),
        ("TODAY", ["today"]),
        ("THIS_WEEK", ["monday", "yesterday", "today", "sunday"]),
        ("NEXT_WEEK", ["next week"]),
        ("THIS_MONTH", [name for name in DUE if name != "next month"]),
        ("NO_DUE_DATE", ["undated"]),
    ],
)
def test_which_tasks(
    sandbox: Sandbox, client: Client, affiliation: str, names: list[str]
) -> None:
    noon = from_iso("2026-04-15T12:00:00Z") / 1000
    sandbox.clock.offset = noon - time.time()
    others = {"completed": False, "assignedToEmployee": {"id": 2}}
    for name, day in DUE.items():
        mine = {"assignedToEmployee": {"id": 1}} if name == "today" else {}
        due = f"{day}T09:00:00.000Z"
        sandbox.store.insert("tasks", name=name, **others | mine, dueDate=due)
    sandbox.store.insert("tasks", name="undated", **others, dueDate=None)
    done = {"dueDate": "2026-04-15T00:00:00.000Z", "completed": True}
    sandbox.store.insert("tasks", name="done", **others | done)
    answer = tasks(client, affiliation).json()
    assert sorted(task["name"] for task in answer["content"]) == sorted(names)
    assert answer["totalElements"] == len(names)


@pytest.mark.parametrize("affiliation", ["NONSENSE", "MY_", "ALL_DAY", 7, None])
def test_unknown_affiliations(client: Client, affiliation: Any) -> None:
    answer = tasks(client, affiliation)
    assert answer.status_code == 400
    assert "affiliationTask" in answer.json()["userMessage"]


def test_random_edits_of_an_unknown_kind_are_refused(client: Client) -> None:
    for fault in ({"of": "nonsense"}, {"operations": ["paint"]}):
        answer = client.control("POST", "/faults", {"kind": "edits", **fault})
        assert answer.status_code == 400
    assert client.read("/client/search").status_code == 200
