"""The API as everything here talks to it: one request, its retries, its errors."""

from __future__ import annotations

import itertools
import logging
import random
import typing as t
from dataclasses import dataclass

import backoff
import requests

from tap_clientsuccess.auth import authenticator_for
from tap_clientsuccess.decode import decode_json
from tap_clientsuccess.errors import (
    TransientError,
    UnavailableError,
    UnexpectedAnswerError,
)
from tap_clientsuccess.flights import Gate
from tap_clientsuccess.replies import check, why_not_json
from tap_clientsuccess.transport import Reply, Transport

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator

    from backoff.types import Details
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.config.settings import Settings

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
    """Requests with the key, retried where that may help; for many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transport = Transport(
            max_bytes=settings.max_response_bytes, connections=settings.concurrency
        )
        self.authenticator = authenticator_for(settings, self.transport)
        self._gate = Gate(settings.concurrency)

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
        reply = self._let_through(request)
        try:
            content = read(decode_json(reply.body))
        except ValueError:
            message = why_not_json(reply)
            raise UnexpectedAnswerError(message, status=reply.status) from None
        return Answer(content, reply.sent_at)

    def _let_through(self, request: HTTPRequest) -> Reply:
        with self._gate.passed() as entered:
            reply = self.send(request, timeout=self.settings.request_timeout)
        try:
            check(reply, rejection=self.authenticator.rejection)
        except UnavailableError as error:
            if error.status == requests.codes.too_many_requests:
                self._gate.narrow(entered, bounded(error.retry_after or 0.0))
            raise
        self._gate.widen()
        return reply

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
        prepared = self.transport.prepare(
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
        reply = self.transport.send(prepared, timeout=timeout)
        if reply.status == requests.codes.unauthorized and (
            self.authenticator.renewed(prepared)
        ):
            prepared = self.authenticator(prepared)
            reply = self.transport.send(prepared, timeout=timeout)
        return reply


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
            wait = bounded(error.retry_after)
        error = yield wait


def bounded(retry_after: float) -> float:
    """Return the seconds that are really waited where the server asks for some."""
    return min(retry_after, LONGEST_RETRY_AFTER_SECONDS)


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
