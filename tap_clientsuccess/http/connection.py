"""Connections that end at a deadline, and take nothing but valid HTTP.

Proxies and certificate authorities come from the conventional variables
(``HTTPS_PROXY``, ``NO_PROXY``; see `_authorities`); loopback is never proxied. What
`urllib3` and `http.client` have no public hook for stands here, and nowhere else.
"""

from __future__ import annotations

import os
import re
import ssl
import time
import typing as t
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from socket import SocketIO
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies

from tap_clientsuccess.config.checks import is_loopback
from tap_clientsuccess.errors import RefusedError

if t.TYPE_CHECKING:
    import socket

    import requests
    from _typeshed import WriteableBuffer
    from urllib3 import HTTPConnectionPool

deadline: ContextVar[float] = ContextVar("deadline")
"""When the exchange of this thread has to be complete, on the monotonic clock."""
_MAX_LINE = 65_536
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}[ \t]*(;.*)?\r?\n", re.DOTALL)


def seconds_left() -> float:
    """Return the seconds until this thread's `deadline`.

    Raises:
        TimeoutError: There are none.
    """
    left = deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Reader(SocketIO):
    """Reads a socket until the deadline.

    A socket's own timeout starts anew with each byte, and with each interim response: a
    server that sends one now and then would hold a request for ever.
    """

    _sock: socket.socket

    def readinto(self, b: WriteableBuffer) -> int | None:
        self._sock.settimeout(seconds_left())
        return super().readinto(b)


class MalformedResponseError(HTTPException):
    """A response is not valid HTTP; its text says what is wrong."""


class StrictResponse(HTTPResponse):
    """A response whose end is certain.

    `http.client` takes an interim response (103 Early Hints) for the answer, and the
    answer for that of the next request. It ignores a length that is no number, and
    reads on until the server closes the connection, although it will not.
    """

    def __init__(self, connection: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(connection, *args, **kwargs)
        # A socket makes its file itself, of a class that nobody can choose.
        self.fp.raw.__class__ = _Reader

    def begin(self) -> None:
        """Read the head, after any interim responses, and check where the body ends."""
        super().begin()
        while 100 <= self.status < 200:  # noqa: PLR2004
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        if self.length == 0:  # No body, whatever the headers say.
            self.chunked = False
        if self.chunked or self.length == 0:
            return
        if self.headers.get("transfer-encoding", "identity").lower() != "identity":
            raise MalformedResponseError("its Transfer-Encoding is not chunked")
        if self._check_close():  # type: ignore[attr-defined]
            return  # The body ends with the connection, whatever the headers say.
        lengths = ",".join(self.headers.get_all("content-length", [])).split(",")
        (length, *more) = {each.strip() for each in lengths}
        if length and not more and _LENGTH.fullmatch(length):
            self.length = int(length)
        elif length or more:
            raise MalformedResponseError("its Content-Length is not a number")
        elif self.headers.defects:
            raise MalformedResponseError("a line of its head is no header")

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_MAX_LINE)
        if not line.endswith(b"\n") and len(line) < _MAX_LINE:
            raise ValueError  # As `http.client` does: the body is incomplete.
        if not _CHUNK_SIZE.fullmatch(line):
            self._close_conn()  # type: ignore[attr-defined]
            raise MalformedResponseError("the size of a chunk is not a number")
        return int(line.partition(b";")[0], 16)


def strict(connection: type[t.Any]) -> type[t.Any]:
    """Return a class of connections, as the pool would use, that is strict and ends."""

    class Connection(connection):  # type: ignore[misc]
        response_class = StrictResponse

        def _new_conn(self) -> socket.socket:
            new: socket.socket = super()._new_conn()
            # For TLS: Python takes it for the whole handshake.
            new.settimeout(seconds_left())
            return new

        def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> t.Any:
            secured = super()._connect_tls_proxy(hostname, sock)
            receive = secured.recv

            def recv(*args: int) -> bytes:
                secured.settimeout(seconds_left())
                received: bytes = receive(*args)
                return received

            # For TLS within TLS: `urllib3` receives until a record is complete.
            secured.recv = recv
            return secured

    return Connection


def make_pool(
    request: requests.PreparedRequest, connections: int
) -> HTTPConnectionPool:
    """Make the pool of connections for a request, as the environment says.

    Raises:
        RefusedError: Certificate authorities cannot be read.
    """
    url = request.url or ""
    parts = urlsplit(url)
    is_local = is_loopback(parts.hostname or "")
    proxies = {} if is_local else get_environ_proxies(url)
    adapter: t.Any = HTTPAdapter(pool_maxsize=connections)
    pool: HTTPConnectionPool = adapter.get_connection_with_tls_context(
        request, verify=True, proxies=proxies
    )
    if parts.scheme == "https":
        pool.ca_certs, pool.ca_cert_dir = _authorities()  # type: ignore[attr-defined]
    pool.ConnectionCls = strict(pool.ConnectionCls)
    return pool


def _authorities() -> tuple[str | None, str | None]:
    """Return a file of certificate authorities, and folders in which to look for more.

    They are those of the first variables that are set: ``REQUESTS_CA_BUNDLE``, else
    ``CURL_CA_BUNDLE``, each a file or a folder, as `requests` reads them; else
    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` together, as OpenSSL does. They replace the
    default, the authorities that `certifi` brings.

    Raises:
        RefusedError: What a variable names is missing or no certificate.
    """
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := os.environ.get(name):
            if Path(path).is_dir():
                return None, path
            return _checked_file(name, path), None
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folders:
        return DEFAULT_CA_BUNDLE_PATH, None
    found = _checked_file("SSL_CERT_FILE", file) if file else None
    if folders and not any(Path(path).is_dir() for path in folders.split(os.pathsep)):
        raise RefusedError("the folder in SSL_CERT_DIR does not exist")
    return found, folders or None


def _checked_file(variable: str, path: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except FileNotFoundError:
        reason = "does not exist"
    except ssl.SSLError:
        reason = "holds no certificate in the PEM format"
    except OSError:
        reason = "cannot be read"
    else:
        return path
    raise RefusedError(f"the file in {variable} {reason}")
