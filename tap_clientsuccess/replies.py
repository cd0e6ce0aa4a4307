"""What the status, the headers and the body of an answer mean."""

from __future__ import annotations

import typing as t

import requests

from tap_clientsuccess.errors import (
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    UnavailableError,
)
from tap_clientsuccess.times import parse_http_date

if t.TYPE_CHECKING:
    from tap_clientsuccess.transport import Reply


_AN_INSTANT = 1e9
"""A reset that far away is no number of seconds, but an instant, counted from 1970."""


def check(reply: Reply, *, rejection: str = "the request was rejected") -> None:
    """Raise what the status of an answer means.

    Args:
        reply: The answer.
        rejection: What a 401 or 403 means for the login that was used.

    Raises:
        RejectedKeyError: For 401 and 403.
        NotFoundError: For 404 and 410.
        UnavailableError: For 408, 425, 429 and 5xx: another try may succeed.
        RefusedError: For all else that is not 2xx.
    """
    status, where = reply.status, reply.where
    if 200 <= status < 300:  # noqa: PLR2004
        return
    if status in {401, 403}:
        raise RejectedKeyError(
            f"{where} answered {status}: {rejection}",
            status=status,
        )
    if status in {404, 410}:
        raise NotFoundError(
            f"{where} answered {status}: nothing is there: check base_url",
            status=status,
        )
    if status in {408, 425, 429} or status >= 500:  # noqa: PLR2004
        raise UnavailableError(
            f"{where} answered {status}: {_trouble(status)}",
            status=status,
            retry_after=_retry_after(reply),
        )
    raise RefusedError(
        f"{where} answered {status}: the API does not take this request: check "
        "base_url and the settings",
        status=status,
    )


def _trouble(status: int) -> str:
    if status == requests.codes.too_many_requests:
        return "too many requests, the rate limit of the account is reached"
    return "the service is down or overloaded"


def _retry_after(reply: Reply) -> float | None:
    """Return the seconds that the server asks to wait, where it does."""
    value = reply.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if (date := parse_http_date(value)) and reply.sent_at:
        # Both times are the server's: the clock of this machine may be off.
        return max(0.0, (date - reply.sent_at).total_seconds())
    return _rate_limit_reset(reply)


def _rate_limit_reset(reply: Reply) -> float | None:
    if reply.status != requests.codes.too_many_requests:
        return None
    for name in ("RateLimit-Reset", "X-RateLimit-Reset"):
        value = reply.headers.get(name, "").strip()
        if value.isdecimal():
            seconds = float(value)
            if seconds < _AN_INSTANT:
                return seconds
            if reply.sent_at:
                return max(0.0, seconds - reply.sent_at.timestamp())
    return None


def is_web_page(body: bytes) -> bool:
    """Tell whether a body is a web page."""
    return body.lstrip()[:14].lower().startswith((b"<!doctype", b"<html", b"<head"))


def is_maintenance_page(body: bytes) -> bool:
    """Tell whether a body is the page that the API shows under maintenance."""
    return is_web_page(body) and b"maintenance" in body.lower()


def why_not_json(reply: Reply) -> str:
    """Say in words what came instead of JSON."""
    if is_maintenance_page(reply.body):
        return f"{reply.where} answered with a maintenance page: the service is down"
    if is_web_page(reply.body):
        return f"{reply.where} answered with a web page: check base_url"
    if not reply.body:
        return f"{reply.where} answered with an empty body"
    return f"{reply.where} answered with something other than the JSON it should be"
