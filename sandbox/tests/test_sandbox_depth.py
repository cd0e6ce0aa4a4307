"""Searches that reach so far and no further, and totals that are off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sandbox_client import fixtures

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures(clients=40, max_depth=24)

PATH = "/client/search"


def page(client: Client, number: int, size: int = 8) -> Any:
    return client.read(PATH, page=number, size=size).json()


@pytest.mark.parametrize("status", ["400", "500"])
def test_an_error_beyond_the_depth(
    sandbox: Sandbox, client: Client, status: str
) -> None:
    client.control("PATCH", "/behaviour", {"beyond_depth": status})
    assert client.read(PATH, page=2, size=8).status_code == 200
    answer = client.read(PATH, page=3, size=8)
    assert answer.status_code == int(status)
    assert "24" in answer.json()["userMessage"]
    assert client.read(PATH, page=1, size=20).status_code == int(status)


def test_an_empty_page_beyond_the_depth(sandbox: Sandbox, client: Client) -> None:
    sandbox.beyond_depth = "empty"
    assert len(page(client, 2)["data"]) == 8
    assert page(client, 3)["data"] == []
    assert len(page(client, 1, size=20)["data"]) == 4
    assert page(client, 3)["totalElements"] == 40


def test_the_last_page_again_beyond_the_depth(sandbox: Sandbox, client: Client) -> None:
    sandbox.beyond_depth = "repeat"
    assert page(client, 3)["data"] == page(client, 2)["data"] != []
    assert page(client, 9)["data"] == page(client, 2)["data"]
    assert page(client, 3)["page"] == 3


def test_totals_that_end_with_the_depth(sandbox: Sandbox, client: Client) -> None:
    sandbox.cap_total = True
    answer = page(client, 2)
    assert (answer["totalElements"], answer["totalPages"]) == (24, 3)
    assert answer["last"] is True
    sandbox.max_depth = 1000
    assert page(client, 2)["totalElements"] == 40


def test_tasks_have_a_depth_too(sandbox: Sandbox, client: Client) -> None:
    body = {"pagination": {"taskPage": 3, "taskSize": 8}}
    answer = client.post(f"{sandbox.base_url}/task/all", json=body)
    assert answer.status_code == 400


def test_totals_that_count_what_is_not_there(sandbox: Sandbox, client: Client) -> None:
    sandbox.max_depth = None
    sandbox.extra_total = 5
    answer = page(client, 4)
    assert (answer["totalElements"], answer["totalPages"]) == (45, 6)
    assert answer["last"] is False
    assert page(client, 5)["data"] == []
    assert page(client, 5)["last"] is True


@pytest.mark.parametrize(
    "habit", [{"max_depth": 0}, {"beyond_depth": "404"}, {"extra_total": -1}]
)
def test_depths_that_make_no_sense(client: Client, habit: dict[str, Any]) -> None:
    assert client.control("PATCH", "/behaviour", habit).status_code == 400


def test_an_odd_type_in_every_client(sandbox: Sandbox, client: Client) -> None:
    sandbox.max_depth = None
    whole = client.walk(PATH)
    sandbox.odd_types = True
    odd = client.walk(PATH)
    assert {type(record["clientType"]["key"]) for record in odd} == {int}
    for record in (*odd, *whole):
        del record["clientType"]["key"]
    assert odd == whole
