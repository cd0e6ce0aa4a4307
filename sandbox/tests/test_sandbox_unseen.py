"""Changes that no modification time shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sandbox_client import fixtures

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import KINDS

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures()

OWNED = [kind.name for kind in KINDS.values() if kind.owner]


def days_later(client: Client, days: int) -> None:
    client.control("POST", "/clock", {"offset": days * 24 * 3600})


def scores(records: list[dict[str, Any]]) -> list[Any]:
    return [record.get("successScore") for record in records]


def test_scores_change_each_night(sandbox: Sandbox, client: Client) -> None:
    client.control("PATCH", "/behaviour", {"nightly_drift": True})
    today = client.walk("/client/search")
    assert client.walk("/client/search") == today
    days_later(client, 1)
    tomorrow = client.walk("/client/search")
    assert scores(tomorrow) != scores(today)
    assert all(0 <= score <= 100 for score in scores(tomorrow) if score is not None)
    for record in (*today, *tomorrow):
        record.pop("successScore", None)
    assert tomorrow == today
    details = [client.read(f"/client/{each['uuid']}").json() for each in today]
    assert scores(details) == scores(client.control("GET", "/records/clients").json())


def test_scores_stay_by_default(client: Client) -> None:
    before = client.walk("/client/search")
    days_later(client, 1)
    assert client.walk("/client/search") == before


def test_contracts_follow_their_dates(sandbox: Sandbox, client: Client) -> None:
    sandbox.nightly_drift = True
    now = sandbox.clock.now_ms()
    day = 24 * 3600 * 1000
    dates = {
        "termStartDate": to_iso(now + 2 * day),
        "termEndDate": to_iso(now + 4 * day),
        "terminatedDate": None,
        "modifiedTime": "2025-01-01T00:00:00.000Z",
    }
    number = sandbox.store.insert("contracts", meta={"id": 1}, **dates)["id"]
    seen = []
    for days in (0, 3, 5):
        days_later(client, days)
        found = client.read("/contract/search", size=200).json()["data"]
        record = next(record for record in found if record["id"] == number)
        seen.append(record["meta"])
        assert {key: record[key] for key in dates} == dates
    assert seen == [
        {"id": 1},
        {"id": 1, "status": "ACTIVE", "currentStatus": "ACTIVE"},
        {"id": 1, "status": "OVERDUE", "currentStatus": "EXPIRED"},
    ]


def test_contracts_that_were_terminated_churn(sandbox: Sandbox, client: Client) -> None:
    sandbox.nightly_drift = True
    for contract in client.walk("/contract/search"):
        if contract.get("terminatedDate") and contract.get("meta"):
            assert contract["meta"]["status"] == "CHURNED"


@pytest.mark.parametrize("how", ["control", "edits"])
def test_all_that_a_client_has_goes_with_it(
    sandbox: Sandbox, client: Client, how: str
) -> None:
    client.control("PATCH", "/behaviour", {"delete_owned": True})
    lost = {kind: owned(sandbox, kind, 1) for kind in OWNED}
    kept = {kind: sandbox.store.count(kind) - len(lost[kind]) for kind in OWNED}
    assert all(lost.values())
    if how == "control":
        delete = {"kind": "clients", "op": "delete", "id": 1}
        assert client.control("POST", "/edits", delete).status_code == 200
    else:
        for number in range(2, 41):
            sandbox.delete_owned = False
            sandbox.store.delete("clients", number)
        sandbox.delete_owned = True
        sandbox.store.random_edits("clients", operations=("delete",))
    assert {kind: sandbox.store.count(kind) for kind in OWNED} == kept
    for kind, path, key in (
        ("contacts", "/contact", "uuid"),
        ("client_notes", "/clientNote", "id"),
        ("tasks", "/task", "id"),
    ):
        answer = client.read(f"{path}/{lost[kind][0][key]}")
        assert answer.status_code == 404
    assert client.read("/pulse/search", clientId=1).json()["data"] == []


def test_references_to_a_client_stay_by_default(sandbox: Sandbox) -> None:
    before = {kind: sandbox.store.count(kind) for kind in OWNED}
    sandbox.store.delete("clients", 1)
    assert {kind: sandbox.store.count(kind) for kind in OWNED} == before


def test_what_went_with_a_client_was_there_for_a_replica(
    sandbox: Sandbox, client: Client
) -> None:
    notes = client.walk("/clientNote/search", clientId=1)
    sandbox.delete_owned = True
    sandbox.store.delete("clients", 1)
    assert client.walk("/clientNote/search", clientId=1) == []
    sandbox.lag_share, sandbox.lag_seconds = 1, 60
    assert client.walk("/clientNote/search", clientId=1) == notes


def owned(sandbox: Sandbox, kind: str, client: int) -> list[dict[str, Any]]:
    owner = KINDS[kind].owner
    return [r for r in sandbox.store.records(kind) if r.get(owner) == client]
