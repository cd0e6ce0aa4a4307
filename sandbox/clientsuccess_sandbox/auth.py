"""API keys, logins and session tokens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hmac import compare_digest
from typing import Final, Literal

from clientsuccess_sandbox.clock import Clock

KEY_HEADERS: Final = ("x-api-key", "authorization")


Access = Literal["key", "token", "expired", "unknown"]


class Keys:
    """The accepted credentials; they can change while the sandbox runs."""

    def __init__(self, clock: Clock, key: str, username: str, password: str) -> None:
        self._clock = clock
        self._keys = {key}
        self._login = f"{username}\n{password}".encode()
        self._tokens: dict[str, float] = {}

    def replace(self, *keys: str) -> None:
        """Accept only these API keys from now on."""
        self._keys = set(keys)

    def add(self, key: str) -> None:
        """Accept another API key."""
        self._keys = self._keys | {key}

    def revoke(self, key: str) -> None:
        """Stop accepting an API key or session token."""
        self._keys = self._keys - {key}
        self._tokens.pop(key, None)

    def expire_tokens(self) -> None:
        """Expire all session tokens."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def log_in(self, username: str, password: str, seconds: float) -> str | None:
        """Return a session token, or None for wrong credentials."""
        if not compare_digest(f"{username}\n{password}".encode(), self._login):
            return None
        token = secrets.token_hex(32)
        self._tokens[token] = self._clock.now() + seconds
        return token

    def check(self, headers: Mapping[str, str], key_header: str = "either") -> Access:
        """Check the credentials of a request; neither header has a prefix.

        Args:
            headers: Those of the request, by their names in lower case.
            key_header: The header in which a key is accepted, or `either`.
        """
        given = {headers[name] for name in KEY_HEADERS if name in headers}
        own = {headers.get(key_header.lower())}
        if (given if key_header == "either" else own) & self._keys:
            return "key"
        ends = [self._tokens[value] for value in given if value in self._tokens]
        if not ends:
            return "unknown"
        return "token" if self._clock.now() < max(ends) else "expired"
