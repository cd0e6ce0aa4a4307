"""No secrets and no customer data in any output, even at DEBUG."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

import pytest
from conftest import select

from clientsuccess_sandbox import (
    Body,
    CutOff,
    Fault,
    Headers,
    Mutate,
    Redirect,
    Sandbox,
    Status,
)
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import CommandLine

KEY = "k3y-that-nobody-may-see"
PASSWORD = "p4ss-that-nobody-may-see"
DATA = "customer-text-that-no-log-may-hold"
SEARCH = "/client/search"


@dataclass
class Shown:
    """What a run of the tap showed."""

    exit_code: int
    stdout: str
    log: str

    def check(self) -> None:
        for secret in (KEY, PASSWORD):
            assert secret not in self.log.lower()
            assert secret not in self.stdout
        assert DATA not in self.log
        assert "Traceback" not in self.log


Run = t.Callable[..., Shown]


@pytest.fixture
def secret_sandbox(caplog: pytest.LogCaptureFixture) -> Iterator[Sandbox]:
    # It runs in this process, but its log is not part of the tap's.
    caplog.set_level("CRITICAL", Sandbox.__module__.rpartition(".")[0])
    with Sandbox(seed=7, clients=5, api_key=KEY, password=PASSWORD) as running:
        yield running


@pytest.fixture
def run(
    secret_sandbox: Sandbox,
    bare_cli: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_LOGLEVEL", "DEBUG")
    login = {"api_key": KEY, "base_url": secret_sandbox.base_url, "max_retries": 1}

    def start(*args: str, **settings: t.Any) -> Shown:
        config = {**login, "discover_custom_fields": False, **settings}
        (tmp_path / "config.json").write_text(json.dumps(config))
        ended = bare_cli("--config=config.json", *args)
        return Shown(ended.exit_code, ended.stdout, ended.stderr)

    return start


@pytest.fixture
def clients_only(tmp_path: Path) -> str:
    config = {"api_key": "x", "discover_custom_fields": False}
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["clients"])
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    return "--catalog=catalog.json"


ODD = {
    "name": DATA,
    "note": DATA,
    "npsScore": DATA,
    "active": DATA,
    "createdTime": DATA,
    "segment": DATA,
    "unheard_of": DATA,
}


@pytest.mark.parametrize(
    "fault",
    [
        Mutate(SEARCH, values=ODD),
        Mutate(SEARCH, values={"id": DATA}),
        Mutate(SEARCH, values={"modifiedTime": DATA}),
        Mutate(SEARCH, instead=DATA),
        Body(SEARCH, f'{{"data": "{DATA} {KEY}"}}'),
        Body(SEARCH, f"<html>{DATA} {KEY}"),
        Body(SEARCH, f'{{"data": [{{"name": "{DATA} {KEY}"'),
        CutOff(SEARCH, 0.9),
        Status(SEARCH, 400, body={"userMessage": f"{KEY} {DATA}"}),
        Status(SEARCH, 401, body=f"{KEY} {DATA}", headers={"X-Echo": KEY}),
        Status(SEARCH, 500, body=f"{KEY} {DATA}", headers={"X-Echo": KEY}),
        Status(SEARCH, 429, retry_after=KEY),
        Headers(SEARCH, {"Date": KEY, "Set-Cookie": f"key={KEY}", "X-Echo": KEY}),
        Redirect(SEARCH, f"/v2/client/search?api_key={KEY}", times=1),
        Redirect(SEARCH, f"/{KEY}/search", times=1),
        Redirect(SEARCH, f"https://evil.example/{KEY}?key={KEY}#{KEY}"),
        Redirect(SEARCH, f"https://{KEY}:{KEY}@evil.example/"),
        Redirect(SEARCH, f"https://{KEY}.evil.example/"),
        Redirect(SEARCH, f"https://{KEY.replace('-', '%2D')}.evil.example/"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_sync_shows_none(
    run: Run, secret_sandbox: Sandbox, clients_only: str, fault: Fault
) -> None:
    secret_sandbox.faults.add(fault)
    run(clients_only).check()


@pytest.mark.parametrize(
    "expression", ["float(note)", "note.absent", "int(name)", "note + 1", "nope("]
)
def test_a_stream_map_that_fails_shows_none(
    run: Run, secret_sandbox: Sandbox, clients_only: str, expression: str
) -> None:
    secret_sandbox.faults.add(Mutate(SEARCH, values={"name": DATA, "note": DATA}))
    run(clients_only, stream_maps={"clients": {"made": expression}}).check()


def test_a_filter_shows_none(
    run: Run, secret_sandbox: Sandbox, clients_only: str
) -> None:
    secret_sandbox.faults.add(Mutate(SEARCH, values={"name": DATA}))
    run(clients_only, stream_maps={"clients": {"__filter__": "name"}}).check()


@pytest.mark.parametrize("name", [DATA + "\n2026 | FORGED", "jane@doe.example"])
def test_an_unusual_field_name_is_not_shown(
    run: Run, secret_sandbox: Sandbox, clients_only: str, name: str
) -> None:
    secret_sandbox.faults.add(Mutate(SEARCH, values={name: 1}))
    shown = run(clients_only)
    shown.check()
    assert (
        "dropped the field with an unusual name, which is not in the catalog"
        in shown.log
    )
    assert name not in shown.log


@pytest.mark.parametrize(
    "args",
    [["--about"], ["--about", "--format=json"], ["--discover"], ["--test"]],
    ids=" ".join,
)
def test_no_command_shows_the_key(run: Run, args: list[str]) -> None:
    shown = run(*args, discover_custom_fields=True)
    assert shown.exit_code == 0
    shown.check()


def test_the_connection_test_shows_no_echo(run: Run, secret_sandbox: Sandbox) -> None:
    secret_sandbox.faults.add(Status("/health", 401, body=KEY))
    shown = run("--test")
    assert shown.exit_code == 1
    shown.check()


def test_a_login_shows_neither_password_nor_token(
    run: Run, secret_sandbox: Sandbox, clients_only: str
) -> None:
    login = {"auth_method": "password", "username": secret_sandbox.username}
    token = "t0ken-that-nobody-may-see"
    good = run(clients_only, **login, api_key=None, password=PASSWORD)
    secret_sandbox.faults.add(Body("/auth", {"access_token": token, "expires_in": 9}))
    bad = run(clients_only, **login, api_key=None, password=PASSWORD)
    assert (good.exit_code, bad.exit_code) == (0, 2)
    for shown in (good, bad):
        shown.check()
        assert token not in shown.log + shown.stdout


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": [KEY]},
        {"api_key": f"{KEY}\n"},
        {"page_size": KEY},
        {"start_date": KEY},
        {"stream_maps": KEY},
        {"base_url": f"https://user:{KEY}@example.com"},
        {"base_url": f"https://example.com/?key={KEY}"},
        {"password": PASSWORD},
    ],
    ids=" ".join,
)
def test_invalid_settings_are_named_without_their_values(
    run: Run, settings: dict[str, t.Any]
) -> None:
    shown = run(**settings)
    assert shown.exit_code == 2
    shown.check()


def test_the_sandbox_keeps_no_key(sandbox_log: Callable[[], str]) -> None:
    assert KEY not in sandbox_log()


@pytest.fixture
def sandbox_log(run: Run, secret_sandbox: Sandbox) -> Callable[[], str]:
    run()
    return lambda: "".join(map(repr, secret_sandbox.requests))


def test_another_origin_never_sees_a_request(
    run: Run, secret_sandbox: Sandbox, clients_only: str
) -> None:
    with Sandbox(seed=7, clients=1, api_key=KEY) as other:
        secret_sandbox.faults.add(Redirect(SEARCH, f"{other.base_url}/client/search"))
        shown = run(clients_only)
        assert shown.exit_code == 2
        assert "the key was not sent there" in shown.log
        assert not len(other.requests)
