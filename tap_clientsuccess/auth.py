"""How requests are authenticated: with an API key, or with a login's session token."""

from __future__ import annotations

import threading
import time
import typing as t

import requests
from singer_sdk.authenticators import APIAuthenticatorBase, APIKeyAuthenticator

from tap_clientsuccess.decode import decode_json
from tap_clientsuccess.errors import (
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    UnexpectedAnswerError,
)
from tap_clientsuccess.replies import check

if t.TYPE_CHECKING:
    from tap_clientsuccess.config.settings import Settings
    from tap_clientsuccess.transport import Reply, Transport

_DEFAULT_LIFE_SECONDS = 43_200
_EARLY_SECONDS = 300


class KeyAuthenticator(APIKeyAuthenticator):
    """Puts the API key into the header of every request."""

    rejection = (
        "the API key is wrong, expired or lacks a permission: make a new one in "
        "ClientSuccess and set api_key"
    )

    def renewed(self, request: requests.PreparedRequest) -> bool:  # noqa: ARG002
        """Say that a rejected key cannot be renewed."""
        return False


class LoginAuthenticator(APIAuthenticatorBase):
    """Logs in, and puts the session token, bare, into ``Authorization``.

    The token is renewed before it expires, by one thread for all. Source: the older
    public Singer tap, the public Airbyte connector and a public MCP server.
    """

    rejection = (
        "the login is accepted, but not for this: check the permissions of the user, "
        "username and password"
    )

    def __init__(self, settings: Settings, transport: Transport) -> None:
        super().__init__()
        self._settings = settings
        self._transport = transport
        self._lock = threading.Lock()
        self._token: str | None = None
        self._good_until = 0.0

    def authenticate_request(
        self,
        request: requests.PreparedRequest,
    ) -> requests.PreparedRequest:
        """Put a token that is still good into a request.

        Raises:
            ApiError: The login failed.
        """
        with self._lock:
            if self._token is None or time.monotonic() >= self._good_until:
                self._log_in()
            request.headers["Authorization"] = t.cast("str", self._token)
        return request

    def renewed(self, request: requests.PreparedRequest) -> bool:
        """Log in again after a request was rejected, unless another thread has.

        Returns:
            True: there is a token that the request did not have.
        """
        with self._lock:
            if request.headers.get("Authorization") == self._token:
                self._log_in()
        return True

    def _log_in(self) -> None:
        settings = self._settings
        request = requests.Request(
            "POST",
            f"{settings.v1_base_url}/auth",
            data={"username": settings.username, "password": settings.password},
            headers={"Accept": "application/json", "User-Agent": settings.user_agent},
            # Else `requests` would look for a login in a `.netrc`.
            auth=_unchanged,
        )
        prepared = self._transport.prepare(request)
        reply = self._transport.send(prepared, timeout=settings.request_timeout)
        _check_login(reply)
        self._token, seconds = _read_token(reply)
        early = min(_EARLY_SECONDS, seconds / 10)
        self._good_until = time.monotonic() + seconds - early


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _check_login(reply: Reply) -> None:
    try:
        check(reply)
    except NotFoundError as error:
        raise NotFoundError(
            f"{reply.where} answered {reply.status}: the login is not there: check "
            "base_url and v1_base_url",
            status=reply.status,
        ) from error
    except RefusedError as error:
        raise RejectedKeyError(
            f"{reply.where} answered {reply.status}: the login was rejected: check "
            "username and password",
            status=reply.status,
        ) from error


def _read_token(reply: Reply) -> tuple[str, float]:
    """Return a login's token, and for how many seconds it is good."""
    try:
        content = decode_json(reply.body)
        token = content["access_token"]
        seconds = float(content.get("expires_in") or _DEFAULT_LIFE_SECONDS)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        token = None
    if not isinstance(token, str) or not _is_sendable(token):
        raise UnexpectedAnswerError(
            f"{reply.where} answered without an access_token: check base_url and "
            "v1_base_url",
            status=reply.status,
        )
    return token, seconds


def _is_sendable(token: str) -> bool:
    return token.isascii() and token.isprintable() and token.strip() == token != ""


def authenticator_for(
    settings: Settings, transport: Transport
) -> KeyAuthenticator | LoginAuthenticator:
    """Return what authenticates requests, as the settings say."""
    if settings.auth_method == "password":
        return LoginAuthenticator(settings, transport)
    return KeyAuthenticator(
        key=settings.api_key_header, value=settings.api_key, location="header"
    )
