"""The connection test: exit code, one line of reason, nothing on stdout."""

from __future__ import annotations

import json
import ssl
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme
from conftest import Output, select

from clientsuccess_sandbox import (
    Body,
    Drip,
    Empty,
    Fault,
    Html,
    Redirect,
    Sandbox,
    Stall,
    Status,
)
from tap_clientsuccess import health
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import CommandLine, CommandResult

PATH = "/health"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as usual, but sooner."""
    monkeypatch.setattr(health, "_WAIT_SECONDS", 0.01)


def said(result: CommandResult) -> str:
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def test_it_works(cli: CommandLine, sandbox: Sandbox) -> None:
    result = cli("--test")
    assert result.exit_code == 0
    assert "the connection works" in said(result)
    request, _ = sandbox.requests
    assert (request.method, request.path) == ("GET", "/api/health")
    assert request.key_headers == ("x-api-key",)


@pytest.mark.parametrize(
    "fault", [Body(PATH, b"OK"), Status(PATH, 204), Status(PATH, 201)]
)
def test_any_2xx_is_success(cli: CommandLine, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.faults.add(fault)
    assert cli("--test").exit_code == 0


def test_another_health_path(cli: CommandLine, sandbox: Sandbox) -> None:
    assert cli("--test", health_path="product/search?size=1").exit_code == 0
    assert sandbox.requests[0].path == "/api/product/search"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Status(PATH, 401), "answered 401: the API key is wrong, expired"),
        (Status(PATH, 403), "answered 403: the API key is wrong, expired"),
        (Status(PATH, 404), "answered 404: base_url is wrong"),
        (Html(PATH, body="<html><body>Welcome</body></html>"), "web page: base_url"),
        (Html(PATH, status=404), "maintenance page: the service is down"),
        (Redirect(PATH, "https://login.example/x"), "elsewhere, to https://login.ex"),
        (Html(PATH), "maintenance page: the service is down"),
        (Html(PATH, status=503), "maintenance page: the service is down"),
        (Status(PATH, 500), "answered 500: the service is down"),
        (Status(PATH, 503, retry_after=3600), "answered 503: the service is down"),
        (Status(PATH, 429), "rate limit"),
        (Empty(PATH), "answered 200 with an empty body"),
        (Body(PATH, {"error": "hidden"}), "answered 200 with an error in its body"),
        (Body(PATH, {"status": "DOWN"}), "answered 200 with the status DOWN"),
        (Body(PATH, b"null"), "answered 200 with the body null"),
        (Body(PATH, {"error": "invalid_token"}), "the API key is wrong, expired"),
        (Status(PATH, 400), "answered 400"),
    ],
)
def test_failures_and_their_reasons(
    cli: CommandLine, sandbox: Sandbox, fault: Fault, words: str
) -> None:
    sandbox.faults.add(fault)
    result = cli("--test")
    assert result.exit_code == 1
    assert words in said(result)
    assert len(sandbox.requests) <= 3


@pytest.mark.parametrize("fault", [Stall(PATH, 3600), Drip(PATH, 0.5)], ids=repr)
def test_a_response_that_takes_too_long(
    cli: CommandLine, sandbox: Sandbox, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    result = cli("--test", request_timeout=1)
    assert result.exit_code == 1
    assert "no complete response within 1 seconds" in said(result)


def test_a_transient_fault_is_retried(cli: CommandLine, sandbox: Sandbox) -> None:
    sandbox.faults.add(Status(PATH, 503, times=2))
    assert cli("--test").exit_code == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key": None}, "api_key is missing"),
        ({"api_key": 5}, "api_key must be of type string"),
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": " blank "}, "api_key starts or ends with"),
        ({"api_key": "line\nbreak"}, "api_key contains a control character"),
        ({"username": "größe"}, "username contains characters that cannot be sent"),
        (
            {"base_url": " https://api.clientsuccess.com/api"},
            "base_url starts or ends with",
        ),
        ({"base_url": "api.clientsuccess.com"}, "base_url must start with https://"),
        ({"base_url": "http://api.clientsuccess.com/api"}, "base_url must use https"),
        ({"base_url": "https://me:pw@example.com"}, "must not contain a user name"),
        ({"base_url": "https://example.com/?key=1"}, "must not have a query"),
        ({"base_url": "https://[::1"}, "base_url is not a URL"),
        ({"base_url": "https://*.clientsuccess.com/api"}, "has an invalid host"),
        ({"base_url": f"https://{'a' * 70}.example"}, "has an invalid host"),
        ({"base_url": "https://a..example"}, "has an invalid host"),
        ({"page_size": 0}, "page_size is out of range: the minimum is 1"),
        ({"page_size": "many"}, "page_size must be of type integer"),
        ({"api_key_header": "X API"}, "api_key_header is not the name"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"base_url": "http://127.0.0.1:9/api"}, "connection was refused"),
        ({"base_url": "https://name.invalid/api"}, "does not resolve"),
    ],
)
def test_invalid_settings(
    cli: CommandLine, settings: dict[str, t.Any], words: str
) -> None:
    result = cli("--test", **settings)
    assert result.exit_code == 1
    assert words in said(result)
    assert "me:pw" not in result.stderr


def test_the_wrong_key(cli: CommandLine) -> None:
    result = cli("--test", api_key="s3cr3t-but-wrong")
    assert result.exit_code == 1
    assert "the API key is wrong" in said(result)
    assert "s3cr3t" not in result.stderr


@pytest.fixture
def tls_url() -> Iterator[str]:
    """A TLS server with an untrusted certificate."""

    class Handler(BaseHTTPRequestHandler):
        pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("command", ["--test", "--discover"])
def test_a_certificate_that_is_not_trusted(
    cli: CommandLine, tls_url: str, command: str
) -> None:
    result = cli(command, base_url=tls_url, discover_custom_fields=True)
    assert result.exit_code == (1 if command == "--test" else 2)
    assert "TLS certificate is not trusted" in said(result)


@pytest.mark.parametrize("command", ["--test", "--discover"])
def test_a_server_without_tls(cli: CommandLine, sandbox: Sandbox, command: str) -> None:
    url = sandbox.base_url.replace("http", "https")
    settings = {"discover_custom_fields": True, "max_retries": 0}
    result = cli(command, base_url=url, **settings)
    assert result.exit_code == 1
    assert "the TLS connection failed" in said(result)


def test_it_always_ends(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(health, "VERDICT_WITHIN_SECONDS", 0.2)
    monkeypatch.setattr(health, "_test", lambda *_: never.wait())
    result = cli("--test")
    never.set()
    assert result.exit_code == 1
    assert "no response within 0.2 seconds" in said(result)


@pytest.mark.parametrize("text", ["", "{", "[1]", '"text"', "null"])
def test_a_configuration_that_cannot_be_read(
    cli: CommandLine, tmp_path: t.Any, text: str
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    result = cli("--config", str(broken), "--test")
    assert result.exit_code == 1
    assert "broken.json" in said(result)


def test_a_missing_configuration_file(cli: CommandLine) -> None:
    result = cli("--config", "absent.json", "--test")
    assert result.exit_code == 1
    assert "absent.json" in said(result)


def test_an_invalid_number_in_the_environment(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_PAGE_SIZE", "many")
    result = cli("--config", "ENV", "--test")
    assert result.exit_code == 1
    assert "TAP_CLIENTSUCCESS_PAGE_SIZE" in said(result)


def test_an_unknown_test(cli: CommandLine) -> None:
    result = cli("--test=conection")
    assert result.exit_code == 1
    assert "'--test': 'conection' is not one of 'all', 'api', " in said(result)


@pytest.mark.parametrize("command", ["--test=all", "--test=schema"])
@pytest.mark.parametrize(
    "settings", [{}, {"read_details": True}, {"v1_streams": "off"}], ids=str
)
def test_the_sdks_tests_do_less_than_a_sync(
    cli: CommandLine, sandbox: Sandbox, command: str, settings: dict[str, t.Any]
) -> None:
    synced = Output(cli(**settings).stdout)
    asked = {request.path for request in sandbox.requests}
    sandbox.requests.clear()
    result = cli(command, **settings)
    assert result.exit_code == 0
    tested = Output(result.stdout)
    assert tested.schemas == synced.schemas
    assert {request.path for request in sandbox.requests} <= asked
    with_records = synced.records if command == "--test=all" else {}
    with_records.pop("sync_log", None)
    assert {name: len(found) for name, found in tested.records.items()} == (
        dict.fromkeys(with_records, 1)
    )


def test_a_sample_is_written_before_an_error(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status("/task/all", 400, after=1))
    result = cli("--test=all", page_size=1)
    assert result.exit_code == 1
    assert len(Output(result.stdout).records["tasks"]) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["--test=all", "--catalog", "catalog.json"],
        ["--catalog", "catalog.json", "--test=schema"],
    ],
    ids=str,
)
def test_the_sdks_tests_heed_the_catalog(
    cli: CommandLine, config: dict[str, t.Any], tmp_path: Path, args: list[str]
) -> None:
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["products"])
    (tmp_path / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    assert set(Output(cli(*args).stdout).schemas) == {"products"}
