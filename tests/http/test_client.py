"""Single requests: headers, errors, retries, cookies."""

from __future__ import annotations

import logging
import threading
import time
import typing as t
import weakref
from base64 import b32encode, b64encode, urlsafe_b64encode

import pytest
import requests
from http_server import (
    KEY,
    LIMIT_SECONDS,
    PASSWORD,
    Request,
    Server,
    answer,
    body_of,
    fixtures,
    make_client,
    serving,
)

from tap_clientsuccess.errors import (
    UnavailableError,
    UnexpectedBodyError,
    UnexpectedResponseError,
    UnreachableError,
    WrongAddressError,
)
from tap_clientsuccess.http.client import RequestCounts
from tap_clientsuccess.http.concurrency import ThreadPool, Throttle
from tap_clientsuccess.http.connection import strict
from tap_clientsuccess.records.decoding import decode_json

if t.TYPE_CHECKING:
    from tap_clientsuccess.http.client import Client
    from tap_clientsuccess.http.responses import Response


server, client = fixtures()


def json_of(response: Response) -> t.Any:
    return decode_json(response.body)


def test_a_reader_gets_the_body_unchanged(client: Client, server: Server) -> None:
    body = b'{"data": [ 1.50 ]}'
    server.respond = lambda _: answer(body, "Date: Wed, 25 Nov 2026 10:00:00 GMT")
    response = client.fetch(
        requests.Request("GET", server.url), lambda response: response
    )
    assert response.body == body
    assert response.sent_at
    decoded = client.fetch(requests.Request("GET", server.url), json_of)
    assert str(decoded) == "{'data': [Decimal('1.50')]}"


def test_every_request_disables_caches(client: Client, server: Server) -> None:
    client.fetch(requests.Request("GET", server.url), body_of)
    client.fetch(requests.Request("POST", server.url, json={}), body_of)
    assert [r.header("Cache-Control") for r in server.requests] == ["no-cache"] * 2


@pytest.mark.parametrize("status", ["401 No", "404 No", "500 No", "400 No"])
def test_errors_name_the_host_and_never_the_query(
    client: Client, server: Server, status: str
) -> None:
    server.respond = lambda _: answer(status=status)
    request = requests.Request(
        "GET", f"{server.url}/health", params={"secret": "hidden"}
    )
    with pytest.raises(Exception, match=f"^GET {server.url}/health answered ") as error:
        client.fetch(request, body_of)
    assert "hidden" not in str(error.value)
    assert KEY not in str(error.value)


def test_a_refused_connection_names_the_host(client: Client) -> None:
    with pytest.raises(UnreachableError, match=r"^GET http://127\.0\.0\.1:9/x: the"):
        client.fetch(requests.Request("GET", "http://127.0.0.1:9/x"), body_of)


def test_the_last_error_counts_the_tries(server: Server) -> None:
    server.respond = lambda _: answer(b"not JSON")
    client = make_client(max_retries=2)
    with pytest.raises(UnexpectedResponseError, match="gave up after 3 tries") as error:
        client.fetch(requests.Request("GET", server.url), json_of)
    assert "gave up" not in error.value.args[0]
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [ValueError, TypeError, UnicodeError])
def test_an_error_of_the_tap_is_not_blamed_on_the_server(
    server: Server, fault: type[Exception]
) -> None:
    def read(_: Response) -> t.NoReturn:
        raise fault

    with pytest.raises(fault):
        make_client(max_retries=8).fetch(requests.Request("GET", server.url), read)
    assert len(server.requests) == 1


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


