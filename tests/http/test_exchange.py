"""One exchange: its time is bounded from the first byte on, and it is valid HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
import typing as t
from itertools import repeat
from pathlib import Path

import pytest
import requests
import trustme
from conftest import wait_until
from http_server import (
    LIMIT_SECONDS,
    Request,
    Server,
    answer,
    body_of,
    fixtures,
    make_client,
    make_login_client,
)

from tap_clientsuccess.errors import (
    UnexpectedResponseError,
    UnreachableError,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.http.client import Client

server, client = fixtures()

FILES = Path("/proc/self/fd")
SECONDS = 0.4
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
Talk = t.Callable[[socket.socket], None]


def slowly(data: bytes) -> Iterator[bytes]:
    """Yield single bytes; any pause is shorter than the timeout."""
    for byte in data:
        yield bytes([byte])
        time.sleep(SECONDS / 8)


def endless(*parts: bytes) -> Iterator[bytes]:
    """Yield the first part once, and the last again and again."""
    *first, last = parts
    yield from first
    for part in repeat(last):
        yield part
        time.sleep(SECONDS / 40)


def ends_in_time(client: Client, url: str) -> None:
    started = time.monotonic()
    with pytest.raises(UnreachableError, match=r"no complete response within 0\.4 sec"):
        client.fetch(requests.Request("GET", url), body_of)
    assert time.monotonic() - started < LIMIT_SECONDS / 2


ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "100": lambda: endless(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "102": lambda: endless(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "103": lambda: endless(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "flood of 100s": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "headers of 100": lambda: endless(b"HTTP/1.1 100 Continue\r\n", b"A: b\r\n"),
    "status line": lambda: endless(b"HTTP/1.1 200 ", b"O"),
    "header": lambda: endless(OK + b"A: ", b"b"),
    "chunk extension": lambda: endless(
        OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"
    ),
    "trailer": lambda: endless(
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"
    ),
    "body": lambda: endless(OK + b"\r\n", b" "),
    "slow": lambda: slowly(OK + b"Content-Length: 2\r\n\r\n[]"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_exchange_ends_in_time(server: Server, kind: str) -> None:
    server.respond = lambda _: ENDLESS[kind]()
    ends_in_time(make_client(timeout=SECONDS), server.url)


def test_all_redirects_share_the_time(server: Server) -> None:
    def respond(_: Request) -> bytes:
        time.sleep(SECONDS / 2.5)
        return answer(b"", f"Location: {server.url}/x", status="302 Found")

    server.respond = respond
    ends_in_time(make_client(timeout=SECONDS), server.url)
    assert len(server.requests) == 3


def test_a_kept_connection_is_bounded_as_well(server: Server) -> None:
    client = make_client(timeout=SECONDS)
    client.fetch(requests.Request("GET", server.url), body_of)
    server.respond = lambda _: ENDLESS["100"]()
    ends_in_time(client, server.url)
    assert server.connections == 1
    server.respond = lambda _: answer()
    assert client.fetch(requests.Request("GET", server.url), body_of) == b"[]"


def test_a_login_ends_in_time(server: Server) -> None:
    server.respond = lambda _: ENDLESS["103"]()
    client = make_login_client(server, timeout=SECONDS)
    ends_in_time(client, f"{server.url}/x")


@contextlib.contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """Serve connections in threads; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(
                        target=serve, args=(connection,), daemon=True
                    ).start()

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                talk(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def handshake_slowly(connection: socket.socket) -> None:
    """Begin a TLS record that is as long as can be."""
    for part in slowly(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb" + b"\x03" * 10_000):
        connection.sendall(part)


def tunnel_slowly(connection: socket.socket) -> None:
    connection.recv(65_536)
    for part in endless(b"HTTP/1.1 200 Connected\r\n", b"A: b\r\n"):
        connection.sendall(part)


def tunnel_then_handshake_slowly(connection: socket.socket) -> None:
    connection.recv(65_536)
    time.sleep(SECONDS * 0.6)
    connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    handshake_slowly(connection)


def test_a_tls_handshake_ends_in_time() -> None:
    with talking(handshake_slowly) as port:
        ends_in_time(make_client(timeout=SECONDS), f"https://127.0.0.1:{port}/api")


@pytest.mark.parametrize("talk", [tunnel_slowly, tunnel_then_handshake_slowly])
def test_a_tunnel_ends_in_time(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with talking(talk) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        ends_in_time(make_client(timeout=SECONDS), "https://name.invalid/api")


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """A server's, which the tap trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("talk", [tunnel_slowly, tunnel_then_handshake_slowly])
def test_a_tunnel_within_tls_ends_in_time(
    talk: Talk, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk_in_tls(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            talk(secured)

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with talking(talk_in_tls) as port:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"https://127.0.0.1:{port}")
        ends_in_time(make_client(timeout=SECONDS), "https://name.invalid/api")


def test_a_response_over_tls_ends_in_time(context: ssl.SSLContext) -> None:
    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            for part in endless(b"HTTP/1.1 100 Continue\r\n\r\n"):
                secured.sendall(part)

    with talking(talk) as port:
        ends_in_time(make_client(timeout=SECONDS), f"https://127.0.0.1:{port}/api")


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Hints"])
def test_interim_responses_are_not_the_answer(
    client: Client, server: Server, status: str
) -> None:
    interim = f"HTTP/1.1 {status}\r\nContent-Length: 5\r\nLink: </x>\r\n\r\n".encode()
    for number in range(3):
        body = json.dumps([number]).encode()
        server.respond = lambda _, body=body: interim * 2 + answer(body)  # type: ignore[misc]
        assert client.fetch(requests.Request("GET", server.url), body_of) == body
    assert server.connections == 1


MALFORMED = {
    "negative chunk": (CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", "size of a chunk"),
    "chunk of -1": (CHUNKED + b"-1\r\nhello\r\n0\r\n\r\n", "size of a chunk"),
    "chunk of +5": (CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n", "size of a chunk"),
    "chunk of 0x5": (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", "size of a chunk"),
    "chunk of 1_0": (CHUNKED + b"1_0\r\nhello\r\n0\r\n\r\n", "size of a chunk"),
    "words as chunk": (CHUNKED + b"zz\r\nhello\r\n", "size of a chunk"),
    "empty chunk size": (CHUNKED + b"\r\nhello\r\n", "size of a chunk"),
    "longer chunk": (CHUNKED + b"3\r\nhello\r\n0\r\n\r\n", "size of a chunk"),
    "vast chunk": (CHUNKED + b"f" * 30 + b"\r\nhello", "size of a chunk"),
    "long chunk line": (CHUNKED + b"5;" + b"a" * 70_000, "size of a chunk"),
    "length of words": (OK + b"Content-Length: many\r\n\r\n[]", "Content-Length"),
    "negative length": (OK + b"Content-Length: -2\r\n\r\n[]", "Content-Length"),
    "vast length": (
        OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n[]",
        "Content-Length",
    ),
    "two lengths": (OK + b"Content-Length: 2, 3\r\n\r\n[]", "Content-Length"),
    "two headers": (
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        "Content-Length",
    ),
    "unknown coding": (
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding",
    ),
    "no header": (OK + b"hidden\r\nContent-Length: 2\r\n\r\n[]", "no header"),
    "no HTTP": (b"hidden hidden hidden\r\n\r\n", "status of HTTP/1"),
    "status of words": (b"HTTP/1.1 hidden\r\n\r\n", "status of HTTP/1"),
    "negative status": (b"HTTP/1.1 -200 OK\r\n\r\n", "status of HTTP/1"),
    "status of 2000": (b"HTTP/1.1 2000 OK\r\n\r\n", "status of HTTP/1"),
    "vast status": (b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n", "status of HTTP/1"),
    "HTTP/2": (b"HTTP/2 200 OK\r\n\r\n", "status of HTTP/1"),
    "long status line": (b"HTTP/1.1 200 " + b"a" * 70_000, "too long or too many"),
    "long header": (OK + b"A: " + b"a" * 70_000, "too long or too many"),
    "many headers": (OK + b"A: b\r\n" * 200 + b"\r\n", "too long or too many"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_http_is_named_and_retried(server: Server, kind: str) -> None:
    malformed, words = MALFORMED[kind]
    server.respond = lambda _: malformed
    client = make_client(max_retries=1, timeout=5.0)
    with pytest.raises(UnexpectedResponseError, match="is not valid HTTP: ") as caught:
        client.fetch(requests.Request("GET", server.url), body_of)
    assert words in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert len(server.requests) == 2
    server.respond = lambda _: answer(b"[1]")
    assert client.fetch(requests.Request("GET", server.url), body_of) == b"[1]"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 2\r\nContent-Length: 2\r\n", b"[]"),
        (b"Content-Length: 2, 2\r\n", b"[]"),
        (b"Transfer-Encoding: CHUNKED\r\n", b"2 ;x=y\r\n[]\r\n0\r\nA: b\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n", b"2\n[]\r\n0\n\n"),
        (b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n", b"[]"),
        (b"Content-Length: 2\r\nno header\r\n", b"[]"),
    ],
)
def test_what_is_odd_but_certain_is_read(
    client: Client, server: Server, head: bytes, body: bytes
) -> None:
    server.respond = lambda _: OK + head + b"\r\n" + body
    for _ in range(2):
        assert client.fetch(requests.Request("GET", server.url), body_of) == b"[]"


@pytest.mark.parametrize("head", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_a_status_without_a_body_has_none(server: Server, head: str) -> None:
    response = f"HTTP/1.1 204 No Content\r\n{head}\r\n\r\n".encode()
    server.respond = lambda _: response
    client = make_client(timeout=5.0)
    for _ in range(2):
        assert client.fetch(requests.Request("GET", server.url), body_of) == b""


@pytest.mark.skipif(not FILES.exists(), reason="open files are counted in /proc")
def test_no_handle_is_left(server: Server) -> None:
    client = make_client()

    def opened(*, close: bool) -> int:
        server.respond = lambda _: answer(close=close)
        client.fetch(requests.Request("GET", server.url), body_of)
        return len(list(FILES.iterdir()))

    before = opened(close=False)
    for close in (False, True) * 10:
        opened(close=close)
    wait_until(lambda: opened(close=False) <= before)
