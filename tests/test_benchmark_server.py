"""The benchmark's server: filter, order and pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import data
from benchmarks.scenarios import Scenario
from benchmarks.server import Account
from clientsuccess_sandbox.clock import to_iso

TOTAL = 12
NIGHT = Scenario("", "", TOTAL, changes=2)
TIMES = data.times(NIGHT)


@pytest.fixture(scope="module")
def account() -> Account:
    return Account(NIGHT)


def search(account: Account, **query: str) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(account.search({"size": "5", **query}))
    return page


def ids(page: dict[str, Any]) -> list[int]:
    return [record["id"] for record in page["data"]]


@pytest.mark.parametrize(
    ("direction", "pages"),
    [
        ("asc", [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12], []]),
        ("desc", [[12, 11, 10, 9, 8], [7, 6, 5, 4, 3], [2, 1], []]),
    ],
)
def test_pages_are_ordered_by_time(
    account: Account, direction: str, pages: list[list[int]]
) -> None:
    found = [search(account, sortDirection=direction, page=f"{n}") for n in range(4)]
    assert [ids(page) for page in found] == pages
    assert [page["last"] for page in found] == [False, False, True, True]
    times = [record["modifiedTime"] for page in found for record in page["data"]]
    assert times == sorted(times, reverse=direction == "desc")


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("place", range(TOTAL))
def test_the_filter_keeps_newer_records(
    account: Account, place: int, direction: str
) -> None:
    after = to_iso(TIMES[place])
    page = search(account, modifiedAfter=after, sortDirection=direction, size="200")
    assert sorted(ids(page)) == list(range(place + 2, TOTAL + 1))
    assert page["totalElements"] == TOTAL - place - 1


def test_a_detail_is_the_client_and_more(account: Account) -> None:
    client = search(account, sortDirection="asc")["data"][2]
    detail = json.loads(account.respond(f"/api/client/{client['uuid']}") or b"")
    assert detail.items() >= client.items()
    assert "region" in detail


def test_ids_are_random_and_times_equal_on_request() -> None:
    scenario = Scenario("", "", TOTAL, spread=True, tied=True)
    page = search(Account(scenario), sortDirection="asc")
    assert ids(page) == data.ids(scenario)[:5] != sorted(ids(page))
    assert len({record["modifiedTime"] for record in page["data"]}) == 1


def test_one_field_has_an_odd_type_on_request() -> None:
    page = search(Account(Scenario("", "", 1, odd=True)))
    assert page["data"][0]["clientType"]["key"] == 1
