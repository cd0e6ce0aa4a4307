"""Data that changes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_client import fixtures

from clientsuccess_sandbox import Edits, Sandbox
from clientsuccess_sandbox.jsontext import decode
from clientsuccess_sandbox.table import Search

if TYPE_CHECKING:
    from sandbox_client import Client

sandbox, client = fixtures()

NEWEST = {"sortBy": "modifiedTime", "sortDirection": "desc", "size": 5}


def test_an_edit_comes_to_the_front(sandbox: Sandbox, client: Client) -> None:
    before = client.read("/client/search", **NEWEST).json()["data"][0]
    edited = sandbox.store.edit("clients", 3, name="Größer & älter")
    first = client.read("/client/search", **NEWEST).json()["data"][0]
    assert (first["id"], first["name"]) == (3, "Größer & älter")
    assert first["modifiedTime"] == edited["modifiedTime"] > before["modifiedTime"]


def test_an_insert_comes_to_the_front(sandbox: Sandbox, client: Client) -> None:
    inserted = sandbox.store.insert("clients", name="New")
    answer = client.read("/client/search", **NEWEST).json()
    assert answer["data"][0]["id"] == inserted["id"] == 41
    assert answer["totalElements"] == 41


def test_a_deleted_record_is_gone_for_good(sandbox: Sandbox, client: Client) -> None:
    uuid = sandbox.store.records("clients")[39]["uuid"]
    sandbox.store.delete("clients", 40)
    assert client.read(f"/client/{uuid}").status_code == 404
    assert client.read("/client/search").json()["totalElements"] == 39
    assert sandbox.store.insert("clients")["id"] == 41
    with pytest.raises(KeyError):
        sandbox.store.edit("clients", 40, name="x")


def test_an_edit_that_cannot_be_kept_changes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.store.records("clients")
    with pytest.raises(sqlite3.Error):
        sandbox.store.edit("clients", 3, uuid={})
    assert sandbox.store.records("clients") == before


def test_times_can_be_given(sandbox: Sandbox) -> None:
    moment = "2023-01-02T03:04:05.006Z"
    record = sandbox.store.edit("clients", 1, modifiedTime=moment)
    assert record["modifiedTime"] == moment
    page = sandbox.store.search("clients", Search(sort="modifiedTime"))
    times = [raw for raw in page.records if moment.encode() in bytes(raw)]
    assert times


def test_employees_have_numeric_times(sandbox: Sandbox) -> None:
    record = sandbox.store.edit("employees", 1, title="Boss")
    assert isinstance(record["modifiedTime"], int)
    assert record["modifiedTime"] > 1_700_000_000_000


def test_edit_times_never_run_backwards(sandbox: Sandbox) -> None:
    first = sandbox.store.edit("clients", 1, name="a")["modifiedTime"]
    sandbox.clock.offset = -3600
    assert sandbox.store.edit("clients", 2, name="b")["modifiedTime"] == first


def test_edits_happen_while_somebody_reads(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Edits("/client/search", count=3, operations=("insert",)))
    client.read("/client/search")
    client.read("/contact/search")
    assert sandbox.store.count("clients") == 43
    assert client.read("/client/search").json()["totalElements"] == 43


def test_edits_happen_at_every_nth_request(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(
        Edits("/search", of="pulses", every=3, operations=("delete",), times=7)
    )
    before = sandbox.store.count("pulses")
    for _ in range(9):
        client.read("/client/search")
    assert sandbox.store.count("pulses") == before - 2


def test_random_edits_repeat_with_their_seed() -> None:
    one, two = (Sandbox(clients=20).store for _ in range(2))
    made = one.random_edits("contacts", 30, seed=9)
    assert made == two.random_edits("contacts", 30, seed=9)
    assert {change.op for change in made} == {"insert", "edit", "delete"}


def test_a_new_custom_field_appears_in_new_edits(sandbox: Sandbox) -> None:
    field = {"fieldId": 1, "fieldKey": "mood__cs", "fieldTypeName": "Integer"}
    sandbox.store.add_custom_field("CLIENT", field)
    assert sandbox.store.definitions("CLIENT")[-1] == field
    changes = sandbox.store.random_edits("clients", 5, operations=("insert", "edit"))
    for change in changes:
        record = sandbox.store.get("clients", change.id)
        assert record is not None
        assert isinstance(record["custom"]["mood__cs"], int)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
def test_every_order_survives_any_edits(seed: int, count: int) -> None:
    store = Sandbox(clients=12, contacts=15).store
    searches = [
        Search(size=500, sort=sort)
        for sort in ("id", "modifiedTime", "createdTime", "email")
    ]
    for search in searches:
        store.search("contacts", search)
    store.random_edits("contacts", count, seed=seed)
    for search in searches:
        page = store.search("contacts", search)
        assert sorted(map(bytes, page.records)) == sorted(
            map(bytes, store.raws("contacts"))
        )
    recent = store.search("contacts", searches[1]).records
    times = [record["modifiedTime"] for record in map(decode, recent)]
    assert times == sorted(times)
