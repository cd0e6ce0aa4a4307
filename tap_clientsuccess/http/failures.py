"""Turn exceptions of the HTTP libraries into errors that a user can act on."""

from __future__ import annotations

import http.client
import ssl
import typing as t

import requests
import urllib3.exceptions as urllib3_errors

from tap_clientsuccess.errors import (
    ApiError,
    ProxyError,
    TlsError,
    UnexpectedResponseError,
    UnreachableError,
    UntrustedServerError,
    WrongAddressError,
)
from tap_clientsuccess.http.connection import MalformedResponseError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_OF_LIBRARIES = (requests.RequestException, urllib3_errors.HTTPError, OSError)
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
_EXPLANATIONS = (
    (UnexpectedResponseError, f"{_NOT_HTTP}: {{cause}}", (MalformedResponseError,)),
    (
        UnreachableError,
        "the proxy cannot connect: check HTTPS_PROXY",
        (urllib3_errors.ProxyError, requests.exceptions.InvalidProxyURL),
    ),
    (ProxyError, _SOCKS, (requests.exceptions.InvalidSchema,)),
    (UntrustedServerError, _UNTRUSTED, (ssl.SSLCertVerificationError,)),
    (
        WrongAddressError,
        "base_url is not a valid URL",
        (requests.exceptions.InvalidURL, UnicodeError),
    ),
    (
        UnreachableError,
        "the host does not resolve: check base_url and the network",
        (urllib3_errors.NameResolutionError,),
    ),
    (
        UnreachableError,
        "the connection was refused: check base_url",
        (ConnectionRefusedError,),
    ),
    (
        UnreachableError,
        "no complete response within {timeout:g} seconds",
        (TimeoutError, urllib3_errors.TimeoutError),
    ),
    (TlsError, "the TLS connection failed: check base_url", (ssl.SSLError,)),
    (
        UnexpectedResponseError,
        "the compressed response is corrupt",
        (urllib3_errors.DecodeError,),
    ),
    (UnreachableError, _LOST, (*_RESETS, http.client.IncompleteRead)),
    (
        UnexpectedResponseError,
        f"{_NOT_HTTP}: it has no status of HTTP/1: check base_url",
        (http.client.BadStatusLine, http.client.UnknownProtocol),
    ),
    (
        UnexpectedResponseError,
        f"{_NOT_HTTP}: its headers are invalid, too long or too many",
        (http.client.HTTPException, urllib3_errors.InvalidHeader),
    ),
    (UnreachableError, _LOST, (Exception,)),
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
