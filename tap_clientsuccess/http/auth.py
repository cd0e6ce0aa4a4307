"""Authentication: with an API key, or with the session token of a login."""

from __future__ import annotations

import json
import threading
import time
import typing as t

from requests import Request
from singer_sdk.authenticators import APIAuthenticatorBase, APIKeyAuthenticator

from tap_clientsuccess.errors import (
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    UnexpectedResponseError,
)
from tap_clientsuccess.http.responses import Response, check

if t.TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_clientsuccess.http.transport import Transport

    Send = Callable[[requests.PreparedRequest], Response]

_DEFAULT_LIFE_SECONDS = 43_200
_EARLY_SECONDS = 300


class KeyAuthenticator(APIKeyAuthenticator):
    """Puts the API key into the header of every request."""

    what = "key"

    rejection = (
        "the API key is wrong, expired or lacks a permission: make a new one in "
        "ClientSuccess and set api_key"
    )

    def send(self, request: requests.PreparedRequest, send: Send) -> Response:
        """Send a request with the key; a rejected key cannot be renewed."""
        return send(self(request))


class LoginAuthenticator(APIAuthenticatorBase):
    """Logs in and sends the session token, without a prefix, in ``Authorization``.

    One thread renews the token for all before it expires. Sources: the older public
    Singer tap, the public Airbyte connector and a public MCP server.
    """

    what = "login"

    rejection = (
        "the login works, but not for this request: check username, password and the "
        "user's permissions"
    )

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        username: str,
        password: str,
        timeout: float,
    ) -> None:
        """Prepare to log in at a URL, in so many seconds at most; sends nothing yet."""
        super().__init__()
        self._transport = transport
        self._timeout = timeout
        form = {"username": username, "password": password}
        self._login = Request("POST", url, data=form)
        # Guards what changes: the SDK's `auth_headers`, and until when they are valid.
        # Who holds it may log in for all threads.
        self._lock = threading.Lock()
        self._valid_until = 0.0

    def authenticate_request(
        self, request: requests.PreparedRequest
    ) -> requests.PreparedRequest:
        """Add a valid token to a request; log in if there is none.

        Raises:
            ApiError: The login failed.
        """
        with self._lock:
            if time.monotonic() >= self._valid_until:
                self._log_in()
            request.headers.update(self.auth_headers)
        return request

    def send(self, request: requests.PreparedRequest, send: Send) -> Response:
        """Send a request; again with a new token, where the session has ended.

        Where another thread has logged in meanwhile, its token is tried. But a session
        may end after some requests, and others may have used them up: what is refused
        twice is sent with a token that nobody else has. If that is refused as well, the
        user lacks a permission.

        Raises:
            ApiError: The login failed, or there was no complete response.
        """
        for is_second in (False, True):
            response = send(self(request))
            if not response.session_has_ended:
                break
            used = request.headers["Authorization"]
            with self._lock:
                if is_second or used == self.auth_headers["Authorization"]:
                    self._log_in()
                    request.headers.update(self.auth_headers)
                    return send(request)
        return response

    def _log_in(self) -> None:
        prepared = self._transport.prepare(self._login)
        response = self._transport.send(prepared, timeout=self._timeout)
        _check_login(response)
        token, seconds = _read_token(response)
        self.auth_headers = {"Authorization": token}
        early = min(_EARLY_SECONDS, seconds / 10)
        self._valid_until = time.monotonic() + seconds - early


def _check_login(response: Response) -> None:
    try:
        check(response)
    except NotFoundError as error:
        error.add_note("and v1_base_url")
        raise
    except RefusedError as error:
        raise RejectedKeyError(
            f"{response.where} answered {response.status}: the login was rejected: "
            "check username and password",
            status=response.status,
        ) from error


def _read_token(response: Response) -> tuple[str, float]:
    """Return a login's token, and for how many seconds it is valid."""
    try:
        content = json.loads(response.body)
        token = content["access_token"]
        seconds = float(content.get("expires_in") or _DEFAULT_LIFE_SECONDS)
        is_sendable = token.isascii() and token.isprintable() and token.strip() == token
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        token = None
    if not token or not is_sendable:
        raise UnexpectedResponseError(
            f"{response.where} answered without an access_token: check base_url and "
            "v1_base_url",
            status=response.status,
        )
    return token, seconds
