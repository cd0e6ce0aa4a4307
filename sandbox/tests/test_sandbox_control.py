"""What the sandbox tells about itself, and how it is told what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sandbox_client import fixtures

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures()


def test_requests_are_logged_without_their_keys(
    sandbox: Sandbox, client: Client
) -> None:
    client.read("/client/search", page=0, sortBy="id")
    client.control("GET", "/requests")
    (entry,) = client.control("GET", "/requests").json()
    assert entry["method"] == "GET"
    assert entry["path"] == "/api/client/search"
    assert entry["query"] == {"page": "0", "sortBy": "id"}
    assert (entry["status"], entry["key_headers"]) == (200, ["x-api-key"])
    assert sandbox.api_key not in str(sandbox.requests)
    client.control("DELETE", "/requests")
    assert not sandbox.requests


def test_records_of_unknown_kinds(client: Client) -> None:
    answer = client.control("GET", "/records/nonsense")
    assert answer.status_code == 404
    assert "clients" in answer.json()["userMessage"]


def test_faults_over_http(sandbox: Sandbox, client: Client) -> None:
    made = client.control("POST", "/faults", {"kind": "status", "status": 500})
    assert made.status_code == 201
    assert client.read("/health").status_code == 500
    (fault,) = client.control("GET", "/faults").json()
    assert (fault["kind"], fault["status"], fault["hits"]) == ("status", 500, 1)
    number = made.json()["number"]
    assert client.control("DELETE", f"/faults/{number}").status_code == 200
    assert client.control("DELETE", f"/faults/{number}").status_code == 404
    client.control("POST", "/faults", {"kind": "html"})
    client.control("DELETE", "/faults")
    assert sandbox.faults.describe() == []


def test_bad_faults_over_http(client: Client) -> None:
    bodies: list[Any] = [{"kind": "nonsense"}, {"kind": "status"}, [], "x"]
    for body in bodies:
        answer = client.control("POST", "/faults", body)
        assert answer.status_code == 400
        assert "Invalid fault" in answer.json()["userMessage"]


def test_edits_over_http(sandbox: Sandbox, client: Client) -> None:
    edit = {"kind": "clients", "op": "edit", "id": 3, "changes": {"name": "Ä"}}
    assert client.control("POST", "/edits", edit).json()["name"] == "Ä"
    insert = {"kind": "clients", "op": "insert"}
    number = client.control("POST", "/edits", insert).json()["id"]
    delete = {"kind": "clients", "op": "delete", "id": number}
    assert client.control("POST", "/edits", delete).status_code == 200
    assert sandbox.store.count("clients") == 40
    random = {"kind": "contacts", "random": 4, "seed": 1}
    assert len(client.control("POST", "/edits", random).json()) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "nonsense", "op": "insert"},
        {"kind": "clients", "op": "paint"},
        {"kind": "clients", "op": "edit", "id": 999},
        {"kind": "clients", "op": "edit"},
        {"op": "edit", "id": 1, "changes": [1]},
        {"op": "edit", "id": 1, "changes": {"modifiedTime": "never"}},
        [],
    ],
)
def test_bad_edits_over_http(client: Client, body: Any) -> None:
    answer = client.control("POST", "/edits", body)
    assert answer.status_code == 400
    assert "Not possible" in answer.json()["userMessage"]


def test_behaviour_over_http(sandbox: Sandbox, client: Client) -> None:
    known = client.control("GET", "/behaviour").json()
    assert known["max_size"] == 200
    changed = client.control(
        "PATCH", "/behaviour", {"max_size": 7, "ignore": {"/pulse": ["sortBy"]}}
    )
    assert changed.json()["max_size"] == sandbox.max_size == 7
    assert client.read("/client/search").json()["size"] == 7
    bodies: list[Any] = [{"max_size": "many"}, {"nonsense": 1}, []]
    for body in bodies:
        assert client.control("PATCH", "/behaviour", body).status_code == 400


def test_custom_fields_over_http(client: Client) -> None:
    field = {"fieldKey": "mood__cs", "fieldTypeName": "STRING"}
    assert client.control("POST", "/custom-fields/CLIENT", field).status_code == 201
    assert client.read("/customfield/all/CLIENT").json()[-1] == field
    bad: list[tuple[str, dict[str, str]]] = [("CLIENT", {}), ("NONSENSE", field)]
    for path, body in bad:
        answer = client.control("POST", f"/custom-fields/{path}", body)
        assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/keys", "/clock"])
@pytest.mark.parametrize("body", [[], "x", {"offset": "soon", "keys": 1}])
def test_bad_settings_over_http(client: Client, path: str, body: Any) -> None:
    assert client.control("POST", path, body).status_code == 400


def test_faults_leave_the_control_alone(client: Client) -> None:
    client.control("POST", "/faults", {"kind": "status", "status": 500})
    assert client.control("GET", "/faults").status_code == 200


def test_unknown_control_paths(client: Client) -> None:
    assert client.control("GET", "/nonsense").status_code == 404
    assert client.control("GET", "/keys").status_code == 405


def test_the_change_of_behaviour_in_the_readme(client: Client) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"-d '(.+)'$", readme, re.MULTILINE)
    answer = client.control("PATCH", "/behaviour", json.loads(body))
    assert answer.status_code == 200
    assert answer.json().items() >= json.loads(body).items()
    own = {"by_path": {"/pulse/search": {"nonsense": 1}}}
    assert client.control("PATCH", "/behaviour", own).status_code == 400
