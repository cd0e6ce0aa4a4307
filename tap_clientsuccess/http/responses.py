"""A response, and what its status, headers and body mean; what time it tells."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from dataclasses import dataclass
from http import HTTPStatus

from tap_clientsuccess.errors import (
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    UnavailableError,
)
from tap_clientsuccess.timestamps import parse_http_date

if t.TYPE_CHECKING:
    from collections.abc import Mapping

SUCCESSES = range(200, 300)
LONGEST_RETRY_AFTER_SECONDS = 300.0
"""The longest wait, whatever the server asks for."""
_LARGEST_DELAY = 1e9
"""A larger RateLimit-Reset is not in seconds from now but in seconds since 1970."""
_LONGEST_ERROR = 1000
_MOST_DIFFERENCE = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response.

    Attributes:
        where: Method, host and path of the request, for messages.
        status: The HTTP status.
        headers: The headers; names are case-insensitive.
        body: The decompressed body.
        sent_at: When the request was sent, by the *server's* clock, and never later:
            its ``Date`` minus the seconds until the response. None without a date.
        first_byte_seconds: How long its head took.
    """

    where: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: dt.datetime | None
    first_byte_seconds: float = 0.0

    @property
    def is_web_page(self) -> bool:
        """Whether the body is HTML."""
        start = self.body[:100].lstrip().lower()
        return start.startswith((b"<!doctype", b"<html", b"<head"))

    @property
    def is_maintenance_page(self) -> bool:
        """Whether the body is the API's maintenance page."""
        return self.is_web_page and b"maintenance" in self.body.lower()

    @property
    def session_has_ended(self) -> bool:
        """Whether the session of a login has ended.

        The API says so with 401, or with any status, even 200, and the body
        ``{"error": "invalid_token"}``.
        """
        if self.status == HTTPStatus.UNAUTHORIZED:
            return True
        if len(self.body) > _LONGEST_ERROR or b"invalid" not in self.body:
            return False
        try:
            values = json.loads(self.body).values()
        except (ValueError, AttributeError):
            return False
        return any(value in ("invalid_token", "invalidToken") for value in values)


class ServerClock:
    """The server's clock; this machine's while no response told the time.

    Threads share it: the difference is replaced as a whole, so that no lock is needed.

    Attributes:
        is_known: Whether a response told the time.
    """

    def __init__(self) -> None:
        self.is_known = False
        self._difference = dt.timedelta()

    def note(self, time: dt.datetime | None) -> None:
        """Take the time that a response, which just came, told."""
        if time:
            self._difference = time - dt.datetime.now(dt.UTC)
            self.is_known = True

    def now(self) -> dt.datetime:
        """Return the time."""
        return dt.datetime.now(dt.UTC) + self._difference

    def likely_now(self) -> dt.datetime:
        """Return the time; this machine's if the server's is off by more than a day."""
        is_likely = abs(self._difference) <= _MOST_DIFFERENCE
        return self.now() if is_likely else dt.datetime.now(dt.UTC)


def check(response: Response, *, rejection: str = "the request was rejected") -> None:
    """Raise an error unless a response is a success; `rejection` explains a 403.

    Raises:
        RejectedKeyError: For 401 and 403, and for an invalid token.
        NotFoundError: For 404 and 410.
        UnavailableError: For 408, 425, 429 and 5xx: a retry may succeed.
        RefusedError: For everything else that is not 2xx.
    """
    status = response.status
    answered = f"{response.where} answered {status}"
    if status == HTTPStatus.FORBIDDEN or response.session_has_ended:
        raise RejectedKeyError(f"{answered}: {rejection}", status=status)
    if status in SUCCESSES:
        return
    if status in {404, 410}:
        raise NotFoundError(f"{answered}: not found: check base_url", status=status)
    if status in {408, 425, HTTPStatus.TOO_MANY_REQUESTS} or status >= 500:  # noqa: PLR2004
        reason = "the service is down or overloaded"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            reason = "too many requests, the account has reached its rate limit"
        wait = min(_retry_after(response), LONGEST_RETRY_AFTER_SECONDS)
        raise UnavailableError(f"{answered}: {reason}", status=status, retry_after=wait)
    raise RefusedError(
        f"{answered}: the API rejects this request: check base_url and the other "
        "settings",
        status=status,
    )


def _retry_after(response: Response) -> float:
    """Return the seconds that the server asks to wait; 0 if it does not."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if (date := parse_http_date(value)) and response.sent_at:
        # Both times are the server's: the local clock may be off.
        return max(0.0, (date - response.sent_at).total_seconds())
    is_limited = response.status == HTTPStatus.TOO_MANY_REQUESTS
    for name in ("RateLimit-Reset", "X-RateLimit-Reset") if is_limited else ():
        value = response.headers.get(name, "").strip()
        if value.isdecimal() and float(value) < _LARGEST_DELAY:
            return float(value)
        if value.isdecimal() and response.sent_at:
            return max(0.0, float(value) - response.sent_at.timestamp())
    return 0.0


def describe_unexpected(response: Response) -> str:
    """Describe a response that is not the expected JSON."""
    if response.is_maintenance_page:
        what = "a maintenance page: the service is down"
    elif response.is_web_page:
        what = "a web page: check base_url"
    elif not response.body:
        what = "an empty body"
    else:
        what = "something other than the expected JSON"
    return f"{response.where} answered with {what}"
