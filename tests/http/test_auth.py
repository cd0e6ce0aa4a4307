"""Logins: an expired session is renewed once, for all threads."""

from __future__ import annotations

import json
import threading
import typing as t
from collections import Counter
from itertools import count

import pytest
import requests
from http_server import (
    LIMIT_SECONDS,
    Request,
    Server,
    answer,
    body_of,
    fixtures,
    make_login_client,
)

from tap_clientsuccess.errors import RejectedKeyError
from tap_clientsuccess.http.concurrency import ThreadPool, Throttle

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_clientsuccess.http.client import Client


server, client = fixtures()

ENDED = [
    ("401 Unauthorized", {"error": "invalid_token"}),
    *(
        (status, body)
        for status in ("200 OK", "400 Bad", "403 No", "500 Error")
        for body in ({"error": "invalid_token", "n": 1}, {"code": "invalidToken"})
    ),
]


@pytest.mark.parametrize(("status", "body"), ENDED)
def test_an_expired_session_is_renewed_once(
    server: Server, status: str, body: dict[str, t.Any]
) -> None:
    numbers = count(1)

    def respond(request: Request) -> bytes:
        if request.path.endswith("/auth"):
            return answer(json.dumps({"access_token": f"t{next(numbers)}"}).encode())
        if request.header("Authorization") == "t1":
            return answer(json.dumps(body).encode(), status=status)
        return answer(b'[{"id": 1}]')

    server.respond = respond
    client = make_login_client(server)
    result = client.fetch(requests.Request("GET", f"{server.url}/x"), body_of)
    assert result == b'[{"id": 1}]'
    assert len(server.requests) == 4


def test_threads_share_one_renewal(server: Server) -> None:
    everyone = threading.Barrier(4)
    logins = count(1)

    def respond(request: Request) -> bytes:
        if request.path.endswith("/auth"):
            return answer(b'{"access_token": "t%d"}' % next(logins))
        if request.header("Authorization") == "t1":
            everyone.wait(LIMIT_SECONDS)
            return answer(status="401 Unauthorized")
        return answer()

    server.respond = respond
    client = make_login_client(server)
    request = requests.Request("GET", f"{server.url}/x")
    list(ThreadPool(4).map(lambda _: client.fetch(request, body_of), range(4)))
    assert next(logins) == 3


@pytest.mark.parametrize("uses", [1, 4])
@pytest.mark.parametrize("status", ["401 Unauthorized", "200 OK"])
def test_sessions_that_end_after_a_few_requests(
    server: Server, uses: int, status: str
) -> None:
    """Others may use up the token that one of the threads has renewed."""
    lock = threading.Lock()
    left: Counter[str | None] = Counter()

    def respond(request: Request) -> bytes:
        with lock:
            if request.path.endswith("/auth"):
                left[token := f"t{len(left) + 1}"] = uses
                return answer(json.dumps({"access_token": token}).encode())
            left[request.header("Authorization")] -= 1
            if left[request.header("Authorization")] >= 0:
                return answer(b'[{"id": 1}]')
            return answer(b'{"error": "invalid_token"}', status=status)

    server.respond = respond
    client = make_login_client(server, throttle=Throttle(8))
    request = requests.Request("GET", f"{server.url}/x")
    results = ThreadPool(8).map(lambda _: client.fetch(request, body_of), range(100))
    assert set(results) == {b'[{"id": 1}]'}


def test_one_user_may_lack_a_permission_where_sessions_end(server: Server) -> None:
    """It is no endless loop, even where other requests succeed with each token."""
    logins = count(1)

    def respond(request: Request) -> bytes:
        if request.path.endswith("/auth"):
            return answer(b'{"access_token": "t%d"}' % next(logins))
        return answer(status="401 No" if request.path.endswith("/no") else "200 OK")

    server.respond = respond
    client = make_login_client(server, throttle=Throttle(8))

    def outcome(number: int) -> str:
        path = "no" if number % 2 else "yes"
        try:
            client.fetch(requests.Request("GET", f"{server.url}/{path}"), body_of)
        except RejectedKeyError:
            return "no"
        return "yes"

    assert list(ThreadPool(8).map(outcome, range(40))) == ["yes", "no"] * 20
    assert next(logins) <= 22


@pytest.mark.parametrize(("status", "body"), ENDED)
def test_a_renewed_session_that_expires_at_once_is_an_error(
    server: Server, status: str, body: dict[str, t.Any]
) -> None:
    def respond(request: Request) -> bytes:
        if request.path.endswith("/auth"):
            return answer(b'{"access_token": "t"}')
        return answer(json.dumps(body).encode(), status=status)

    server.respond = respond
    with pytest.raises(RejectedKeyError, match="the login works, but not for this"):
        make_login_client(server, max_retries=3).fetch(
            requests.Request("GET", f"{server.url}/x"), body_of
        )
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "body",
    [{"data": [{"subject": "invalid_token"}]}, {"a": "invalid_token", "b": "x" * 1000}],
)
def test_records_that_mention_invalid_tokens_are_data(
    client: Client, server: Server, body: dict[str, t.Any]
) -> None:
    server.respond = lambda _: answer(json.dumps(body).encode())
    assert client.fetch(requests.Request("GET", server.url), body_of)


def test_a_netrc_is_not_read(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(netrc))
    server.respond = lambda _: answer(b'{"access_token": "t"}')
    make_login_client(server).fetch(requests.Request("GET", server.url), body_of)
    assert [r.header("Authorization") for r in server.requests] == [None, "t"]
