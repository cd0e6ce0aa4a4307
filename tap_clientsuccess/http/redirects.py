"""Follow redirects within one origin: the key must not reach any other."""

from __future__ import annotations

import re
import typing as t
from base64 import b32encode, b64encode
from urllib.parse import urljoin, urlsplit

from tap_clientsuccess.errors import WrongAddressError

if t.TYPE_CHECKING:
    import requests

_PART = 8
"""Letters of a secret, or of an encoding, in a row that are not there by chance."""
_PLAIN_HOST = re.compile(r"[a-z0-9.-]{1,100}")


def follow(
    location: str,
    request: requests.PreparedRequest,
    where: str,
    secrets: tuple[str, ...],
) -> requests.PreparedRequest:
    """Return the request that follows a redirect.

    Args:
        location: Where it leads, as its header says.
        request: The redirected request.
        where: Method, host and path, for messages.
        secrets: What must not appear in a message.

    Raises:
        WrongAddressError: It leads to another origin, or the request is no ``GET``.
    """
    # `http.client` reads headers as Latin-1.
    target = location.encode("latin-1").decode(errors="replace")
    try:
        url = urljoin(request.url or "", target)
        origin = _origin(url)
    except ValueError:
        raise WrongAddressError(
            f"{where} redirects to something that is not a URL: check base_url"
        ) from None
    if request.method != "GET" or origin != _origin(request.url or ""):
        hidden = (*secrets, str(request.headers.get("Authorization", "")))
        raise WrongAddressError(
            f"{where} redirects elsewhere, to {_shown(*origin, hidden)}: the key was "
            "not sent there; check base_url"
        )
    following = request.copy()
    following.url = url
    return following


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _shown(scheme: str, host: str, port: int | None, secrets: tuple[str, ...]) -> str:
    """Format an origin, unless it looks odd or may contain a secret."""
    may_leak = any(_may_contain(host, secret) for secret in secrets)
    if may_leak or not _PLAIN_HOST.fullmatch(host):
        return "another host"
    return f"{scheme}://{host}:{port}"


def _may_contain(host: str, secret: str) -> bool:
    """Whether a host contains a part of a secret, in any of the usual encodings.

    A host has no upper case, and its labels are short: an encoding may lack its case,
    its padding and its signs, and have dots within.
    """
    shown, data = _letters(host), secret.encode()
    forms = [secret, data.hex()]
    # An encoder takes 3 or 5 bytes at a time: a text before the secret shifts them.
    for encode, size in ((b64encode, 3), (b32encode, 5)):
        forms += [encode(data[start:]).decode() for start in range(size)]
    return any(
        form[at : at + _PART] in shown
        for form in filter(None, map(_letters, forms))
        for at in range(max(1, len(form) - _PART + 1))
    )


def _letters(text: str) -> str:
    """Return only letters and digits: a host may contain a secret without the rest."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
