"""Turn exceptions of the HTTP libraries into errors that a user can act on."""

from __future__ import annotations

import ssl
import typing as t

import requests
from urllib3.exceptions import DecodeError, HTTPError, NameResolutionError, ProxyError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from tap_clientsuccess.errors import ApiError, UnreachableError, WrongAddressError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

FAILURES = (requests.RequestException, HTTPError, OSError)
# `RemoteDisconnected` is a `ConnectionResetError`.
_RESETS = (
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
)
_PROXY_ERRORS = (ProxyError, requests.exceptions.InvalidProxyURL)
_TIMEOUTS = (TimeoutError, HTTPTimeoutError)
_EXPLANATIONS: dict[t.Any, str] = {
    _PROXY_ERRORS: "the proxy cannot connect: check HTTPS_PROXY",
    ssl.SSLCertVerificationError: (
        "the server's TLS certificate is not trusted: check base_url, or set "
        "REQUESTS_CA_BUNDLE to the file of your certificate authority"
    ),
    requests.exceptions.InvalidURL: "base_url is not a valid URL",
    UnicodeError: "base_url is not a valid URL",
    NameResolutionError: "the host does not resolve: check base_url and the network",
    ConnectionRefusedError: "the connection was refused: check base_url",
    _TIMEOUTS: "no complete response within {timeout:g} seconds",
    ssl.SSLError: "the TLS connection failed: check base_url",
    DecodeError: "the compressed response is corrupt",
    Exception: "the connection was lost before the response was complete",
}
"""The first match explains an error, as its own text contains URLs."""
_PERMANENT = (
    ssl.SSLCertVerificationError,
    requests.exceptions.InvalidURL,
    UnicodeError,
)


def is_reset(error: Exception) -> bool:
    """Whether the other side ended the connection."""
    return any(isinstance(cause, _RESETS) for cause in _causes(error))


def explained(error: Exception, where: str, timeout: float) -> ApiError:
    """Return the error that explains an exception; see `_EXPLANATIONS`."""
    if "TLS CA certificate bundle" in str(error):
        return WrongAddressError(
            f"{where}: the file in REQUESTS_CA_BUNDLE does not exist"
        )
    causes = list(_causes(error))
    types, words = next(
        (types, words)
        for types, words in _EXPLANATIONS.items()
        if any(isinstance(cause, types) for cause in causes)
    )
    kind = WrongAddressError if types in _PERMANENT else UnreachableError
    return kind(f"{where}: {words.format(timeout=timeout)}")


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
