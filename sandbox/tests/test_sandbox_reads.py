"""Details, custom field definitions, tasks and the old lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sandbox_client import fixtures

from clientsuccess_sandbox.data.choices import TENANT
from clientsuccess_sandbox.data.custom_fields import RESOURCES

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures()

CLIENT_DETAILS = {
    *("region", "parentClient", "accTeamingRoles"),
    *("createdByEmployee", "modifiedByEmployee"),
}


def test_the_detail_of_a_client_adds_to_the_search(client: Client) -> None:
    for found in client.walk("/client/search"):
        detail = client.read(f"/client/{found['uuid']}").json()
        assert detail.keys() - found.keys() == CLIENT_DETAILS
        assert {key: detail[key] for key in found} == found


@pytest.mark.parametrize("resource", ["contact", "pulse"])
def test_a_record_by_its_uuid(client: Client, resource: str) -> None:
    found = next(r for r in client.walk(f"/{resource}/search") if r.get("uuid"))
    detail = client.read(f"/{resource}/{found['uuid']}").json()
    tenant = {"tenant": TENANT} if resource == "contact" else {}
    assert detail == found | tenant


def test_a_note_and_a_task_by_their_ids(sandbox: Sandbox, client: Client) -> None:
    note = client.read("/clientNote/7").json()
    assert note["id"] == sandbox.store.ids("client_notes")[6]
    assert client.read("/task/7").json()["id"] == 7


@pytest.mark.parametrize(
    "path",
    [
        "/client/1",
        "/client/11111111-1111-4111-8111-111111111111",
        "/clientNote/99999",
        "/task/99999",
        "/client",
        "/client/search/",
        "/customfield/all/NONSENSE",
    ],
)
def test_what_is_not_there(client: Client, path: str) -> None:
    answer = client.read(path)
    assert answer.status_code == 404
    assert answer.json()["userMessage"]


def test_wrong_methods(sandbox: Sandbox, client: Client) -> None:
    for path in ("/client/search", "/health"):
        answer = client.post(sandbox.base_url + path)
        assert answer.status_code == 405
        assert answer.json()["userMessage"]


def test_custom_field_definitions(client: Client) -> None:
    statuses = {
        name: client.read(f"/customfield/all/{name}").status_code for name in RESOURCES
    }
    refused = {name: status for name, status in statuses.items() if status != 200}
    assert refused == {"SURVEY_RESPONSE": 404, "USAGE": 404, "FEEDBACK": 400}
    fields = client.read("/customfield/all/CLIENT").json()
    assert fields[0]["fieldKey"] == "industry__cs"
    assert len(fields[0]["picklistValues"]) == 4


def tasks_page(client: Client, **pagination: Any) -> dict[str, Any]:
    body = {
        "filterBy": {"affiliationTask": "ALL_TASKS"},
        "pagination": pagination,
        "sortBy": [{"key": "dueDate", "value": "asc"}],
    }
    answer = client.post(f"{client.sandbox.base_url}/task/all", json=body)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


def test_tasks_are_paged_in_the_body(sandbox: Sandbox, client: Client) -> None:
    first = tasks_page(client, taskPage=0, taskSize=30)
    pages = [tasks_page(client, taskPage=k, taskSize=30) for k in range(3)]
    tasks = [task for page in pages for task in page["content"]]
    assert sorted(task["id"] for task in tasks) == sandbox.store.ids("tasks")
    assert first.keys() == {"content", "first", "last", "totalPages", "totalElements"}
    assert [page["last"] for page in pages] == [False, False, True]
    due = [task.get("dueDate") or "" for task in tasks]
    assert due == sorted(due)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '{"pagination": 7}',
        '{"pagination": {"taskSize": 0}}',
        "nonsense",
        '{"sortBy": "dueDate"}',
    ],
)
def test_bad_task_bodies(sandbox: Sandbox, client: Client, body: str) -> None:
    answer = client.post(f"{sandbox.base_url}/task/all", data=body)
    assert answer.status_code == 400
    assert answer.json()["userMessage"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("employees", "employees"),
        ("client-statuses", "client_statuses"),
        ("client-segments", "client_segments"),
        ("products", "products"),
    ],
)
def test_old_lists(sandbox: Sandbox, client: Client, path: str, kind: str) -> None:
    found = client.get(f"{sandbox.url}/v1/{path}").json()
    assert [record["id"] for record in found] == sandbox.store.ids(kind)


def test_old_lists_that_derive_from_others(sandbox: Sandbox, client: Client) -> None:
    subscriptions = client.get(f"{sandbox.url}/v1/subscriptions").json()
    assert {"id", "clientId", "amount"} <= subscriptions[0].keys()
    fields = client.get(f"{sandbox.url}/v1/contact-custom-fields").json()
    known = {"STRING", "INTEGER", "DECIMAL", "BOOLEAN", "DATE"}
    assert {field["type"] for field in fields} == known


def test_gzip_is_for_those_who_read_it(sandbox: Sandbox, client: Client) -> None:
    def encoding(accepted: str) -> str | None:
        client.headers["Accept-Encoding"] = accepted
        return client.read("/client/search").headers.get("Content-Encoding")

    assert encoding("gzip") == "gzip"
    assert encoding("identity") is None
    sandbox.gzip = False
    assert encoding("gzip") is None


def test_money_survives_the_wire(sandbox: Sandbox, client: Client) -> None:
    sandbox.store.edit("contracts", 1, total=0.1, arr=12345678901.12)
    text = client.read("/contract/search", sortBy="modifiedTime", size=200).text
    assert re.search(r'"total":0\.1[,}]', text)
    assert '"arr":12345678901.12' in text
