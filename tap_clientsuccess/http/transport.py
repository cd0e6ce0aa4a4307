"""One exchange over HTTP: bounded in time and memory, and with one host alone."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import logging
import re
import ssl
import threading
import time
import typing as t
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ClosedPoolError,
    DecodeError,
    HTTPError,
    NameResolutionError,
)
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from tap_clientsuccess.errors import (
    ApiError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
    WrongAddressError,
)
from tap_clientsuccess.http.responses import Response
from tap_clientsuccess.http.throttle import MemoryBudget
from tap_clientsuccess.timestamps import parse_http_date

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# It would log whole URLs, and headers that it cannot parse, with a traceback.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_RESPONSES_IN_MEMORY = 4
_SMALL = 16
"""Responses smaller than this part of the largest are not counted."""
_MAX_REDIRECTS = 5
_BYTES_PER_VALUE = 128
"""What a JSON value, with its key, takes as a Python object, about."""
_PLAIN_HOST = re.compile(r"[a-z0-9.-]{1,100}", re.IGNORECASE)


class Deadline:
    """When a response has to be complete."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, or a very short time."""
        return max(0.001, self._at - time.monotonic())

    @contextlib.contextmanager
    def applied_to(self, response: requests.Response) -> Iterator[None]:
        """Shut the connection at the deadline.

        The time-out of a socket starts anew with each byte: a server that sends one
        now and then would hold a request for ever.

        Raises:
            TimeoutError: The deadline passed: what was read may look complete.
        """
        timer = threading.Timer(self.left, _shut_down, [response])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if time.monotonic() >= self._at:
                raise TimeoutError


def _shut_down(response: requests.Response) -> None:
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        response.raw.shutdown()


class _Session(requests.Session):
    """A session that leaves redirects alone: `requests` would read their bodies."""

    def resolve_redirects(self, *_: t.Any, **__: t.Any) -> Iterator[t.Any]:
        return iter(())


class Transport:
    """Sends requests through one connection pool.

    Proxies and certificate authorities come from the conventional variables
    (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``); loopback is never proxied.
    A ``.netrc`` is not read. Cookies are not kept: nothing is known to need them, and a
    session's token travels in a header.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        connections: int,
        max_bytes: int,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """Make the transport.

        Args:
            user_agent: The header of that name.
            connections: How many are kept open.
            max_bytes: The largest body that is read, decompressed.
            secrets: What no message may show.
        """
        self._max_bytes = max_bytes
        self._secrets = secrets
        self.memory = MemoryBudget(_RESPONSES_IN_MEMORY * max_bytes)
        self._adapter = HTTPAdapter(pool_maxsize=connections)
        self.session = _Session()
        self.session.mount("https://", self._adapter)
        self.session.mount("http://", self._adapter)
        self.session.auth = _as_it_is  # Else `requests` would look into a `.netrc`.
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers.update(
            {
                "Accept": "application/json",
                "Cache-Control": "no-cache",
                "User-Agent": user_agent,
            }
        )

    def prepare(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent.

        Raises:
            WrongAddressError: Its URL is not one.
        """
        try:
            return self.session.prepare_request(request)
        except (requests.RequestException, UnicodeError):
            raise WrongAddressError("the URL is not valid: check base_url") from None

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        timeout: float,
        reserve: Callable[[int], None] = lambda _: None,
    ) -> Response:
        """Send a request and read its response.

        Redirects are followed within the same scheme, host and port: `requests` would
        hand the key's header to any other.

        Args:
            request: The request, with the key in it.
            timeout: Seconds for everything.
            reserve: Called with the memory that the response will take, if it is large;
                waits until there is room.

        Returns:
            The response, whatever its status.

        Raises:
            ApiError: No complete response came, or none that may be read.
        """
        parts = urlsplit(request.url or "")
        where = f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"
        deadline = Deadline(timeout)
        try:
            for _ in range(_MAX_REDIRECTS):
                started = time.monotonic()
                with self._open(request, deadline) as response:
                    elapsed = dt.timedelta(seconds=time.monotonic() - started)
                    date = parse_http_date(response.headers.get("Date"))
                    with deadline.applied_to(response):
                        body = self._read(response, where, reserve)
                if not response.is_redirect:
                    return Response(
                        where=where,
                        status=response.status_code,
                        headers=response.headers,
                        body=body,
                        sent_at=date and date - elapsed,
                    )
                request = self._redirected(request, response, where)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _explained(error, where, timeout) from None
        raise WrongAddressError(f"{where} redirects in circles: check base_url")

    def _open(
        self, request: requests.PreparedRequest, deadline: Deadline
    ) -> requests.Response:
        options = {**self._environment(request.url or ""), "allow_redirects": False}
        try:
            return self.session.send(request, timeout=deadline.left, **options)
        except (requests.ConnectionError, ConnectionError) as error:
            if not any(isinstance(cause, _RESETS) for cause in _causes(error)):
                raise
            # A server, or what is between, ends connections that are idle: most likely
            # all of them. Every request is a read, so it may be sent twice.
            self._adapter.close()
            return self.session.send(request, timeout=deadline.left, **options)

    def _environment(self, url: str) -> Mapping[str, t.Any]:
        """Return what the environment says about a request to a URL."""
        options = self.session.merge_environment_settings(
            url, {}, stream=True, verify=None, cert=None
        )
        if _is_loopback(urlsplit(url).hostname or ""):
            options["proxies"] = {}
        return options

    def _read(
        self,
        response: requests.Response,
        where: str,
        reserve: Callable[[int], None],
    ) -> bytes:
        part = self._max_bytes // _SMALL
        body: bytes = response.raw.read(part, decode_content=True)
        if len(body) < part:
            return body
        reserve(self._max_bytes)
        buffer = BytesIO()
        while body:
            buffer.write(body)
            if buffer.tell() > self._max_bytes:
                raise RefusedError(
                    f"{where} answered with more than {self._max_bytes:,} bytes: "
                    "lower page_size, or raise max_response_bytes"
                )
            body = response.raw.read(part, decode_content=True)
        body = buffer.getvalue()
        values = sum(map(body.count, (b",", b"[", b"{")))
        memory = len(body) + _BYTES_PER_VALUE * values
        if memory > self.memory.size:
            raise RefusedError(
                f"{where} answered with more than {values:,} values, for which there "
                "is no memory: lower page_size, or raise max_response_bytes"
            )
        reserve(memory)
        return body

    def _redirected(
        self,
        request: requests.PreparedRequest,
        response: requests.Response,
        where: str,
    ) -> requests.PreparedRequest:
        # `http.client` reads headers as Latin-1.
        target = response.headers["Location"].encode("latin-1").decode(errors="replace")
        try:
            url = urljoin(request.url or "", target)
            origin = _origin(url)
        except ValueError:
            raise WrongAddressError(
                f"{where} redirects to something that is not a URL: check base_url"
            ) from None
        if request.method != "GET" or origin != _origin(request.url or ""):
            token = request.headers.get("Authorization", "")
            raise WrongAddressError(
                f"{where} redirects elsewhere, to "
                f"{_shown(*origin, secrets=(*self._secrets, token))}: the key was not "
                "sent there; check base_url"
            )
        following = request.copy()
        following.url = url
        return following


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _shown(
    scheme: str, host: str, port: int | None, *, secrets: tuple[str | bytes, ...]
) -> str:
    """Write an origin that a server chose: as little of it as is harmless."""
    letters = _letters(host)
    hidden = [_letters(secret) for secret in secrets]
    if not _PLAIN_HOST.fullmatch(host) or any(
        secret and secret in letters for secret in hidden
    ):
        return "another host"
    return f"{scheme}://{host}:{port}"


