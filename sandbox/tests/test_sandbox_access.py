"""Keys, logins and what is answered to strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from sandbox_client import fixtures

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox


sandbox, client = fixtures()


def ask(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=5)


def log_in(sandbox: Sandbox, **how: Any) -> requests.Response:
    return requests.post(f"{sandbox.url}/v1/auth", timeout=5, **how)


def login_of(sandbox: Sandbox) -> dict[str, str]:
    return {"username": sandbox.username, "password": sandbox.password}


def bare(token: str) -> dict[str, str]:
    return {"Authorization": token}


@pytest.mark.parametrize("base", ["/api", "/v2"])
@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_key_opens_in_either_header(sandbox: Sandbox, base: str, header: str) -> None:
    answer = ask(f"{sandbox.url}{base}/health", **{header: sandbox.api_key})
    assert (answer.status_code, answer.json()) == (200, {"status": "UP"})
    assert "Date" in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer sandbox-key"}],
)
def test_strangers_are_refused(sandbox: Sandbox, headers: dict[str, str]) -> None:
    for path in ("/api/health", "/api/nowhere", "/v1/employees"):
        answer = ask(sandbox.url + path, **headers)
        assert answer.status_code == 401
        assert answer.json()["userMessage"]


def test_paths_of_no_api_are_not_there(sandbox: Sandbox) -> None:
    assert ask(f"{sandbox.url}/v9/auth").status_code == 404


def test_keys_change_while_running(sandbox: Sandbox, client: Client) -> None:
    sandbox.keys.revoke(sandbox.api_key)
    assert client.read("/health").status_code == 401
    client.control("POST", "/keys", {"keys": ["another"]})
    assert ask(f"{sandbox.base_url}/health", **bare("another")).status_code == 200
    client.control("POST", "/keys", {"add": sandbox.api_key, "revoke": "another"})
    assert client.read("/health").status_code == 200
    assert ask(f"{sandbox.base_url}/health", **bare("another")).status_code == 401


@pytest.mark.parametrize("how", ["data", "json"])
def test_a_login_gives_a_token_that_opens_everything_bare(
    sandbox: Sandbox, how: str
) -> None:
    answer = log_in(sandbox, **{how: login_of(sandbox)}).json()
    token = answer.pop("access_token")
    assert answer == {"token_type": "Bearer", "expires_in": 43200}
    for path in ("/api/health", "/v2/health", "/v1/employees"):
        assert ask(sandbox.url + path, **bare(token)).status_code == 200
        prefixed = ask(sandbox.url + path, **bare(f"Bearer {token}"))
        assert prefixed.status_code == 401


@pytest.mark.parametrize(
    "how",
    [
        {"data": {"username": "sandbox@example.com", "password": "no"}},
        {"json": {"password": "sandbox-password"}},
        {"json": ["sandbox@example.com", "sandbox-password"]},
        {"data": b"\xff\xfe"},
        {},
    ],
)
def test_wrong_logins_are_refused(sandbox: Sandbox, how: dict[str, Any]) -> None:
    assert log_in(sandbox, **how).status_code == 401


def test_tokens_expire(sandbox: Sandbox, client: Client) -> None:
    sandbox.token_seconds = 60
    token = log_in(sandbox, json=login_of(sandbox)).json()["access_token"]
    client.control("POST", "/clock", {"offset": 61})
    answer = ask(f"{sandbox.base_url}/health", **bare(token))
    assert answer.status_code == 401
    assert "invalidToken" in answer.json()["error"]


def test_tokens_can_be_made_to_expire(sandbox: Sandbox) -> None:
    token = log_in(sandbox, json=login_of(sandbox)).json()["access_token"]
    sandbox.keys.expire_tokens()
    assert ask(f"{sandbox.base_url}/health", **bare(token)).status_code == 401
    again = log_in(sandbox, json=login_of(sandbox)).json()["access_token"]
    assert ask(f"{sandbox.base_url}/health", **bare(again)).status_code == 200


def test_keys_need_not_open_the_old_api(sandbox: Sandbox, client: Client) -> None:
    employees = f"{sandbox.url}/v1/employees"
    assert client.get(employees).status_code == 200
    sandbox.key_opens_v1 = False
    assert client.get(employees).status_code == 401
    token = log_in(sandbox, json=login_of(sandbox)).json()["access_token"]
    assert ask(employees, **bare(token)).status_code == 200


def test_the_clock_moves_the_date_header(sandbox: Sandbox, client: Client) -> None:
    sandbox.clock.offset = -365 * 24 * 3600
    before = client.read("/health").headers["Date"]
    sandbox.clock.offset = 0
    assert client.read("/health").headers["Date"][12:16] != before[12:16]
