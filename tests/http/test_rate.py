"""The setting `requests_per_minute`: a pace that everything that is sent keeps."""

from __future__ import annotations

import time
import typing as t

import pytest
import requests
from http_server import answer, body_of, make_client, make_login_client, serving

from clientsuccess_sandbox import Sandbox, Status
from tap_clientsuccess.http.concurrency import ThreadPool, Throttle

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CommandLine, Sync
    from http_server import Request, Server

PER_MINUTE = 1200
GAP = 60 / PER_MINUTE


@pytest.fixture
def arrivals() -> list[float]:
    """When each request arrived."""
    return []


@pytest.fixture
def server(arrivals: list[float]) -> Iterator[Server]:
    def respond(request: Request) -> bytes:
        arrivals.append(time.monotonic())
        if request.path.endswith("/auth"):
            return answer(b'{"access_token": "t"}')
        is_first = len(arrivals) == 1
        if request.path.endswith("/elsewhere") and is_first:
            return answer(b"", "Location: /x", status="302 Found")
        return answer(status="500 Oops" if is_first else "200 OK")

    with serving(respond) as running:
        yield running


def check_pace(arrivals: list[float], started: float) -> None:
    """Check that no request came before its turn, however late others were."""
    for number, time_ in enumerate(sorted(arrivals)):
        assert time_ - started > number * GAP - 0.001


def test_eight_threads_keep_the_pace(server: Server, arrivals: list[float]) -> None:
    throttle = Throttle(8, GAP)
    client = make_client(throttle=throttle, max_retries=1)
    request = requests.Request("GET", f"{server.url}/x")
    started = time.monotonic()
    list(ThreadPool(8).map(lambda _: client.fetch(request, body_of), range(30)))
    assert len(arrivals) == 31  # With a retry.
    check_pace(arrivals, started)


def test_a_login_takes_a_turn(server: Server, arrivals: list[float]) -> None:
    client = make_login_client(server, throttle=Throttle(8, GAP))
    request = requests.Request("GET", f"{server.url}/x")
    started = time.monotonic()
    list(ThreadPool(8).map(lambda _: client.fetch(request, body_of), range(7)))
    assert len(arrivals) == 8
    check_pace(arrivals, started)


def test_a_redirect_delays_what_follows(server: Server, arrivals: list[float]) -> None:
    client = make_client(throttle=Throttle(8, GAP))
    started = time.monotonic()
    client.fetch(requests.Request("GET", f"{server.url}/elsewhere"), body_of)
    client.fetch(requests.Request("GET", f"{server.url}/x"), body_of)
    assert len(arrivals) == 3
    assert arrivals[2] - started > 2 * GAP


def test_who_waits_for_a_turn_waits_for_a_refusal_too() -> None:
    throttle = Throttle(8, seconds_per_request=1)
    throttle.pace()
    started = time.monotonic()
    waiting = ThreadPool(1).submit(throttle.pace)
    throttle.back_off(started, 1.5)
    waiting.result()
    assert time.monotonic() - started > 1.4


def test_no_turns_are_saved_up() -> None:
    throttle = Throttle(8, GAP)
    throttle.pace()
    time.sleep(5 * GAP)
    started = time.monotonic()
    for _ in range(4):
        throttle.pace()
    assert time.monotonic() - started > 3 * GAP


def test_no_pace_without_the_setting() -> None:
    throttle = Throttle(8)
    started = time.monotonic()
    for _ in range(1000):
        throttle.pace()
    assert time.monotonic() - started < 1


def test_a_sync_keeps_the_pace_and_says_so(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sandbox.faults.add(Status("/client/search", 429, times=2))
    started = sandbox.clock.now()
    sync(concurrency=8, requests_per_minute=PER_MINUTE, page_size=50)
    assert len(sandbox.requests) > 20
    check_pace([request.time for request in sandbox.requests], started)
    assert "At most 1200 requests a minute (requests_per_minute)" in caplog.text


def test_the_account_check_keeps_the_pace(cli: CommandLine, sandbox: Sandbox) -> None:
    started = sandbox.clock.now()
    # It tries other headers, at the same pace.
    result = cli("--test=api", requests_per_minute=PER_MINUTE, api_key_header="X-Other")
    assert result.stderr.count("At most 1200 requests a minute") == 1
    assert len(sandbox.requests) > 20
    check_pace([request.time for request in sandbox.requests], started)


def test_a_pace_that_no_run_would_end_at(cli: CommandLine) -> None:
    result = cli("--test", requests_per_minute=5)
    assert "requests_per_minute is out of range: the minimum is 10" in result.stderr
