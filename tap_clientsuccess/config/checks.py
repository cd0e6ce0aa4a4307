"""What a setting's value must be, apart from its type.

Each check yields what follows the setting's name in a sentence, and never a value: it
may be a secret.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import typing as t
from urllib.parse import urlsplit

from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LONGEST_HOST = 254
_QUOTES = "\"'`"
_PREFIX = re.compile(r"bearer(\s+|$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def text(value: str) -> Iterator[str]:
    """Check any text: it is sent in a header, a URL or a form."""
    if value != value.strip():
        yield "starts or ends with whitespace: remove it"
    elif _CONTROL.search(value):
        yield "contains a control character, such as a line break: remove it"
    elif not (value.isascii() and value.isprintable()):
        yield "contains characters that cannot be sent over HTTP"


def api_key(value: str) -> Iterator[str]:
    """Check for what no API key has, as it was pasted with it, or instead of it."""
    key = value.strip()
    if key[:1] in _QUOTES and key[-1:] == key[:1]:
        yield "has quotes around it: remove them"
        key = key[1:-1]
    if prefix := _PREFIX.match(key):
        yield "starts with Bearer: remove it, the key is sent without"
        key = key[prefix.end() :]
    if key.startswith("<") and key.endswith(">"):
        yield "is a placeholder in angle brackets: replace all of it with the key"
    elif "..." in key:
        yield "contains three dots: copy the whole key"
    elif " " in key:
        yield "contains whitespace: remove it"


def time(value: str) -> Iterator[str]:
    """Check a time."""
    if parse_time(value) is None:
        yield "is not a time such as 2024-01-01T00:00:00Z"


def header_name(value: str) -> Iterator[str]:
    """Check the name of an HTTP header."""
    if not _HEADER_NAME.fullmatch(value):
        yield "is not the name of an HTTP header"


def url(value: str) -> Iterator[str]:
    """Check the URL of an API: with https and a host, and nothing after the path."""
    try:
        parts = urlsplit(value.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield "is not a URL"
        return
    if parts.scheme not in {"https", "http"} or not host:
        yield "must start with https:// and a host"
    elif not _is_host(host):
        yield "has an invalid host (try https://api.clientsuccess.com/api)"
    elif parts.scheme == "http" and not is_loopback(host):
        yield (
            "must use https: http sends the key unencrypted (only loopback addresses "
            "may use it)"
        )
    if parts.username is not None or parts.password is not None:
        yield "must not contain a user name or password"
    if parts.query or parts.fragment:
        yield "must not have a query or a fragment"


def _is_host(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    labels = host.removesuffix(".").split(".")
    return len(host) < _LONGEST_HOST and all(map(_HOST_LABEL.fullmatch, labels))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