def test_a_retry_is_counted_and_logged_once(
    server: Server, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.respond = lambda _: answer(
        status="503 No" if len(server.requests) < 3 else "200 OK"
    )
    counts = RequestCounts()
    request = requests.Request("GET", server.url, params={"secret": "hidden"})
    make_client(max_retries=2).fetch(request, body_of, counts)
    assert (counts.requests, counts.retries, counts.rate_limited) == (3, 2, 0)
    responses = [text for text in caplog.messages if ", with " in text]
    assert len(responses) == 3
    assert all(text.startswith(f"GET {server.url} answered ") for text in responses)
    assert [text for text in caplog.messages if text not in responses] == [
        f"GET {server.url} answered 503: the service is down or overloaded; "
        f"trying again in {wait:.1f} seconds (try {number} failed)"
        for number, wait in enumerate(waits, 1)
    ]


def test_the_wait_is_the_servers_or_grows(
    server: Server, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server names is waited for as it is; only our own wait is jittered."""
    monkeypatch.setattr("tap_clientsuccess.http.client.FIRST_WAIT_SECONDS", 0.5)
    monkeypatch.setattr("tap_clientsuccess.http.client.LONGEST_WAIT_SECONDS", 1.5)
    named = iter(["7", "", "", "1000", "1"])
    server.respond = lambda _: answer(
        b"", f"Retry-After: {next(named)}", status="503 No"
    )
    with pytest.raises(UnavailableError, match="gave up after 5 tries"):
        make_client(max_retries=4).fetch(requests.Request("GET", server.url), body_of)
    first, second, third, last = waits
    assert (first, last) == (7.0, 300.0)
    assert 0.5 <= second <= 1.0
    assert 0.75 <= third <= 1.5


def test_nothing_of_a_response_is_kept_during_the_wait(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Content:
        pass

    made: list[weakref.ref[Content]] = []
    kept: list[Content | None] = []
    monkeypatch.setattr("time.sleep", lambda _: kept.append(made[0]()))

    def read(_: Response) -> None:
        content = Content()
        if not made:
            made.append(weakref.ref(content))
            raise UnexpectedBodyError

    make_client(max_retries=1).fetch(requests.Request("GET", server.url), read)
    assert kept == [None]


def test_threads_make_one_connection_pool(
    client: Client, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    made: list[type] = []

    def slowly(connection: type) -> type:
        made.append(connection)
        time.sleep(0.05)
        return strict(connection)

    monkeypatch.setattr("tap_clientsuccess.http.connection.strict", slowly)
    request = requests.Request("GET", server.url)
    list(ThreadPool(4).map(lambda _: client.fetch(request, body_of), range(4)))
    assert len(made) == 1


def test_cookies_are_not_kept(client: Client, server: Server) -> None:
    cookies = ["Set-Cookie: a=1", "Set-Cookie: b=2; Domain=127.0.0.1; Path=/"]
    server.respond = lambda _: answer(b"[]", *cookies)
    with serving() as other:
        for url in (server.url, server.url, other.url):
            client.fetch(requests.Request("GET", url), body_of)
        sent = [*server.requests, *other.requests]
    assert [request.header("Cookie") for request in sent] == [None] * 3


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_proxied(
    client: Client,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    host: str,
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as proxy:
        monkeypatch.setenv(variable, proxy.url)
        url = server.url.replace("127.0.0.1", host)
        client.fetch(requests.Request("GET", url), body_of)
        assert not proxy.requests
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reset_idle_connection_is_replaced_at_once(
    server: Server, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each connection serves one request and resets at the next."""
    served: set[int] = set()

    def once(request: Request) -> bytes | None:
        is_new = request.connection not in served
        served.add(request.connection)
        return answer() if is_new else None

    server.respond = once
    client = make_client(max_retries=0)
    request = requests.Request(method, server.url, json={"page": 0})
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            client.fetch(request, body_of)
    assert not caplog.records
    assert {r.body for r in server.requests} == {b'{"page": 0}'}


def test_many_reset_idle_connections_are_replaced_at_once(
    client: Client, server: Server
) -> None:
    everyone = threading.Barrier(4)

    def respond(request: Request) -> bytes | None:
        if len(server.requests) <= 4:
            everyone.wait(LIMIT_SECONDS)
            return answer()
        return answer() if request.connection > 4 else None

    server.respond = respond
    request = requests.Request("GET", server.url)
    list(ThreadPool(4).map(lambda _: client.fetch(request, body_of), range(4)))
    assert client.fetch(request, body_of) == b"[]"


def test_a_server_that_always_resets_is_an_error(
    client: Client, server: Server
) -> None:
    server.respond = lambda _: None
    with pytest.raises(UnreachableError, match="the connection was lost"):
        client.fetch(requests.Request("GET", server.url), body_of)
    assert len(server.requests) == 2


HOSTS = [
    "evil\x1b[31m.example",
    "evil\u202e.example",
    "e" * 30_000,
    f"{KEY}.example",
    f"{KEY.replace('-', '.')}.example",
    f"{PASSWORD.upper()}.example",
    f"{PASSWORD.replace('-', '%2D')}.example",
    "".join(f"%{byte:02x}" for byte in KEY.encode()) + ".example",
    f"{KEY.encode().hex()}.example",
    f"{PASSWORD.encode().hex('-').upper()}.example",
    f"{KEY.encode().hex()[:20]}.{KEY.encode().hex()[20:]}.example",
    f"x{b32encode(KEY.encode()).decode().strip('=')}.example",
    f"{b32encode(b'key=' + KEY.encode()).decode().strip('=')}.example",
    *(
        f"{encode(b'key'[:shift] + KEY.encode()).decode().strip('=')}.example"
        for encode in (b64encode, urlsafe_b64encode)
        for shift in range(3)
    ),
    f"{KEY[:12]}.example",
]


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: ascii(host[:20]))
def test_an_odd_host_of_a_redirect_is_not_shown(
    client: Client, server: Server, host: str
) -> None:
    location = f"https://{host}/".encode().decode("latin-1")
    server.respond = lambda _: answer(b"", f"Location: {location}", status="302 Found")
    with pytest.raises(
        WrongAddressError,
        match=r"(elsewhere, to another host|to something that is not a URL): ",
    ):
        client.fetch(requests.Request("GET", server.url), body_of)


def test_a_plain_host_of_a_redirect_is_shown(client: Client, server: Server) -> None:
    server.respond = lambda _: answer(
        b"", "Location: https://login.example/x?a=b", status="302 Found"
    )
    with pytest.raises(WrongAddressError, match=r"to https://login\.example:443: "):
        client.fetch(requests.Request("GET", server.url), body_of)


def test_successes_raise_the_limit(server: Server) -> None:
    both = threading.Barrier(2)

    def respond(_: Request) -> bytes:
        number = len(server.requests)
        if number > 11:
            both.wait(LIMIT_SECONDS)
        return answer(status="429 Too Many" if number == 1 else "200 OK")

    server.respond = respond
    client = make_client(throttle=Throttle(2))
    request = requests.Request("GET", server.url)
    with pytest.raises(UnavailableError):
        client.fetch(request, body_of)
    for _ in range(10):
        client.fetch(request, body_of)
    list(ThreadPool(2).map(lambda _: client.fetch(request, body_of), range(2)))


def test_retry_after_delays_all_requests(server: Server) -> None:
    statuses = iter([("429 Too Many", "Retry-After: 1"), ("200 OK", "X-Y: z")])

    def respond(_: Request) -> bytes:
        status, header = next(statuses)
        return answer(b"[]", header, status=status)

    server.respond = respond
    client = make_client()
    with pytest.raises(UnavailableError):
        client.fetch(requests.Request("GET", server.url), body_of)
    client.fetch(requests.Request("GET", server.url), body_of)
    first, second = (request.at for request in server.requests)
    assert second - first >= 1
