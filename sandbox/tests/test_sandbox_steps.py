"""What faults make of a response, without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from clientsuccess_sandbox import (
    CutOff,
    Drip,
    Headers,
    Huge,
    Parameters,
    RateLimit,
    RepeatPage,
    Reset,
    Sandbox,
    Stall,
    Status,
    WrongTotal,
)
from clientsuccess_sandbox.messages import HangUp, Head, Pause, Request, Response

if TYPE_CHECKING:
    from clientsuccess_sandbox import Fault

BODY = b'{"data":[1,2,3]}'
HEAD = Head(200, {"content-length": "16"})
HALF = BODY[:8]


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        (CutOff("*"), [HEAD, HALF, HangUp()]),
        (Reset("*"), [HEAD, HALF, Pause(0.05), HangUp(reset=True)]),
        (Reset("*", part=0), [HangUp(reset=True)]),
        (Stall("*", 7), [Pause(7), HangUp()]),
        (Stall("*", 7, headers_first=True), [HEAD, Pause(7), HangUp()]),
        (Drip("*", 0.5, 8), [HEAD, HALF, Pause(0.5), BODY[8:], Pause(0.5)]),
    ],
)
def test_steps(fault: Fault, steps: list[Any]) -> None:
    assert list(fault.steps(Response(200, BODY)) or ()) == steps


def test_a_huge_body_comes_in_parts() -> None:
    head, *parts = Huge("*", 1_000_000).steps(Response(503, BODY))
    assert head == Head(
        200, {"content-type": "application/json", "content-length": "1000000"}
    )
    sizes = [len(part) for part in parts if isinstance(part, bytes)]
    assert (sum(sizes), len(sizes)) == (1_000_000, len(parts))
    assert max(sizes) < 200_000


def test_changed_responses() -> None:
    response = Response(200, b'{"totalElements":5,"totalPages":1}')
    assert Status("*", 503).change(response).status == 503
    assert Headers("*", {"X-Odd": "1"}).change(Response(200)).headers == {"x-odd": "1"}
    wrong = WrongTotal("*", elements=2).change(response)
    assert wrong.body == b'{"totalElements":7,"totalPages":1}'
    assert WrongTotal("*", elements=2).change(Response(500, b"x")).body == b"x"
    capped = WrongTotal("*", most=3).change(response)
    assert capped.body == b'{"totalElements":3,"totalPages":1}'


def test_an_answer_instead_of_one_status() -> None:
    fault = Status("*", 503, instead_of=400, headers={"X-Odd": "1"})
    assert fault.change(Response(200)) == Response(200)
    answer = fault.change(Response(400))
    assert (answer.status, answer.headers["x-odd"]) == (503, "1")


def test_a_rewritten_request() -> None:
    request = Request("GET", "/client/search", {"page": "4", "size": "5"})
    RepeatPage("*", 1).rewrite(request)
    assert request.query == {"page": "1", "size": "5"}
    Parameters("*", {"sortBy": "id"}).rewrite(request)
    assert request.query == {"page": "1", "size": "5", "sortBy": "id"}


def test_a_fault_for_a_parameter() -> None:
    request = Request("GET", "/client/search", {"size": "5"})
    assert Status("*", 400, parameter="size").matches(request)
    assert Status("*", 400, parameter="size", value="5").matches(request)
    assert not Status("*", 400, parameter="size", value="6").matches(request)
    assert not Status("*", 400, parameter="page").matches(request)


def test_a_rate_limit_remembers_who_passed() -> None:
    fault, request = RateLimit("*", per_second=2), Request("GET", "/")
    assert [fault.takes(request) for _ in range(3)] == [False, False, True]
    assert (fault.seen, fault.hits) == (3, 1)


def test_the_server_is_asked_after_the_pause() -> None:
    sandbox = Sandbox(clients=3, latency=5)
    key = {"host": "localhost", "x-api-key": sandbox.api_key}
    steps = sandbox.handle(Request("GET", "/api/client/search", {}, key))
    assert next(steps) == Pause(5)
    sandbox.store.insert("clients")
    head, body = steps
    assert isinstance(head, Head)
    assert isinstance(body, bytes)
    assert b'"totalElements":4' in body
