"""Proxies and certificate authorities from the conventional variables."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import typing as t

import pytest
import trustme

from tap_clientsuccess.errors import ApiError, WrongAddressError

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Sync

BODY = json.dumps({"data": [], "totalElements": 0, "last": True}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
ANSWER = HEAD % len(BODY) + BODY
VARIABLES = [
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
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


def test_a_private_authority(
    sync: Sync, tls: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.bundle))
    read(sync, tls.url)
    assert tls.requests


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


def test_a_bundle_that_is_not_there_is_named(
    sync: Sync, tls: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authority.pem")
    with pytest.raises(WrongAddressError, match="REQUESTS_CA_BUNDLE"):
        read(sync, tls.url)


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
