"""What a web page that the user visits cannot do."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sandbox_client import fixtures

from clientsuccess_sandbox import Sandbox

if TYPE_CHECKING:
    from sandbox_client import Client

sandbox, client = fixtures()

DEEP = b"[" * 100_000
PATHS = ("/_sandbox/requests", "/_sandbox/records/clients", "/api/health", "/v1/auth")
CHANGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/faults", {"kind": "html"}),
    ("POST", "/edits", {"kind": "clients", "op": "delete", "id": 1}),
    ("POST", "/keys", {"keys": []}),
    ("POST", "/clock", {"offset": 9}),
    ("POST", "/custom-fields/CLIENT", {"fieldKey": "x"}),
    ("PATCH", "/behaviour", {"max_size": 1}),
)


def ask(client: Client, path: str, headers: dict[str, str], **how: Any) -> int:
    method = how.pop("method", "GET")
    url = client.sandbox.url + path
    return client.request(method, url, headers=headers, timeout=5, **how).status_code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", ""]
)
def test_a_foreign_host_is_refused(client: Client, path: str, host: str) -> None:
    assert ask(client, path, {"Host": host}) == 400
    assert not client.sandbox.requests


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
def test_names_of_this_machine_are_welcome(client: Client, host: str) -> None:
    assert ask(client, "/api/health", {"Host": host}) == 200
    port = client.sandbox.url.rpartition(":")[2]
    assert ask(client, "/api/health", {"Host": f"{host}:{port}"}) == 200


def test_further_names_can_be_allowed() -> None:
    with Sandbox(clients=1, allowed_hosts=["sandbox.internal"]) as other:
        for name, status in (("sandbox.internal", 200), ("evil.example", 400)):
            answer = requests.get(
                f"{other.url}/_sandbox/clock", headers={"Host": name}, timeout=5
            )
            assert answer.status_code == status


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6() -> None:
    with Sandbox(clients=1, host="::1") as other:
        answer = requests.get(f"{other.url}/_sandbox/clock", timeout=5)
        assert answer.status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_another_origin_are_refused(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    assert ask(client, path, headers) == 403
    assert not client.sandbox.requests


def test_pages_of_its_own_origin_are_welcome(client: Client) -> None:
    own = {"Origin": client.sandbox.url, "Sec-Fetch-Site": "same-origin"}
    assert ask(client, "/api/health", own) == 200
    assert ask(client, "/api/health", {"Sec-Fetch-Site": "none"}) == 200


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", ""]
)
def test_changes_need_json(
    client: Client, method: str, path: str, body: Any, content_type: str
) -> None:
    before = client.control("GET", "/behaviour").json()
    answer = client.request(
        method,
        f"{client.sandbox.url}/_sandbox{path}",
        json=body,
        headers={"Content-Type": content_type},
        timeout=5,
    )
    assert answer.status_code == 415
    assert client.control("GET", "/behaviour").json() == before
    assert client.read("/health").status_code == 200
    assert client.sandbox.store.count("clients") == 40
    assert client.control(method, path, body).status_code < 300


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, f"/_sandbox{path}") for method, path, _ in CHANGES),
        ("POST", "/v1/auth"),
        ("POST", "/api/task/all"),
    ],
)
@pytest.mark.parametrize("deep", [DEEP, b'{"a":' * 100_000, b"[" * 800 + b"]" * 800])
def test_a_deep_body_is_a_bad_request(
    client: Client, method: str, path: str, deep: bytes
) -> None:
    client.sandbox.faults.clear()
    json = {"Content-Type": "application/json"}
    status = ask(client, path, json, method=method, data=deep)
    assert status == (401 if path == "/v1/auth" and len(deep) == 1600 else 400)


def test_a_deep_body_meets_rules_about_pages(client: Client) -> None:
    client.control("POST", "/faults", {"kind": "repeat_page", "page": 0})
    json = {"Content-Type": "application/json"}
    assert ask(client, "/api/task/all", json, method="POST", data=DEEP) == 400


def test_a_large_body_is_refused(client: Client) -> None:
    json = {"Content-Type": "application/json"}
    large = b" " * 17_000_000
    assert ask(client, "/_sandbox/edits", json, method="POST", data=large) == 413


@pytest.mark.parametrize("count", [1_000_000, 1001, -1, "many", None, 1.5])
def test_random_edits_are_bounded(client: Client, count: Any) -> None:
    answer = client.control("POST", "/edits", {"kind": "clients", "random": count})
    assert answer.status_code == 400
    fault = {"kind": "edits", "count": count}
    assert client.control("POST", "/faults", fault).status_code == 400
    assert client.control("POST", "/edits", {"random": 1000}).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [{"kind": "edits", "every": 0}, {"kind": "drip", "size": 0}],
)
def test_faults_that_would_never_end(client: Client, fault: dict[str, Any]) -> None:
    assert client.control("POST", "/faults", fault).status_code == 400


@pytest.mark.parametrize(
    ("line", "header", "status"),
    [
        ("OPTIONS *", "", 400),
        ("GET *", "", 400),
        ("GET http://localhost/api/health", "", 400),
        ("CONNECT evil.example:443", "", 400),
        ("GET api/health", "", 400),
        ("GET ?", "", 400),
        (f"GET /api/clientNote/{'9' * 5000}", "", 404),
        ("POST /api/task/all", "Content-Length: abc", 400),
        ("POST /api/task/all", "Content-Length: -5", 400),
        ("POST /api/task/all", f"Content-Length: {'9' * 5000}", 413),
        ("POST /api/task/all", "Transfer-Encoding: chunked", 411),
    ],
    ids=lambda value: str(value)[:30],
)
def test_malformed_requests_are_refused(
    sandbox: Sandbox, line: str, header: str, status: int
) -> None:
    lines = [f"{line} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"X-API-Key: {sandbox.api_key}", *([header] if header else []), "", ""]
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall("\r\n".join(lines).encode())
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


def test_a_client_that_waits_with_its_body_is_told_to_go_on(sandbox: Sandbox) -> None:
    lines = ["POST /api/task/all HTTP/1.1", "Host: localhost", "Content-Length: 2"]
    lines += [f"X-API-Key: {sandbox.api_key}", "Expect: 100-continue", "", ""]
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = connection.makefile("rb")
        assert answer.readline().split()[1] == b"100"
        connection.sendall(b"{}")
        assert answer.readline() == b"\r\n"
        assert answer.readline().split()[1] == b"200"
