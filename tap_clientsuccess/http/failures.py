"""Turn exceptions of the HTTP libraries into errors that a user can act on."""

from __future__ import annotations

import ssl
import typing as t
from http.client import (
    BadStatusLine,
    HTTPException,
    IncompleteRead,
    UnknownProtocol,
)

from requests import exceptions as of_requests
from urllib3 import exceptions as of_urllib3

from tap_clientsuccess.errors import (
    ApiError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
    WrongAddressError,
)
from tap_clientsuccess.http.connection import MalformedResponseError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_OF_LIBRARIES = (of_requests.RequestException, of_urllib3.HTTPError, OSError)
# `http.client` raises the others where it does not expect what a server sent.
FAILURES = (*_OF_LIBRARIES, ValueError, OverflowError)
# `RemoteDisconnected` is a `ConnectionResetError`, and a `BadStatusLine`.
_RESETS = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)

_LOST = "the connection was lost before the response was complete"
_NOT_HTTP = "the response is not valid HTTP"
_SOCKS = (
    "a SOCKS proxy needs PySocks: install it beside the tap, or change HTTPS_PROXY or "
    "ALL_PROXY"
)
_UNTRUSTED = (
    "the server's TLS certificate is not trusted: check base_url, or set "
    "REQUESTS_CA_BUNDLE or SSL_CERT_FILE to the file of your certificate authority"
)
_PROXY = "the proxy cannot connect: check HTTPS_PROXY"
_NAME = "the host does not resolve: check base_url and the network"
_URL = "base_url is not a valid URL"
_CLOSED = "the connection was refused: check base_url"
_LATE = "no complete response within {timeout:g} seconds"
_TLS = "the TLS connection failed: check base_url"
_CORRUPT = "the compressed response is corrupt"
_STATUS = f"{_NOT_HTTP}: it has no status of HTTP/1: check base_url"
_HEADERS = f"{_NOT_HTTP}: its headers are invalid, too long or too many"
_EXPLANATIONS = (
    (UnexpectedResponseError, f"{_NOT_HTTP}: {{cause}}", MalformedResponseError),
    (UnreachableError, _PROXY, (of_urllib3.ProxyError, of_requests.InvalidProxyURL)),
    (RefusedError, _SOCKS, of_requests.InvalidSchema),
    (WrongAddressError, _UNTRUSTED, ssl.SSLCertVerificationError),
    (WrongAddressError, _URL, (of_requests.InvalidURL, UnicodeError)),
    (UnreachableError, _NAME, of_urllib3.NameResolutionError),
    (UnreachableError, _CLOSED, ConnectionRefusedError),
    (UnreachableError, _LATE, (TimeoutError, of_urllib3.TimeoutError)),
    (UnreachableError, _TLS, ssl.SSLError),
    (UnexpectedResponseError, _CORRUPT, of_urllib3.DecodeError),
    (UnreachableError, _LOST, (*_RESETS, IncompleteRead)),
    (UnexpectedResponseError, _STATUS, (BadStatusLine, UnknownProtocol)),
    (UnexpectedResponseError, _HEADERS, (HTTPException, of_urllib3.InvalidHeader)),
    (UnreachableError, _LOST, Exception),
)
"""Errors for the user, their words, and the exceptions that mean them.

The first match explains an exception, as its own text contains URLs. The words may name
the `timeout` and the `cause`.
"""


def is_reset(error: Exception) -> bool:
    """Whether the other side ended the connection."""
    return any(isinstance(cause, _RESETS) for cause in _causes(error))


def explained(error: Exception, where: str, timeout: float) -> ApiError:
    """Return the error that explains an exception; see `_EXPLANATIONS`."""
    if not isinstance(error, _OF_LIBRARIES):
        error = MalformedResponseError("it cannot be read")
    causes = list(_causes(error))
    kind, words, cause = next(
        (kind, words, cause)
        for kind, words, types in _EXPLANATIONS
        for cause in causes
        if isinstance(cause, types)
    )
    return kind(f"{where}: {words.format(timeout=timeout, cause=cause)}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and every error that it wraps or that caused it."""
    pending: list[t.Any] = [error]
    seen = set()
    while pending:
        current = pending.pop()
        if isinstance(current, BaseException) and current not in seen:
            seen.add(current)
            yield current
            pending += [current.__cause__, current.__context__]
            pending += [getattr(current, "reason", None), *current.args]
