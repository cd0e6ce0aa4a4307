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

FAILURES = (requests.RequestException, urllib3_errors.HTTPError, OSError)
# `RemoteDisconnected` is a `ConnectionResetError`, and a `BadStatusLine`.
_RESETS = (
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
)


class _Explanation(t.NamedTuple):
    """What some exceptions mean.

    Attributes:
        kind: The error for the user.
        words: What happened; may name the `timeout` and the `cause`.
        types: The exceptions.
    """

    kind: type[ApiError]
    words: str
    types: tuple[type[BaseException], ...]


_LOST = "the connection was lost before the response was complete"
_NOT_HTTP = "the response is not valid HTTP"
_EXPLANATIONS = (
    _Explanation(
        UnexpectedResponseError, f"{_NOT_HTTP}: {{cause}}", (MalformedResponseError,)
    ),
    _Explanation(
        UnreachableError,
        "the proxy cannot connect: check HTTPS_PROXY",
        (urllib3_errors.ProxyError, requests.exceptions.InvalidProxyURL),
    ),
    _Explanation(
        ProxyError,
        "a SOCKS proxy needs PySocks: install it beside the tap, or change HTTPS_PROXY "
        "or ALL_PROXY",
        (requests.exceptions.InvalidSchema,),
    ),
    _Explanation(
        UntrustedServerError,
        "the server's TLS certificate is not trusted: check base_url, or set "
        "REQUESTS_CA_BUNDLE or SSL_CERT_FILE to the file of your certificate authority",
        (ssl.SSLCertVerificationError,),
    ),
    _Explanation(
        WrongAddressError,
        "base_url is not a valid URL",
        (requests.exceptions.InvalidURL, UnicodeError),
    ),
    _Explanation(
        UnreachableError,
        "the host does not resolve: check base_url and the network",
        (urllib3_errors.NameResolutionError,),
    ),
    _Explanation(
        UnreachableError,
        "the connection was refused: check base_url",
        (ConnectionRefusedError,),
    ),
    _Explanation(
        UnreachableError,
        "no complete response within {timeout:g} seconds",
        (TimeoutError, urllib3_errors.TimeoutError),
    ),
    _Explanation(
        TlsError, "the TLS connection failed: check base_url", (ssl.SSLError,)
    ),
    _Explanation(
        UnexpectedResponseError,
        "the compressed response is corrupt",
        (urllib3_errors.DecodeError,),
    ),
    _Explanation(UnreachableError, _LOST, (*_RESETS, http.client.IncompleteRead)),
    _Explanation(
        UnexpectedResponseError,
        f"{_NOT_HTTP}: it has no status of HTTP/1: check base_url",
        (http.client.BadStatusLine, http.client.UnknownProtocol),
    ),
    _Explanation(
        UnexpectedResponseError,
        f"{_NOT_HTTP}: its headers are invalid, too long or too many",
        (http.client.HTTPException, urllib3_errors.InvalidHeader),
    ),
    _Explanation(UnreachableError, _LOST, (Exception,)),
)
"""The first match explains an error, as its own text contains URLs."""


def is_reset(error: Exception) -> bool:
    """Whether the other side ended the connection."""
    return any(isinstance(cause, _RESETS) for cause in _causes(error))


def explained(error: Exception, where: str, timeout: float) -> ApiError:
    """Return the error that explains an exception; see `_EXPLANATIONS`."""
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
