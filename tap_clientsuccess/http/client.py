"""The HTTP client: requests that are authenticated, throttled and retried."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
import typing as t
from dataclasses import dataclass
from functools import partial

import requests

from tap_clientsuccess.errors import (
    TransientError,
    UnavailableError,
    UnexpectedBodyError,
    UnexpectedResponseError,
    UnreachableError,
)
from tap_clientsuccess.http.clock import ServerClock
from tap_clientsuccess.http.responses import Response, check, describe_unexpected
from tap_clientsuccess.http.throttle import Throttle

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.http.auth import KeyAuthenticator, LoginAuthenticator
    from tap_clientsuccess.http.transport import Transport

T = t.TypeVar("T")

logger = logging.getLogger("tap-clientsuccess")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
"""The longest wait, whatever the server asks for."""


@dataclass(frozen=True, slots=True)
class Result(t.Generic[T]):
    """The result of a request.

    Attributes:
        content: What the caller's `read` returned for the body.
        sent_at: When the request was sent, by the server's clock, or None.
    """

    content: T
    sent_at: dt.datetime | None


class RequestCounts:
    """Counts requests; thread-safe.

    Attributes:
        requests: Requests sent, retries included.
        retries: How many of them were retries.
        rate_limited: How often the server answered 429.
    """

    def __init__(self) -> None:
        self.requests = self.retries = self.rate_limited = 0
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        """Add to the counts of these names."""
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def describe(self) -> str:
        """Return the counts in words."""
        words = [f"requests: {self.requests:,}"]
        if self.retries:
            words.append(f"retries: {self.retries:,}")
        if self.rate_limited:
            words.append(f"waits for the rate limit: {self.rate_limited:,}")
        return ", ".join(words)


class Client:
    """Sends authenticated requests and retries them; thread-safe.

    Attributes:
        most_retries_unreachable: How often at most a request is retried where there is
            no complete response.
    """

    def __init__(
        self,
        transport: Transport,
        authenticator: KeyAuthenticator | LoginAuthenticator,
        *,
        timeout: float,
        max_retries: int,
        concurrency: int,
    ) -> None:
        """Create the client; sends nothing yet.

        Args:
            transport: Sends one request.
            authenticator: Adds the API key or the session token.
            timeout: Seconds that one request may take, including the whole response.
            max_retries: How often one request is retried.
            concurrency: Maximum number of requests in flight.
        """
        self.authenticator = authenticator
        self.timeout = timeout
        self.clock = ServerClock()
        self._transport = transport
        self._max_retries = self.most_retries_unreachable = max_retries
        self._throttle = Throttle(concurrency)

    @property
    def session(self) -> requests.Session:
        """The session shared by all requests."""
        return self._transport.session

    def request(
        self,
        request: HTTPRequest,
        read: Callable[[bytes], T],
        counts: RequestCounts | None = None,
    ) -> Result[T]:
        """Send a request until it succeeds, and read the response.

        Args:
            request: The request.
            read: Takes the decompressed body and returns what the caller wants. Raises
                `UnexpectedBodyError` if the body is not what it should be; any other
                error is one of the tap, which is neither retried nor explained.
            counts: Counts the request and its retries.

        Returns:
            What `read` returned.

        Raises:
            ApiError: The request was refused, or all retries failed.
        """
        counts = counts or RequestCounts()
        started = time.monotonic()
        tries = 0
        while True:
            counts.add(requests=1, retries=min(tries, 1))
            try:
                return self._try(request, read)
            except TransientError as error:
                tries += 1
                is_limited = error.status == requests.codes.too_many_requests
                counts.add(rate_limited=int(is_limited))
                most = self._max_retries
                if isinstance(error, UnreachableError):
                    most = min(most, self.most_retries_unreachable)
                if tries > most:
                    took = f"{tries} tries in {time.monotonic() - started:.0f} seconds"
                    error.add_note(f"(gave up after {took})")
                    raise
                wait = seconds_to_wait(tries, error.retry_after)
                logger.warning(
                    "%s; trying again in %.1f seconds (try %d failed)",
                    error,
                    wait,
                    tries,
                )
            time.sleep(wait)

    def _try(self, request: HTTPRequest, read: Callable[[bytes], T]) -> Result[T]:
        with contextlib.ExitStack() as held:
            with self._throttle.slot() as started:
                response = self.send(request, timeout=self.timeout, held=held)
            self.clock.note(response.sent_at)
            self._check(response, started)
            try:
                return Result(read(response.body), response.sent_at)
            except UnexpectedBodyError:
                raise UnexpectedResponseError(
                    describe_unexpected(response), status=response.status
                ) from None

    def _check(self, response: Response, started: float) -> None:
        try:
            check(response, rejection=self.authenticator.rejection)
        except UnavailableError as error:
            if error.status == requests.codes.too_many_requests:
                seconds = min(error.retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
                self._throttle.back_off(started, seconds)
            raise
        self._throttle.recover()

    def send(
        self,
        request: HTTPRequest,
        *,
        timeout: float,
        held: contextlib.ExitStack | None = None,
    ) -> Response:
        """Send a request once; again where the login's session had ended.

        Args:
            request: The request.
            timeout: Seconds for request and response.
            held: See `Transport.send`.

        Returns:
            The response, whatever its status.

        Raises:
            ApiError: There was no complete response.
        """
        prepared = self._transport.prepare(
            requests.Request(
                request.method,
                request.url,
                params=request.encode_params(),
                headers=request.headers,
                json=request.data,
            )
        )
        send = partial(self._transport.send, timeout=timeout, held=held)
        return self.authenticator.send(prepared, send)


def seconds_to_wait(tries: int, retry_after: float | None) -> float:
    """Return how long to wait before the next try.

    As long as the server asks, up to `LONGEST_RETRY_AFTER_SECONDS`; otherwise
    exponential backoff with jitter, so that many taps do not retry at the same moment.
    """
    if retry_after:
        return min(retry_after, LONGEST_RETRY_AFTER_SECONDS)
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (tries - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311
