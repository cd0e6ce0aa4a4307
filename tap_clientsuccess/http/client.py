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
LONGEST_RETRY_AFTER_SECONDS = 300.0
"""The longest wait, whatever the server asks for."""


class RequestCounts:
    """Counts requests; thread-safe.

    Attributes:
        requests: Requests sent, retries included.
        retries: How many of them were retries, or will be after the present wait.
        rate_limited: How often the server answered 429.
    """

    def __init__(self) -> None:
        # The threads that request add to these, under `_lock`.
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
        most_tries_unreachable: How often at most a request is sent where there is no
            complete response, or not the API's; None for as often as others.
        authenticator: Adds the key or the session token. The account check replaces it,
            while no request is in flight.
        timeout: Seconds that one request may take, including the whole response.
        clock: The server's clock, by the responses so far.

    It needs no lock: only whoever is alone with it changes an attribute, and throttle,
    clock, authenticator and transport are thread-safe themselves.
    """

    def __init__(
        self,
        transport: Transport,
        authenticator: KeyAuthenticator | LoginAuthenticator,
        *,
        timeout: float,
        max_retries: int,
        throttle: Throttle,
    ) -> None:
        """Create the client; sends nothing yet.

        Args:
            transport: Sends one request.
            authenticator: Adds the API key or the session token.
            timeout: Seconds that one request may take, including the whole response.
            max_retries: How often one request is retried.
            throttle: Limits the requests in flight.
        """
        self.authenticator = authenticator
        self.timeout = timeout
        self.clock = ServerClock()
        self._transport = transport
        self.most_tries_unreachable: int | None = None
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
        counts.add(requests=1)
        with contextlib.ExitStack() as held:
            with self._throttle.slot() as started:
                response = self.send(request, timeout=self.timeout, held=held)
            self.clock.note(response.sent_at)
            try:
                check(response, rejection=self.authenticator.rejection)
                self._throttle.recover()
                return read(response)
            except UnavailableError as error:
                if error.status == HTTPStatus.TOO_MANY_REQUESTS:
                    counts.add(rate_limited=1)
                    seconds = min(error.retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
                    self._throttle.back_off(started, seconds)
                raise
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

        Args:
            request: The request.
            timeout: Seconds for request and response.
            held: See `Transport.send`.

        Raises:
            ApiError: There was no complete response; else it may have any status.
        """
        prepared = self._transport.prepare(request)
        send = partial(self._transport.send, timeout=timeout, held=held)
        return self.authenticator.send(prepared, send)


def waits(
    most_unreachable: int | None = None,
) -> Generator[float, TransientError, None]:
    """Yield how many seconds to wait after each error that is sent; end to give up.

    As long as the server asks, up to `LONGEST_RETRY_AFTER_SECONDS`; otherwise
    exponential backoff with jitter, so that many taps do not retry at the same moment.
    Where the API does not answer at all, `most_unreachable` tries are enough.
    """
    error = yield 0.0
    grows = backoff.expo(factor=FIRST_WAIT_SECONDS, max_value=LONGEST_WAIT_SECONDS)
    # The first is for `backoff` itself.
    for tries, longest in enumerate(islice(grows, 1, None), 1):
        is_absent = isinstance(error, (UnreachableError, UnexpectedResponseError))
        if is_absent and tries == most_unreachable:
            return
        if error.retry_after:
            error = yield min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS)
        else:
            error = yield random.uniform(longest / 2, longest)  # noqa: S311


def _note_retry(details: Details) -> None:
    error = details["exception"]
    details["kwargs"]["counts"].add(retries=1)
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
