"""Each kind of misbehaviour."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sandbox_client import fixtures

from clientsuccess_sandbox import (
    Body,
    CutOff,
    Drip,
    Empty,
    Headers,
    Html,
    Huge,
    Latency,
    Mutate,
    RateLimit,
    Redirect,
    RepeatPage,
    Reset,
    Shape,
    Stall,
    Status,
    WrongTotal,
)

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures()

PATH = "/client/search"


def statuses(client: Client, count: int, path: str = PATH) -> list[int]:
    return [client.read(path).status_code for _ in range(count)]


def test_a_status_so_many_times(sandbox: Sandbox, client: Client) -> None:
    fault = Status(PATH, 503, times=2, after=1, retry_after=7, headers={"X-Odd": "1"})
    number = sandbox.faults.add(fault)
    assert statuses(client, 5) == [200, 503, 503, 200, 200]
    assert sandbox.faults.hits(number) == 2
    sandbox.faults.clear()
    sandbox.faults.add(fault)
    client.read(PATH)
    answer = client.read(PATH)
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["X-Odd"] == "1"
    assert answer.json() == {"userMessage": "Service Unavailable"}


def test_unusual_statuses_with_a_body(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Status(PATH, 499, body={"error": "odd"}))
    answer = client.read(PATH)
    assert (answer.status_code, answer.json()) == (499, {"error": "odd"})


def test_probability_is_seeded(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Status(PATH, 500, probability=0.5))
    struck = statuses(client, 40).count(500)
    assert 8 < struck < 32


@pytest.mark.parametrize(
    ("path", "struck"),
    [
        ("/client/search", True),
        ("*/client/search", True),
        ("/api/*", True),
        ("*", True),
        ("/contact", False),
        ("/client/*", False),
    ],
)
def test_which_paths(
    sandbox: Sandbox, client: Client, path: str, *, struck: bool
) -> None:
    sandbox.faults.add(Status(path, 500))
    assert (client.read(PATH).status_code == 500) is struck


def test_only_one_page(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Status(PATH, 500, page=1))
    pages = [client.read(PATH, page=page).status_code for page in range(3)]
    assert pages == [200, 500, 200]


def test_only_one_method(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Status("*", 500, method="post"))
    assert client.read(PATH).status_code == 200
    assert client.post(sandbox.base_url + PATH).status_code == 500


def test_latency(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Latency(PATH, 0.1, times=1))
    begin = time.monotonic()
    client.read(PATH)
    first = time.monotonic() - begin
    assert first >= 0.1
    sandbox.latency = 0.1
    client.read("/health")
    assert time.monotonic() - begin >= first + 0.1


@pytest.mark.parametrize("retry_after", [1, None])
def test_rate_limit(sandbox: Sandbox, client: Client, retry_after: int | None) -> None:
    sandbox.faults.add(RateLimit("*", per_second=3, retry_after=retry_after))
    assert statuses(client, 5) == [200, 200, 200, 429, 429]
    found = client.read(PATH).headers.get("Retry-After")
    assert found == (None if retry_after is None else "1")


@pytest.mark.parametrize("gzip", [True, False])
def test_cut_off(sandbox: Sandbox, client: Client, *, gzip: bool) -> None:
    sandbox.gzip = gzip
    sandbox.faults.add(CutOff(PATH, times=1))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.read(PATH)
    assert client.read(PATH).status_code == 200


@pytest.mark.parametrize("part", [0.5, 0.0])
def test_reset(sandbox: Sandbox, client: Client, part: float) -> None:
    sandbox.faults.add(Reset(PATH, part=part, times=1))
    with pytest.raises(requests.exceptions.RequestException, match="reset"):
        client.read(PATH)
    assert client.read(PATH).status_code == 200


@pytest.mark.parametrize("headers_first", [True, False])
def test_stall(sandbox: Sandbox, client: Client, *, headers_first: bool) -> None:
    sandbox.faults.add(Stall(PATH, 30, headers_first=headers_first))
    with pytest.raises(requests.exceptions.RequestException, match="timed out"):
        client.get(sandbox.base_url + PATH, timeout=0.1)
    assert client.read("/health").status_code == 200


def test_a_stall_ends_without_an_answer(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Stall(PATH, 0.05))
    with pytest.raises(requests.exceptions.ConnectionError):
        client.read(PATH)


def test_stopping_does_not_wait_for_the_stalled(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.faults.add(Stall(PATH, 30))
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.get(sandbox.base_url + PATH, timeout=0.05)
    begin = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - begin < 0.3


def test_drip(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Drip("/health", delay=0.005))
    begin = time.monotonic()
    assert client.read("/health").json() == {"status": "UP"}
    assert time.monotonic() - begin >= 10 * 0.005


def test_html(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Html(PATH))
    answer = client.read(PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "System Maintenance" in answer.text


def test_empty(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Empty(PATH))
    answer = client.read(PATH)
    assert (answer.status_code, answer.content) == (200, b"")


def test_redirect(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Redirect(PATH, f"{sandbox.base_url}/health", 307))
    answer = client.read(PATH)
    assert answer.history[0].status_code == 307
    assert answer.json() == {"status": "UP"}


@pytest.mark.parametrize(
    ("body", "content"),
    [([], b"[]"), (b"\xff{", b"\xff{"), ("{oops", b"{oops"), ({"a": 1}, b'{"a":1}')],
)
def test_body(sandbox: Sandbox, client: Client, body: Any, content: bytes) -> None:
    sandbox.faults.add(Body(PATH, body))
    assert client.read(PATH).content == content


def test_shapes(sandbox: Sandbox, client: Client) -> None:
    def shaped(shape: Any) -> Any:
        sandbox.faults.clear()
        sandbox.faults.add(Shape(PATH, shape))
        return client.read(PATH).json()

    assert "data" not in shaped("missing")
    assert shaped("null")["data"] is None
    assert isinstance(shaped("object")["data"], dict)
    assert shaped("string")["data"] == ""
    assert shaped("number")["data"] == 7
    assert len(shaped("bare")) == 40
    assert shaped("wrapped")[0]["totalElements"] == 40


def test_wrong_totals(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(WrongTotal(PATH, elements=-3, pages=2))
    answer = client.read(PATH, size=20).json()
    assert (answer["totalElements"], answer["totalPages"]) == (37, 4)


def test_repeated_pages(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(RepeatPage(PATH, 1))
    pages = [client.read(PATH, page=page, size=5).json() for page in (0, 1, 4)]
    assert pages[0] == pages[1] == pages[2]
    assert [entry.query["page"] for entry in sandbox.requests] == ["0", "1", "4"]


def test_repeated_pages_of_tasks(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(RepeatPage("/task/all", 0))
    body = {"pagination": {"taskPage": 1, "taskSize": 5}}
    answer = client.post(f"{sandbox.base_url}/task/all", json=body)
    assert answer.json()["first"] is True


def test_headers(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Headers(PATH, {"X-RateLimit-Remaining": "0", "Date": "never"}))
    answer = client.read(PATH)
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers["Date"] == "never"


@pytest.mark.parametrize("gzip", [True, False])
def test_huge(sandbox: Sandbox, client: Client, *, gzip: bool) -> None:
    sandbox.faults.add(Huge(PATH, 3_000_000, gzip=gzip))
    answer = client.read(PATH)
    assert len(answer.content) == 3_000_000
    assert answer.json()["data"] == []
    assert (int(answer.headers["Content-Length"]) < 10_000) is gzip


def test_mutations(sandbox: Sandbox, client: Client) -> None:
    values: dict[str, Any] = {"name": None, "extra": [1]}
    sandbox.faults.add(Mutate(PATH, 3, values=values, remove=["id"]))
    sandbox.faults.add(Mutate(PATH, 4, instead="no object"))
    sandbox.faults.add(Mutate("/client/", 5, values={"name": "odd"}))
    found = client.read(PATH).json()["data"]
    assert (found[2]["name"], found[2]["extra"]) == (None, [1])
    assert "id" not in found[2]
    assert found[3] == "no object"
    assert client.read(f"/client/{found[4]['uuid']}").json()["name"] == "odd"
    record = sandbox.store.get("clients", 3)
    assert record is not None
    assert record["name"]


def test_mutations_of_plain_lists(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.add(Mutate("/v1/employees", values={"title": "x"}))
    people = client.get(f"{sandbox.url}/v1/employees").json()
    assert {person["title"] for person in people} == {"x"}
