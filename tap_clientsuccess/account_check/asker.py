"""Sends the requests of the account check, one after another, and counts them."""

from __future__ import annotations

import logging
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
MOST_OF_CUSTOM_STREAM = 20
_MOST_TRIES = 7
_LONGEST_WAIT_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429
_REFUSALS = {400, 404, 405, 409, 417, 422}
_SLOWEST = 8
"""The longest pause between two requests, as a multiple of the usual first wait."""

logger = logging.getLogger("tap-clientsuccess")


class OutOfRequestsError(Exception):
    """All requests are spent."""


class Answer(t.NamedTuple):
    """What one request got.

    Attributes:
        status: The status; None without a complete response.
        response: The response, whatever its status.
        seconds: How long it took.
    """

    status: int | None
    response: Response | None
    seconds: float

    @property
    def is_success(self) -> bool:
        """Whether it is a success that is what an API answers."""
        if not self.response:
            return False
        try:
            check(self.response)
        except ApiError:
            return False
        return not self.response.is_web_page

    @property
    def usable_status(self) -> int | None:
        """The status; None for a success that is not what an API answers."""
        is_odd = self.status in SUCCESSES and not self.is_success
        return None if is_odd else self.status

    @property
    def is_refusal(self) -> bool:
        """Whether the server refuses this request, and would again."""
        return bool(self.response) and not self.is_success and self.status in _REFUSALS


class Asker:
    """Sends requests, no more than allowed.

    Attributes:
        client: Sends each.
        left: How many requests may follow.
        sent: How many were sent, retries included.
        rate_limited: How many of them were refused by a rate limit.
        waited: Seconds spent waiting for it.
        headers: Names and values of all headers of the answers.
        last: The last complete response.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.left = MOST_REQUESTS
        self.sent = self.rate_limited = 0
        self.waited = 0.0
        self.headers: set[tuple[str, str]] = set()
        self.last: Response | None = None
        self._gap = 0.0
        """Seconds between two requests, once the rate limit has refused one."""

    def ask(self, request: HTTPRequest, *, tries: int = 2) -> Answer:
        """Send a request; again where the server is overloaded, or sends nothing.

        Raises:
            OutOfRequestsError: No request is left.
        """
        for number in range(1, _MOST_TRIES + 1):
            self._pause(self._gap)
            answer = self._send(request)
            if answer.status == _TOO_MANY_REQUESTS:
                self._note_limit(is_last=number == _MOST_TRIES)
            wait = self._wait(answer, number, tries)
            if wait is None:
                break
            self._pause(wait)
        return answer

    def _pause(self, seconds: float) -> None:
        self.waited += seconds
        time.sleep(seconds)

    def _note_limit(self, *, is_last: bool) -> None:
        """Go slower; where no pace is slow enough, send nothing more."""
        self.rate_limited += 1
        slowest = _SLOWEST * http_client.FIRST_WAIT_SECONDS
        self._gap = min(slowest, 2 * (self._gap or http_client.FIRST_WAIT_SECONDS))
        if is_last:
            self.left = 0

    def _send(self, request: HTTPRequest) -> Answer:
        if not self.left:
            raise OutOfRequestsError
        self.left -= 1
        self.sent += 1
        started = time.monotonic()
        try:
            response = self.client.send(request, timeout=self.client.timeout)
        except ApiError as error:
            return Answer(error.status, None, time.monotonic() - started)
        headers = response.headers
        self.headers.update((name, headers[name]) for name in headers)
        self.last = response
        return Answer(response.status, response, time.monotonic() - started)

    def _wait(self, answer: Answer, number: int, tries: int) -> float | None:
        """Return the seconds to wait before another try; None for none."""
        short = http_client.FIRST_WAIT_SECONDS
        if not answer.response:
            return short if number < tries else None
        try:
            check(answer.response)
        except UnavailableError as error:
            if error.status == _TOO_MANY_REQUESTS:
                tries, short = _MOST_TRIES, short * 2**number
            asked = min(error.retry_after or short, _LONGEST_WAIT_SECONDS)
            return asked if number < tries else None
        except ApiError:
            pass
        return None
