"""Every kind of login: API keys in either header, user name and password."""

from __future__ import annotations

import typing as t

import pytest

from clientsuccess_sandbox import Body, Sandbox, Status
from tap_clientsuccess.errors import NotFoundError, RejectedKeyError

if t.TYPE_CHECKING:
    from conftest import CommandLine, Sync


@pytest.fixture
def login(config: dict[str, t.Any], sandbox: Sandbox) -> dict[str, t.Any]:
    """Change the configuration to a login with user name and password."""
    config.pop("api_key")
    config |= {
        "auth_method": "password",
        "username": sandbox.username,
        "password": sandbox.password,
    }
    return config


def logins(sandbox: Sandbox) -> int:
    return sum(request.path == "/v1/auth" for request in sandbox.requests)


def test_open_api_v2_keys(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(
        streams=["clients"],
        base_url=sandbox.url + "/v2",
        api_key_header="Authorization",
    )
    assert len(output.records["clients"]) == 30
    (request,) = sandbox.requests
    assert request.path == "/v2/client/search"
    assert request.key_headers == ("authorization",)


def test_a_login_reads_everything(
    sync: Sync, sandbox: Sandbox, login: dict[str, t.Any]
) -> None:
    sandbox.keys.revoke(sandbox.api_key)
    output = sync()
    assert output.ids("clients") == sandbox.store.ids("clients")
    assert output.ids("employees") == sandbox.store.ids("employees")
    assert logins(sandbox) == 1
    rest = [r for r in sandbox.requests if r.path != "/v1/auth"]
    assert {request.key_headers for request in rest} == {("authorization",)}


def test_a_token_is_renewed_before_it_expires(
    sync: Sync, sandbox: Sandbox, login: dict[str, t.Any], monkeypatch: t.Any
) -> None:
    now = [0.0]
    monkeypatch.setattr("tap_clientsuccess.http.auth.time.monotonic", lambda: now[0])
    sandbox.max_size = 10
    sandbox.token_seconds = 100

    def later(*_: object, **__: object) -> None:
        now[0] += 40

    monkeypatch.setattr("tap_clientsuccess.http.client.check", later)
    sync(streams=["contacts"], concurrency=1)
    pages = len(sandbox.requests) - logins(sandbox)
    assert pages > 9
    assert logins(sandbox) == -(-pages // 3)  # Each token is valid for 90 seconds.
    assert all(request.status != 401 for request in sandbox.requests)


def test_a_token_that_expires_mid_sync_is_renewed_once(
    sync: Sync, sandbox: Sandbox, login: dict[str, t.Any]
) -> None:
    sandbox.max_size = 10
    sandbox.faults.add(
        Status("/contact/search", 401, body={"error": "invalidToken"}, after=4, times=1)
    )
    output = sync(streams=["contacts"], concurrency=8)
    assert len(output.ids("contacts")) == 90
    assert logins(sandbox) == 2


def test_a_token_that_is_rejected_again_is_an_error(
    sync: Sync, sandbox: Sandbox, login: dict[str, t.Any]
) -> None:
    sandbox.faults.add(Status("/contact/search", 401))
    with pytest.raises(RejectedKeyError, match="the login works, but not for this"):
        sync(streams=["contacts"])
    assert len(sandbox.requests) == 4


def test_wrong_credentials_are_one_line(
    cli: CommandLine, sandbox: Sandbox, login: dict[str, t.Any]
) -> None:
    result = cli("--test", password="s3cr3t-but-wrong")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "the login was rejected: check username and password" in line
    assert "s3cr3t" not in result.stderr
    assert cli(password="s3cr3t-but-wrong").exit_code == 2


def test_the_connection_test_with_a_login(
    cli: CommandLine, login: dict[str, t.Any]
) -> None:
    result = cli("--test")
    assert result.exit_code == 0
    assert "the login is accepted" in result.stderr


def test_a_missing_login_endpoint(
    sync: Sync, sandbox: Sandbox, login: dict[str, t.Any]
) -> None:
    with pytest.raises(NotFoundError, match="v1_base_url"):
        sync(streams=["clients"], v1_base_url=sandbox.url + "/v9")


def test_a_login_with_transient_faults(
    sync: Sync, sandbox: Sandbox, login: dict[str, t.Any]
) -> None:
    sandbox.faults.add(Status("/v1/auth", 503, times=1))
    sandbox.faults.add(Body("/v1/auth", {"no": "token"}, after=1, times=1))
    assert len(sync(streams=["clients"]).records["clients"]) == 30
    assert logins(sandbox) == 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"auth_method": "password", "api_key": None}, "password is missing"),
        ({"auth_method": "password", "api_key": None}, "username is missing"),
        (
            {"auth_method": "password", "username": "u", "password": "p"},
            "api_key is for auth_method api_key",
        ),
        ({"username": "u"}, "username is for auth_method password"),
        ({"password": "hidden"}, "password is for auth_method password"),
        ({"auth_method": "magic"}, "auth_method must be one of api_key, password"),
        ({"v1_base_url": "http://elsewhere.example"}, "v1_base_url must use https"),
    ],
)
def test_settings_of_the_other_method(
    cli: CommandLine, settings: dict[str, t.Any], words: str
) -> None:
    result = cli(**settings)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "hidden" not in result.stderr
