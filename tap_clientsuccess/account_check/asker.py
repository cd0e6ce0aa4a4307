"""Sends the requests of the account check, one after another, and counts them."""

from __future__ import annotations

import time
import typing as t

from tap_clientsuccess.errors import ApiError, UnavailableError
from tap_clientsuccess.http import client as http_client
from tap_clientsuccess.http.responses import SUCCESSES, check

if t.TYPE_CHECKING:
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.http.client import Client
    from tap_clientsuccess.http.responses import Response

MOST_REQUESTS = 150
_MOST_SECONDS = 900.0
"""For all of them: a server that hangs must not take hours."""
_MOST_TRIES = 7
_LONGEST_WAIT_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429
_REFUSALS = {400, 404, 405, 409, 417, 422}
_SLOWEST = 8
"""The longest pause between two requests, as a multiple of the usual first wait."""


class OutOfRequestsError(Exception):
    """All requests are spent, or the time for them."""


class Answer(t.NamedTuple):
    """What one request got.

    Attributes:
        status: The status; None without a complete response, and for a success that is
            not what an API answers.
        body: The body of a success.
        response: The response, whatever its status.
        error: Why it is no success.
        seconds: How long it took.
    """

    status: int | None
    body: bytes | None
    response: Response | None
    error: ApiError | None
    seconds: float

    @classmethod
    def of(cls, response: Response, seconds: float) -> t.Self:
        """Judge a response."""
        error = None
        try:
            check(response)
        except ApiError as found:
            error = found
        is_usable = not error and not response.is_web_page
        is_odd = response.status in SUCCESSES and not is_usable
        return cls(
            None if is_odd else response.status,
            response.body if is_usable else None,
            response,
            error,
            seconds,
        )

    @property
    def refuses_request(self) -> bool:
        """Whether the server refuses this request, and would again."""
        return self.status in _REFUSALS

    @property
    def status_without_records(self) -> int | None:
        """The status, where no records were found; None if something else came."""
        return None if self.body else self.status


class Asker:
    """Sends requests, no more than allowed.

    Attributes:
        client: Sends each.
        left: How many requests may follow.
        sent: How many were sent, retries included.
        rate_limited: How many of them were refused by a rate limit.
        waited: Seconds spent waiting for it.
        headers: Names and values of all headers of the answers.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.left = MOST_REQUESTS
        self.sent = self.rate_limited = 0
        self.waited = 0.0
        self.headers: set[tuple[str, str]] = set()
        self._ends = time.monotonic() + _MOST_SECONDS
        self._gap = 0.0
        """Seconds between two requests, once the rate limit has refused one."""

    def ask(self, request: HTTPRequest, *, tries: int = 2) -> Answer:
        """Send a request; again where the server is overloaded, or sends nothing.

        Raises:
            OutOfRequestsError: No request is left, or no time.
        """
        number, wait = 0, 0.0
        while True:
            self.waited += wait + self._gap
            time.sleep(wait + self._gap)
            answer = self._send(request)
            number += 1
            is_limited = answer.status == _TOO_MANY_REQUESTS
            if is_limited:
                self._go_slower()
            if is_limited and number >= _MOST_TRIES:
                self.left = 0  # No pace is slow enough.
            if number >= (_MOST_TRIES if is_limited else tries):
                return answer
            if answer.response and not isinstance(answer.error, UnavailableError):
                return answer
            usual = http_client.FIRST_WAIT_SECONDS * (2**number if is_limited else 1)
            asked = answer.error and getattr(answer.error, "retry_after", None)
            wait = min(asked or usual, _LONGEST_WAIT_SECONDS)

    def _go_slower(self) -> None:
        self.rate_limited += 1
        slowest = _SLOWEST * http_client.FIRST_WAIT_SECONDS
        self._gap = min(slowest, 2 * (self._gap or http_client.FIRST_WAIT_SECONDS))

    def _send(self, request: HTTPRequest) -> Answer:
        if not self.left or time.monotonic() > self._ends:
            raise OutOfRequestsError
        self.left -= 1
        self.sent += 1
        started = time.monotonic()
        try:
            response = self.client.send(request, timeout=self.client.timeout)
        except ApiError as error:
            took = time.monotonic() - started
            return Answer(error.status, None, None, error, took)
        headers = response.headers
        self.headers.update((name, headers[name]) for name in headers)
        return Answer.of(response, time.monotonic() - started)
