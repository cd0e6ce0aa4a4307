"""Follow redirects within one origin: the key must not reach any other."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urljoin, urlsplit

from tap_clientsuccess.errors import WrongAddressError

if t.TYPE_CHECKING:
    import requests

_PLAIN_HOST = re.compile(r"[a-z0-9.-]{1,100}")


def follow(
    location: str,
    request: requests.PreparedRequest,
    where: str,
    secrets: tuple[str, ...],
) -> requests.PreparedRequest:
    """Return the request that follows a redirect.

    Args:
        location: Where the redirect leads, as its header says.
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
    hidden = [_letters(secret) for secret in secrets]
    if _PLAIN_HOST.fullmatch(host) and not any(
        secret and secret in _letters(host) for secret in hidden
    ):
        return f"{scheme}://{host}:{port}"
    return "another host"


def _letters(text: str) -> str:
    """Return only letters and digits: a host may contain a secret without the rest."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
