"""Proxies and certificate authorities from the conventional variables."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import typing as t

import pytest
import trustme

from tap_clientsuccess.errors import ApiError, WrongAddressError

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import CommandLine, Sync

BODY = json.dumps({"data": [], "totalElements": 0, "last": True}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
ANSWER = HEAD % len(BODY) + BODY
VARIABLES = [
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
]
HOST = "name.invalid"
Talk = t.Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextlib.contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """Serve connections one after the other; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept, args=(server, talk))
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def accept(server: socket.socket, talk: Talk) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            talk(connection)


class TlsServer:
    """An API behind a private authority."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.bundle = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.bundle)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", HOST).configure_cert(self._context)
        self.requests: list[bytes] = []
        self.url = ""

    def talk(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as secured:
            self.requests.append(secured.recv(65_536))
            secured.sendall(ANSWER)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[TlsServer]:
    server = TlsServer(tmp_path)
    with listening(server.talk) as port:
        server.url = f"https://localhost:{port}/api"
        yield server


class Proxy:
    """A proxy that forwards to loopback and records what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def talk(self, connection: socket.socket) -> None:
        method, target = connection.recv(65_536).split()[:2]
        self.asked.append(f"{method.decode()} {target.decode()}")
        if method != b"CONNECT":
            connection.sendall(ANSWER)
            return
        port = int(target.decode().split(":")[1])
        with socket.create_connection(("127.0.0.1", port)) as beyond:
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=pump, args=(beyond, connection))
            back.start()
            pump(connection, beyond)
            back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy()
    with listening(proxy.talk) as port:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{port}")
        yield proxy


def read(sync: Sync, url: str, **settings: t.Any) -> None:
    sync(streams=["products"], base_url=url, max_retries=0, **settings)


@pytest.mark.parametrize(
    "variables",
    [
        {"REQUESTS_CA_BUNDLE": "FILE", "SSL_CERT_FILE": "/nowhere"},
        {"REQUESTS_CA_BUNDLE": "FOLDER"},
        {"CURL_CA_BUNDLE": "FILE", "SSL_CERT_DIR": "/nowhere"},
        {"SSL_CERT_FILE": "FILE"},
        {"SSL_CERT_FILE": "FILE", "SSL_CERT_DIR": "EMPTY", "REQUESTS_CA_BUNDLE": ""},
        {"SSL_CERT_FILE": "OTHER", "SSL_CERT_DIR": "FOLDER"},
        {"SSL_CERT_FILE": "", "SSL_CERT_DIR": f"/nowhere{os.pathsep}FOLDER"},
    ],
    ids=str,
)
def test_a_private_authority(
    sync: Sync,
    tls: TlsServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
) -> None:
    """As OpenSSL and `requests` find it."""
    hashed = tmp_path / "FOLDER"
    hashed.mkdir()
    # OpenSSL finds a certificate by the hash of its subject.
    program = ["openssl", "x509", "-subject_hash", "-noout", "-in", str(tls.bundle)]
    name = subprocess.check_output(program, text=True).strip()
    shutil.copy(tls.bundle, hashed / f"{name}.0")
    (tmp_path / "EMPTY").mkdir()
    trustme.CA().cert_pem.write_to_path(tmp_path / "OTHER")
    tls.bundle.rename(tmp_path / "FILE")
    for variable, value in variables.items():
        path = re.sub(r"[A-Z]+", rf"{tmp_path}/\g<0>", value)
        monkeypatch.setenv(variable, path)
    read(sync, tls.url)
    assert tls.requests


def test_another_authority(
    sync: Sync, tls: TlsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with pytest.raises(WrongAddressError, match="TLS certificate is not trusted"):
        read(sync, tls.url)


@pytest.mark.parametrize(
    "variable",
    [
        None,
        ("REQUESTS_CA_BUNDLE", ""),
        ("CURL_CA_BUNDLE", ""),
        ("REQUESTS_CA_BUNDLE", "0"),
        ("REQUESTS_CA_BUNDLE", "false"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/authority.pem"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("SSL_CERT_FILE", ""),
    ],
    ids=str,
)
def test_verification_cannot_be_turned_off(
    sync: Sync,
    tls: TlsServer,
    monkeypatch: pytest.MonkeyPatch,
    variable: tuple[str, str] | None,
) -> None:
    if variable:
        monkeypatch.setenv(*variable)
    with pytest.raises(ApiError, match=r"TLS certificate|REQUESTS_CA_BUNDLE"):
        read(sync, tls.url)
    assert not tls.requests


@pytest.mark.parametrize(
    "case",
    [
        ("REQUESTS_CA_BUNDLE", "/nowhere", "the file in REQUESTS_CA_BUNDLE does not"),
        ("CURL_CA_BUNDLE", "/nowhere", "the file in CURL_CA_BUNDLE does not exist"),
        ("SSL_CERT_FILE", "/nowhere", "the file in SSL_CERT_FILE does not exist"),
        ("SSL_CERT_FILE", __file__, "the file in SSL_CERT_FILE holds no certificate"),
        ("SSL_CERT_FILE", os.curdir, "the file in SSL_CERT_FILE "),
        ("SSL_CERT_DIR", "/nowhere", "the folder in SSL_CERT_DIR does not exist"),
    ],
)
def test_authorities_that_cannot_be_read_are_named(
    cli: CommandLine,
    tls: TlsServer,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, str, str],
) -> None:
    variable, path, words = case
    monkeypatch.setenv(variable, path)
    for command in ("--discover", "--test"):
        result = cli(command, base_url=tls.url, discover_custom_fields=True)
        assert result.exit_code == (1 if command == "--test" else 2)
        assert words in result.stderr.splitlines()[-1]
    assert not tls.requests


def test_the_proxy_of_https(
    sync: Sync, tls: TlsServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.bundle))
    url = tls.url.replace("localhost", HOST)
    read(sync, url)
    assert proxy.asked == [f"CONNECT {url.split('/')[2]}"]
    assert tls.requests


def test_hosts_without_proxy(
    sync: Sync, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", HOST)
    with pytest.raises(ApiError, match="does not resolve"):
        read(sync, f"https://{HOST}/api")
    assert not proxy.asked


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9", "http://user:proxy-password@127.0.0.1:9"],
)
def test_a_proxy_that_does_not_work_is_named(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ApiError, match=r"[Pp]roxy|HTTPS_PROXY") as caught:
        read(sync, f"https://{HOST}/api")
    assert "proxy-password" not in str(caught.value)
