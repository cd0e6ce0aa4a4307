"""What the status, the headers and the body of a response mean."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from tap_clientsuccess.errors import (
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    UnavailableError,
)
from tap_clientsuccess.timestamps import parse_http_date

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

_TOO_MANY_REQUESTS = 429
_AN_INSTANT = 1e9
"""A reset that far away is no number of seconds, but an instant, counted from 1970."""
_LONGEST_ERROR = 1000


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response of the server.

    Attributes:
        where: Method, host and path of the request, for messages.
        status: The HTTP status.
        headers: The headers, whatever their case.
        body: The body, decompressed.
        sent_at: When the request was sent, by the *server's* clock: its ``Date`` less
            the seconds that the response took, so never later than it was. None where
            the server sends no date.
    """

    where: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: dt.datetime | None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_web_page(self) -> bool:
        """Whether the body is HTML."""
        start = self.body[:100].lstrip().lower()
        return start.startswith((b"<!doctype", b"<html", b"<head"))

    @property
    def is_maintenance_page(self) -> bool:
        """Whether the body is the page that the API shows under maintenance."""
        return self.is_web_page and b"maintenance" in self.body.lower()

    @property
    def has_invalid_token(self) -> bool:
        """Whether the body is an error that says that the session has ended.

        The API says so under any status, also 200: ``{"error": "invalid_token"}``.
        """
        if len(self.body) > _LONGEST_ERROR or b"invalid" not in self.body:
            return False
        try:
            values = json.loads(self.body).values()
        except (ValueError, AttributeError):
            return False
        return any(value in ("invalid_token", "invalidToken") for value in values)


def check(response: Response, *, rejection: str = "the request was rejected") -> None:
    """Raise what the status of a response means.

    Args:
        response: The response.
        rejection: What a 401 or 403 means for the login that was used.

    Raises:
        RejectedKeyError: For 401 and 403, and for an invalid token.
        NotFoundError: For 404 and 410.
        UnavailableError: For 408, 425, 429 and 5xx: another try may succeed.
        RefusedError: For all else that is not 2xx.
    """
    status = response.status
    answered = f"{response.where} answered {status}"
    if status in {401, 403} or response.has_invalid_token:
        raise RejectedKeyError(f"{answered}: {rejection}", status=status)
    if response.is_success:
        return
    if status in {404, 410}:
        raise NotFoundError(
            f"{answered}: nothing is there: check base_url", status=status
        )
    if status in {408, 425, _TOO_MANY_REQUESTS} or status >= 500:  # noqa: PLR2004
        trouble = (
            "too many requests, the rate limit of the account is reached"
            if status == _TOO_MANY_REQUESTS
            else "the service is down or overloaded"
        )
        raise UnavailableError(
            f"{answered}: {trouble}",
            status=status,
            retry_after=_retry_after(response),
        )
    raise RefusedError(
        f"{answered}: the API does not take this request: check base_url and the "
        "settings",
        status=status,
    )


def _retry_after(response: Response) -> float | None:
    """Return the seconds that the server asks to wait, where it does."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if (date := parse_http_date(value)) and response.sent_at:
        # Both times are the server's: the clock of this machine may be off.
        return max(0.0, (date - response.sent_at).total_seconds())
    if response.status != _TOO_MANY_REQUESTS:
        return None
    for name in ("RateLimit-Reset", "X-RateLimit-Reset"):
        value = response.headers.get(name, "").strip()
        if value.isdecimal():
            seconds = float(value)
            if seconds < _AN_INSTANT:
                return seconds
            if response.sent_at:
                return max(0.0, seconds - response.sent_at.timestamp())
    return None


def what_came(response: Response) -> str:
    """Say in words what came instead of the JSON that was wanted."""
    if response.is_maintenance_page:
        came = "a maintenance page: the service is down"
    elif response.is_web_page:
        came = "a web page: check base_url"
    elif not response.body:
        came = "an empty body"
    else:
        came = "something other than the JSON it should be"
    return f"{response.where} answered with {came}"
