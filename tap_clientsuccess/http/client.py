"""The HTTP client: requests that are authenticated, throttled and retried.

`backoff` retries what the server did wrong, and nothing else: an error of the tap while
it reads a response ends the request. The wait between two tries is spent in a thread of
the pool, so a signal need not wait for it.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import typing as t
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from itertools import islice

import backoff

from tap_clientsuccess.errors import (
    TransientError,
    UnavailableError,
    UnexpectedBodyError,
    UnexpectedResponseError,
    UnreachableError,
)
from tap_clientsuccess.http.responses import (
    Response,
    ServerClock,
    check,
    describe_unexpected,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from backoff.types import Details
    from requests import Request

    from tap_clientsuccess.http.auth import KeyAuthenticator, LoginAuthenticator
    from tap_clientsuccess.http.concurrency import Throttle
    from tap_clientsuccess.http.transport import Transport

T = t.TypeVar("T")

logger = logging.getLogger("tap-clientsuccess")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0


@dataclass
class RequestCounts:
    """Counts requests. The threads that request add to it, and hold its lock.

    Attributes:
        requests: Requests sent, retries included.
        retries: How many of them were retries, or will be after the present wait.
        rate_limited: How often the server answered 429.
    """

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

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

    It needs no lock: only whoever is alone with it changes an attribute, and throttle,
    clock, authenticator and transport are thread-safe themselves.

    Attributes:
        most_tries_unreachable: How often at most a request is sent where there is no
            complete response, or not the API's; None for as often as others.
        authenticator: Adds the key or the session token. The account check replaces it,
            while no request is in flight.
        timeout: Seconds that one request may take, including the whole response.
        clock: The server's clock, by the responses so far.
    """

    most_tries_unreachable: int | None = None

    def __init__(
        self,
        transport: Transport,
        authenticator: KeyAuthenticator | LoginAuthenticator,
        *,
        timeout: float,
        max_retries: int,
        throttle: Throttle,
    ) -> None:
        """Create the client, whose throttle limits the requests in flight."""
        self.authenticator = authenticator
        self.timeout = timeout
        self.clock = ServerClock()
        self._transport = transport
        self._throttle = throttle
        self._exchange_with_retries = backoff.on_exception(
            lambda: waits(self.most_tries_unreachable),
            TransientError,
            max_tries=max_retries + 1,
            on_backoff=_note_retry,
            on_giveup=_note_end,
            # `waits` jitters what the server leaves open, and nothing else.
            jitter=None,
            # Its own messages would show what the error was made of.
            logger=None,
        )(self._exchange)

    def fetch(
        self,
        request: Request,
        read: Callable[[Response], T],
        counts: RequestCounts | None = None,
    ) -> T:
        """Send a request and read its response; both again where the server failed.

        Args:
            request: The request.
            read: Takes a response that is a success, and returns what `fetch` returns.
                Raises `UnexpectedBodyError` if the body is not what it should be; any
                other error is one of the tap, which is neither retried nor explained.
            counts: Counts the request and its retries.

        Raises:
            ApiError: The request was refused, or all retries failed.
        """
        counts = counts or RequestCounts()
        return self._exchange_with_retries(request, read, counts=counts)

    def _exchange(
        self, request: Request, read: Callable[[Response], T], counts: RequestCounts
    ) -> T:
        with counts.lock:
            counts.requests += 1
        with contextlib.ExitStack() as held:
            with self._throttle.slot():
                response = self.send(request, timeout=self.timeout, held=held)
                self.clock.note(response.sent_at)
                if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                    with counts.lock:
                        counts.rate_limited += 1
                check(response, rejection=self.authenticator.rejection)
            try:
                return read(response)
            except UnexpectedBodyError:
                is_down = response.is_maintenance_page
                kind = UnavailableError if is_down else UnexpectedResponseError
                said = describe_unexpected(response)
                raise kind(said, status=response.status) from None

    def send(
        self,
        request: Request,
        *,
        timeout: float,
        held: contextlib.ExitStack | None = None,
    ) -> Response:
        """Send a request once; again where the login's session had ended.

        Returns:
            The response, with any status; `Transport.send` says what `held` is.

        Raises:
            ApiError: There was no complete response.
        """
        prepared = self._transport.prepare(request)
        send = partial(self._transport.send, timeout=timeout, held=held)
        return self.authenticator.send(prepared, send)


def waits(
    most_unreachable: int | None = None,
) -> Generator[float, TransientError, None]:
    """Yield how many seconds to wait after each error that is sent; end to give up.

    As long as the server asks; otherwise exponential backoff with jitter, so that many
    taps do not retry at the same moment. Where the API does not answer at all,
    `most_unreachable` tries are enough.
    """
    error = yield 0.0
    grows = backoff.expo(factor=FIRST_WAIT_SECONDS, max_value=LONGEST_WAIT_SECONDS)
    # The first is for `backoff` itself.
    for tries, longest in enumerate(islice(grows, 1, None), 1):
        is_absent = isinstance(error, (UnreachableError, UnexpectedResponseError))
        if is_absent and tries == most_unreachable:
            return
        jittered = random.uniform(longest / 2, longest)  # noqa: S311
        error = yield error.retry_after or jittered


def _note_retry(details: Details) -> None:
    error, counts = details["exception"], details["kwargs"]["counts"]
    with counts.lock:
        counts.retries += 1
    logger.warning(
        "%s; trying again in %.1f seconds (try %d failed)",
        error,
        details["wait"],
        details["tries"],
    )
    # They would keep the response in memory during the wait.
    error.__traceback__ = error.__context__ = None


def _note_end(details: Details) -> None:
    took = f"{details['tries']} tries in {details['elapsed']:.0f} seconds"
    details["exception"].add_note(f"(gave up after {took})")
