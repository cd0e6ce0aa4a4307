"""The API as everything here talks to it: one request, its retries, its errors."""

from __future__ import annotations

import itertools
import logging
import random
import time
import typing as t
from dataclasses import dataclass
from functools import cached_property

import backoff
import requests
from singer_sdk.authenticators import APIKeyAuthenticator

from tap_clientsuccess.decode import decode_json
from tap_clientsuccess.errors import (
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    TransientError,
    UnavailableError,
    UnexpectedAnswerError,
)
from tap_clientsuccess.times import parse_http_date
from tap_clientsuccess.transport import Reply, Transport

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator

    from backoff.types import Details
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.settings import Settings

T = t.TypeVar("T")

logger = logging.getLogger("tap-clientsuccess")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
"""More than this is not waited for, whatever the server asks."""


@dataclass(frozen=True, slots=True)
class Answer(t.Generic[T]):
    """What an answer held.

    Attributes:
        content: The decoded body, as the caller's `read` made it.
        sent_at: When the request was sent, by the server's clock, or None.
    """

    content: T
    sent_at: dt.datetime | None


class ClientSuccessAPI:
    """Requests with the key, retried where that may help."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transport = Transport(max_bytes=settings.max_response_bytes)

    @cached_property
    def authenticator(self) -> APIKeyAuthenticator:
        """Puts the key into the header of every request."""
        return APIKeyAuthenticator(
            key=self.settings.api_key_header,
            value=self.settings.api_key,
            location="header",
        )

    def request(self, request: HTTPRequest, read: Callable[[t.Any], T]) -> Answer[T]:
        """Send a request until it is answered, and read the answer.

        Args:
            request: What to ask for.
            read: Takes the decoded body and makes of it what the caller wants. Raises
                `ValueError` where the body is not what it should be.

        Returns:
            What `read` made of the answer.

        Raises:
            ApiError: The request was refused, or did not succeed within the retries.
        """
        retrying = backoff.on_exception(
            waits,
            TransientError,
            max_tries=self.settings.max_retries + 1,
            jitter=None,
            on_backoff=_log_retry,
            on_giveup=_tell_tries,
            logger=None,
        )
        answer: Answer[T] = retrying(self._once)(request, read)
        return answer

    def _once(self, request: HTTPRequest, read: Callable[[t.Any], T]) -> Answer[T]:
        reply = self.send(request, timeout=self.settings.request_timeout)
        check(reply)
        try:
            return Answer(read(decode_json(reply.body)), reply.sent_at)
        except ValueError:
            raise UnexpectedAnswerError(_not_json(reply), status=reply.status) from None

    def send(self, request: HTTPRequest, *, timeout: float) -> Reply:
        """Send a request with the key once.

        Args:
            request: What to ask for.
            timeout: Seconds for the whole exchange.

        Returns:
            The answer, whatever its status.

        Raises:
            ApiError: No whole answer came.
        """
        prepared = self.transport.session.prepare_request(
            requests.Request(
                request.method,
                request.url,
                params=request.encode_params(),
                headers={
                    "Accept": "application/json",
                    "User-Agent": self.settings.user_agent,
                    **request.headers,
                },
                json=request.data,
                auth=self.authenticator,
            )
        )
        return self.transport.send(prepared, timeout=timeout)


def check(reply: Reply) -> None:
    """Raise what the status of an answer means.

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
            f"{where} answered {status}: the API key is wrong, expired or lacks a "
            "permission: make a new one in ClientSuccess and set api_key",
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
            # A reset that far away is an instant in seconds since 1970.
            return max(0.0, seconds - time.time()) if seconds > 1e9 else seconds  # noqa: PLR2004
    return None


def is_web_page(body: bytes) -> bool:
    """Tell whether a body is a web page."""
    return body.lstrip()[:14].lower().startswith((b"<!doctype", b"<html", b"<head"))


def is_maintenance_page(body: bytes) -> bool:
    """Tell whether a body is the page that the API shows under maintenance."""
    return is_web_page(body) and b"maintenance" in body.lower()


def _not_json(reply: Reply) -> str:
    if is_maintenance_page(reply.body):
        return f"{reply.where} answered with a maintenance page: the service is down"
    if is_web_page(reply.body):
        return f"{reply.where} answered with a web page: check base_url"
    if not reply.body:
        return f"{reply.where} answered with an empty body"
    return f"{reply.where} answered with something other than the JSON it should be"


def waits() -> Generator[float, TransientError, None]:
    """Say how many seconds to wait before each retry.

    The server's word counts where it gave one, up to `LONGEST_RETRY_AFTER_SECONDS`;
    else the wait doubles from retry to retry, with jitter, so that many taps do not
    come back at the same moment.
    """
    error = yield 0.0
    for retry in itertools.count():
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**retry)
        wait = random.uniform(longest / 2, longest)  # noqa: S311
        if error.retry_after:
            wait = min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS)
        error = yield wait


def _log_retry(details: Details) -> None:
    logger.warning(
        "%s; trying again in %.1f seconds (try %d failed)",
        details["exception"],
        details["wait"],
        details["tries"],
    )


def _tell_tries(details: Details) -> None:
    error = details["exception"]
    tries, seconds = details["tries"], details["elapsed"]
    told = f"{error.args[0]} (gave up after {tries} tries in {seconds:.0f} seconds)"
    error.args = (told,)
