"""One exchange over HTTP: bounded in time and size, and with one host alone."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

import requests
import urllib3
from urllib3.exceptions import NameResolutionError

from tap_clientsuccess.deadlines import DeadlineAdapter, Watch
from tap_clientsuccess.errors import (
    RefusedError,
    UnexpectedAnswerError,
    UnreachableError,
    WrongAddressError,
)
from tap_clientsuccess.times import parse_http_date

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# It would log whole URLs, and headers that it cannot parse, with a traceback.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_CHUNK = 2**18
_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of the server.

    Attributes:
        where: Method and path of the request, for messages.
        status: The HTTP status.
        headers: The headers, whatever their case.
        body: The body in bytes, decompressed.
        sent_at: When the request was sent, by the *server's* clock: its ``Date`` less
            the seconds that the answer took, so never later than it was. None where
            the server tells no date.
    """

    where: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: dt.datetime | None


class _Session(requests.Session):
    """A session that leaves redirects alone, as they are followed in here."""

    def resolve_redirects(self, *_: t.Any, **__: t.Any) -> Iterator[t.Any]:
        """Find nothing: `requests` would read the body without any bound."""
        return iter(())


class Transport:
    """Sends requests through one connection pool.

    Proxies and certificate authorities come from the conventional variables
    (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``). A ``.netrc`` is not read.
    """

    def __init__(self, *, max_bytes: int, connections: int = 1) -> None:
        self._max_bytes = max_bytes
        self.session = _Session()
        adapter = DeadlineAdapter(pool_maxsize=connections)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def prepare(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent.

        Raises:
            WrongAddressError: Its URL is none.
        """
        try:
            return self.session.prepare_request(request)
        except (requests.RequestException, UnicodeError):
            raise WrongAddressError("the URL is not valid: check base_url") from None

    def send(self, request: requests.PreparedRequest, *, timeout: float) -> Reply:
        """Send a request and read its whole answer.

        Redirects are followed within the same scheme, host and port: `requests` would
        hand the key's header to any other.

        Args:
            request: The request, with the key in it.
            timeout: Seconds for the whole exchange.

        Returns:
            The answer, whatever its status.

        Raises:
            ApiError: No whole answer came, or none that may be read.
        """
        where = f"{request.method} {urlsplit(request.url or '').path}"
        deadline = time.monotonic() + timeout
        try:
            for _ in range(_MAX_REDIRECTS):
                reply, redirect = self._exchange(request, where, deadline)
                if redirect is None:
                    return reply
                request = _redirected(request, redirect, where)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as e:
            raise _in_words(e, where, timeout) from None
        raise WrongAddressError(f"{where} redirects in circles: check base_url")

    def _exchange(
        self,
        request: requests.PreparedRequest,
        where: str,
        deadline: float,
    ) -> tuple[Reply, str | None]:
        started = time.monotonic()
        with self._open(request, max(0.001, deadline - started)) as response:
            elapsed = dt.timedelta(seconds=time.monotonic() - started)
            date = parse_http_date(response.headers.get("Date"))
            reply = Reply(
                where=where,
                status=response.status_code,
                headers=response.headers,
                body=self._body(response, where, deadline),
                sent_at=date and date - elapsed,
            )
            return reply, _redirect_target(response)

    def _open(
        self,
        request: requests.PreparedRequest,
        timeout: float,
    ) -> requests.Response:
        # What `Session.request` does, and `Session.send` does not.
        from_environment = self.session.merge_environment_settings(
            request.url or "", {}, stream=True, verify=None, cert=None
        )
        return self.session.send(
            request, timeout=timeout, allow_redirects=False, **from_environment
        )

    def _body(self, response: requests.Response, where: str, deadline: float) -> bytes:
        left = max(0.001, deadline - time.monotonic())
        with Watch(left, response.raw.shutdown):
            return b"".join(self._chunks(response, where))

    def _chunks(self, response: requests.Response, where: str) -> Iterator[bytes]:
        size = 0
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._max_bytes:
                raise RefusedError(
                    f"{where} answered with more than {self._max_bytes:,} bytes: "
                    "lower page_size, or raise max_response_bytes"
                )
            yield chunk


def _redirect_target(response: requests.Response) -> str | None:
    """Return where an answer redirects to, or None where it does not."""
    if not response.is_redirect:
        return None
    # `http.client` reads headers as Latin-1.
    return response.headers["Location"].encode("latin-1").decode("utf-8", "replace")


def _redirected(
    request: requests.PreparedRequest,
    target: str,
    where: str,
) -> requests.PreparedRequest:
    try:
        url = urljoin(request.url or "", target)
        _origin(url)
    except ValueError:
        raise WrongAddressError(
            f"{where} redirects to something that is not a URL: check base_url"
        ) from None
    if request.method != "GET" or _origin(url) != _origin(request.url or ""):
        raise WrongAddressError(
            f"{where} redirects elsewhere, to {_shown_origin(url, request)}: the key "
            "was not sent there; check base_url"
        )
    following = request.copy()
    following.url = url
    return following


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _shown_origin(url: str, request: requests.PreparedRequest) -> str:
    """Write an origin, unless it holds what stands in a header, such as the key."""
    scheme, host, port = _origin(url)
    shown = f"{scheme}://{host}:{port}"
    plain = unquote(shown).lower()
    headers = [str(value).lower() for value in request.headers.values()]
    is_safe = host and not any(text and text in plain for text in headers)
    return shown if is_safe else "another host"


def _in_words(  # noqa: PLR0911
    error: Exception, where: str, timeout: float
) -> Exception:
    """Say what hindered an exchange, without the error's own text (it holds URLs)."""
    if isinstance(error, (requests.exceptions.ProxyError, _BAD_PROXY)):
        return UnreachableError(
            f"{where}: the proxy does not connect: check HTTPS_PROXY"
        )
    if "TLS CA certificate bundle" in str(error):
        return WrongAddressError(
            f"{where}: the file in REQUESTS_CA_BUNDLE is not there"
        )
    causes = list(_chain(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return WrongAddressError(
            f"{where}: the server's TLS certificate is not trusted: check base_url, or "
            "name your certificate authority in REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, (requests.exceptions.InvalidURL, UnicodeError)):
        return WrongAddressError(f"{where}: base_url is not a URL that can be opened")
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return UnreachableError(
            f"{where}: the host does not resolve: check base_url and the network"
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return UnreachableError(f"{where}: the connection was refused: check base_url")
    if any(isinstance(cause, _TIMEOUTS) for cause in causes):
        return UnreachableError(f"{where}: no whole answer within {timeout:g} seconds")
    if isinstance(error, (requests.exceptions.SSLError, ssl.SSLError)):
        return UnreachableError(f"{where}: the TLS connection failed: check base_url")
    if any(isinstance(cause, urllib3.exceptions.DecodeError) for cause in causes):
        return UnexpectedAnswerError(f"{where}: the answer's compression is broken")
    return UnreachableError(
        f"{where}: the connection broke before the answer was whole"
    )


_BAD_PROXY = requests.exceptions.InvalidProxyURL
_TIMEOUTS = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Go through an error, what caused it, and what it wraps (`requests` wraps)."""
    pending = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        pending += [current.__cause__, current.__context__]
        pending += [getattr(current, "reason", None), *current.args]
