"""Replicas that lag behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sandbox_client import fixtures

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures(clients=8, lag_seconds=60, lag_share=1)

PATH = "/client/search"


def names(client: Client, **query: Any) -> list[str]:
    return [record["name"] for record in client.walk(PATH, **query)]


def change(sandbox: Sandbox) -> None:
    sandbox.store.edit("clients", 3, name="edited")
    sandbox.store.edit("clients", 3, name="edited again")
    sandbox.store.delete("clients", 4)
    sandbox.store.insert("clients", name="new")


def test_a_replica_sees_what_was(sandbox: Sandbox, client: Client) -> None:
    before = client.walk(PATH)
    change(sandbox)
    assert client.walk(PATH) == before
    assert client.read(PATH).json()["totalElements"] == 8
    uuid = before[3]["uuid"]
    assert client.read(f"/client/{uuid}").status_code == 200
    sandbox.clock.offset = 61
    now = names(client)
    assert {"edited again", "new"} <= set(now)
    assert "edited" not in now
    assert len(now) == 8
    assert client.read(f"/client/{uuid}").status_code == 404


def test_a_replica_sorts_and_filters_what_was(sandbox: Sandbox, client: Client) -> None:
    query = {"sortBy": "modifiedTime", "modifiedAfter": "2023-01-01", "size": 2}
    before = names(client, **query)
    change(sandbox)
    assert names(client, **query) == before
    client.control("PATCH", "/behaviour", {"lag_seconds": 0})
    assert names(client, **query)[-2:] == ["edited again", "new"]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_some_reads_are_current(sandbox: Sandbox, client: Client, share: float) -> None:
    change(sandbox)
    client.control("PATCH", "/behaviour", {"lag_share": share})
    seen = {"new" in names(client) for _ in range(30)}
    assert seen == ({True, False} if share else {True})


def test_a_query_stays_with_its_replica(sandbox: Sandbox, client: Client) -> None:
    change(sandbox)
    client.control("PATCH", "/behaviour", {"lag_by": "query", "lag_share": 0.5})
    for size in range(20, 50):
        assert len({"new" in names(client, size=size) for _ in range(3)}) == 1
    assert len({"new" in names(client, size=size) for size in range(20, 50)}) == 2


def test_the_truth_does_not_lag(sandbox: Sandbox, client: Client) -> None:
    change(sandbox)
    assert client.control("GET", "/records/clients").json()[2]["name"] == "edited again"


@pytest.mark.parametrize("habit", [{"lag_seconds": -1}, {"lag_share": 2}])
def test_lags_that_make_no_sense(client: Client, habit: dict[str, Any]) -> None:
    assert client.control("PATCH", "/behaviour", habit).status_code == 400