def _letters(text: str | bytes) -> str:
    """Return the letters and digits of a text: a host may leave out the rest."""
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Go through an error and all that it wraps, or that caused it."""
    pending: list[t.Any] = [error]
    seen = set()
    while pending:
        current = pending.pop()
        if isinstance(current, BaseException) and current not in seen:
            seen.add(current)
            yield current
            pending += [current.__cause__, current.__context__]
            pending += [getattr(current, "reason", None), *current.args]


_RESETS = (
    ConnectionResetError,
    BrokenPipeError,
    ConnectionAbortedError,
    ClosedPoolError,
)
# `RemoteDisconnected` is a `ConnectionResetError`.

_EXPLANATIONS: tuple[tuple[t.Any, type[ApiError], str], ...] = (
    (
        (requests.exceptions.ProxyError, requests.exceptions.InvalidProxyURL),
        UnreachableError,
        "the proxy does not connect: check HTTPS_PROXY",
    ),
    (
        ssl.SSLCertVerificationError,
        WrongAddressError,
        "the TLS certificate is not trusted: check base_url, or name your certificate "  # noqa: ISC004
        "authority in REQUESTS_CA_BUNDLE",
    ),
    (
        (requests.exceptions.InvalidURL, UnicodeError),
        WrongAddressError,
        "base_url is not a URL that can be opened",
    ),
    (
        NameResolutionError,
        UnreachableError,
        "the host does not resolve: check base_url and the network",
    ),
    (
        ConnectionRefusedError,
        UnreachableError,
        "the connection was refused: check base_url",
    ),
    (
        (TimeoutError, requests.Timeout, PoolTimeoutError),
        UnreachableError,
        "no complete response within {timeout:g} seconds",
    ),
    (
        (requests.exceptions.SSLError, ssl.SSLError),
        UnreachableError,
        "the TLS connection failed: check base_url",
    ),
    (
        DecodeError,
        UnexpectedResponseError,
        "the compression of the response is broken",
    ),
    (
        Exception,
        UnreachableError,
        "the connection broke before the response was complete",
    ),
)
"""The first that applies says what went wrong: an error's own text holds URLs."""


def _explained(error: Exception, where: str, timeout: float) -> ApiError:
    if "TLS CA certificate bundle" in str(error):
        return WrongAddressError(
            f"{where}: the file in REQUESTS_CA_BUNDLE does not exist"
        )
    causes = list(_causes(error))
    kind, words = next(
        (kind, words)
        for types, kind, words in _EXPLANATIONS
        if any(isinstance(cause, types) for cause in causes)
    )
    return kind(f"{where}: {words.format(timeout=timeout)}")
