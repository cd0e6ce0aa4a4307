"""Searches: pages, sorting, filters."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_client import Client, fixtures

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.table import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

sandbox, client = fixtures()

SEARCHES = {
    "/client/search": "clients",
    "/contact/search": "contacts",
    "/contract/search": "contracts",
    "/product/search": "products",
    "/clientNote/search": "client_notes",
    "/pulse/search": "pulses",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """A sandbox that tests only read."""
    with Sandbox(seed=3, clients=40) as sandbox, Client(sandbox) as client:
        yield client


def ids(records: list[dict[str, Any]]) -> list[int]:
    return [record["id"] for record in records]


@pytest.mark.parametrize("path", SEARCHES)
def test_the_pages_are_the_store(shared: Client, path: str) -> None:
    read = shared.walk(path, size=17, sortBy="modifiedTime", sortDirection="desc")
    truth = shared.control("GET", f"/records/{SEARCHES[path]}").json()
    assert sorted(read, key=lambda record: record["id"]) == truth
    assert len(truth) == shared.sandbox.store.count(SEARCHES[path])


def test_an_answer_has_the_known_shape(shared: Client) -> None:
    answer = shared.read("/client/search", page=2, size=17).json()
    assert len(answer.pop("data")) == 6
    assert answer == {
        "first": False,
        "last": True,
        "page": 2,
        "size": 17,
        "totalPages": 3,
        "totalElements": 40,
    }


def test_there_is_nothing_after_the_last_page(shared: Client) -> None:
    answer = shared.read("/client/search", page=99).json()
    assert (answer["data"], answer["last"], answer["first"]) == ([], True, False)


def test_the_size_is_capped_in_silence(sandbox: Sandbox, client: Client) -> None:
    sandbox.max_size = 15
    answer = client.read("/client/search", size=1000).json()
    assert (len(answer["data"]), answer["size"], answer["totalPages"]) == (15, 15, 3)
    sandbox.echo_size = True
    answer = client.read("/client/search", size=1000).json()
    assert (len(answer["data"]), answer["size"]) == (15, 1000)


@pytest.mark.parametrize(
    "query",
    [
        {"page": -1},
        {"page": "x"},
        {"size": 0},
        {"size": "1.5"},
        {"sortBy": "colour"},
        {"sortDirection": "up"},
        {"modifiedAfter": "yesterday"},
        {"modifiedAfter": ""},
    ],
)
def test_bad_parameters_are_named(shared: Client, query: dict[str, Any]) -> None:
    answer = shared.read("/client/search", **query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["userMessage"]


@pytest.mark.parametrize("field", ["modifiedTime", "createdTime", "id", "name"])
def test_sorting(shared: Client, field: str) -> None:
    up = shared.walk("/client/search", sortBy=field, sortDirection="asc", size=9)
    down = shared.walk("/client/search", sortBy=field, sortDirection="DESC", size=9)
    assert up == down[::-1]
    values = [record[field] for record in up if field in record]
    assert values == sorted(values)


def test_pulses_sort_by_their_creation(shared: Client) -> None:
    for field in ("createdTimestamp", "modifiedTime"):
        pulses = shared.walk("/pulse/search", sortBy=field, size=100)
        times = [pulse["createdTimestamp"] for pulse in pulses]
        assert times == sorted(times)


def test_modified_after_includes_its_moment(sandbox: Sandbox, client: Client) -> None:
    times = sorted(r["modifiedTime"] for r in sandbox.store.records("clients"))
    moment = times[20]
    found = client.walk("/client/search", modifiedAfter=moment)
    assert sorted(r["modifiedTime"] for r in found) == times[times.index(moment) :]
    sandbox.inclusive = False
    found = client.walk("/client/search", modifiedAfter=moment, sortBy="modifiedTime")
    assert all(record["modifiedTime"] > moment for record in found)


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-01",
        "2024-06-01T00:00:00Z",
        "2024-06-01T00:00:00.000Z",
        "2024-06-01T02:00:00.000+0200",
        "2024-05-31T17:00:00-07:00",
    ],
)
def test_a_moment_may_be_written_in_many_ways(shared: Client, text: str) -> None:
    found = shared.walk("/client/search", modifiedAfter=text)
    truth = shared.sandbox.store.records("clients")
    expected = [r for r in truth if r["modifiedTime"] >= "2024-06-01T00:00:00.000Z"]
    assert ids(found) == ids(expected)
    assert 0 < len(found) < len(truth)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/clientNote/search", "clientId"),
        ("/pulse/search", "clientId"),
        ("/contract/search", "tenantClientId"),
    ],
)
def test_records_of_one_client(shared: Client, path: str, owner: str) -> None:
    found = shared.walk(path, **{owner: 1}, sortBy="modifiedTime", size=3)
    truth = shared.sandbox.store.records(SEARCHES[path])
    expected = [record["id"] for record in truth if record.get(owner) == 1]
    assert sorted(ids(found)) == expected
    assert expected


def test_records_of_one_client_follow_edits(sandbox: Sandbox, client: Client) -> None:
    before = ids(client.walk("/pulse/search", clientId=1))
    moved = sandbox.store.insert("pulses", clientId=1)["id"]
    assert ids(client.walk("/pulse/search", clientId=1)) == [*before, moved]
    sandbox.store.edit("pulses", moved, clientId=2)
    sandbox.store.delete("pulses", before[0])
    assert ids(client.walk("/pulse/search", clientId=1)) == before[1:]


def test_parameters_can_be_ignored(sandbox: Sandbox, client: Client) -> None:
    sandbox.ignore = {"/pulse/search": {"modifiedAfter", "sortBy", "size"}}
    asked = {"modifiedAfter": "2099-01-01", "sortBy": "nonsense", "size": 1}
    assert len(client.read("/pulse/search", **asked).json()["data"]) == 50
    assert client.read("/client/search", **asked).status_code == 400


def test_ties_may_be_unstable(sandbox: Sandbox, client: Client) -> None:
    sandbox.unstable_ties = True
    query = {"sortBy": "status", "size": 10, "page": 1}
    orders = {
        tuple(ids(client.read("/client/search", **query).json()["data"]))
        for _ in range(8)
    }
    assert len(orders) > 1
    whole = client.read("/client/search", sortBy="status", size=100).json()["data"]
    assert sorted(ids(whole)) == sandbox.store.ids("clients")
    statuses = [record["status"] for record in whole]
    assert statuses == sorted(statuses)


def test_some_records_share_their_modification_time(shared: Client) -> None:
    times = [r["modifiedTime"] for r in shared.sandbox.store.records("contacts")]
    assert len(set(times)) < len(times) * 0.9


@settings(max_examples=60, deadline=None)
@given(
    clients=st.integers(0, 70),
    size=st.integers(1, 40),
    descending=st.booleans(),
    sort=st.sampled_from(["id", "modifiedTime", "createdTime", "name"]),
)
def test_pages_of_any_size_cover_everything(
    clients: int,
    size: int,
    sort: str,
    *,
    descending: bool,
) -> None:
    store = Sandbox(clients=clients, contacts=0).store
    asked = Search(size=size, sort=sort, descending=descending)
    pages = -(-clients // size)
    parts = [store.search("clients", asked._replace(page=k)) for k in range(pages + 1)]
    found = list(chain.from_iterable(page.records for page in parts))
    assert sorted(map(bytes, found)) == sorted(map(bytes, store.raws("clients")))
    assert {page.total for page in parts} == {clients}
