"""Sends the requests of the account check, one after another, and counts them."""

from __future__ import annotations

import time
import typing as t
from http import HTTPStatus

from tap_clientsuccess.errors import ApiError, UnavailableError, UnexpectedBodyError
from tap_clientsuccess.http import client as http_client
from tap_clientsuccess.http.responses import SUCCESSES, check
from tap_clientsuccess.records.decoding import decode_json, records_of

if t.TYPE_CHECKING:
    from requests import Request

    from tap_clientsuccess.http.client import Client
    from tap_clientsuccess.http.responses import Response

MOST_REQUESTS = 150
_MOST_SECONDS = 900.0
"""For all of them: a server that hangs must not take hours."""
_MOST_TRIES = 7
_LONGEST_WAIT_SECONDS = 60.0
"""Whatever the server asks for: the client would wait longer."""
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

    @property
    def records(self) -> list[t.Any] | None:
        """The records in the body; None if it has no list of them."""
        try:
            return None if self.body is None else records_of(decode_json(self.body))[0]
        except UnexpectedBodyError:
            return None

    @property
    def is_failure(self) -> bool:
        """Whether no API answered: there is nothing usable, a 404, or a 5xx."""
        status = self.status
        return status is None or status == HTTPStatus.NOT_FOUND or status >= 500  # noqa: PLR2004

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

    def ask(self, request: Request, *, tries: int = 2) -> Answer:
        """Send a request; again where the server is overloaded, or sends nothing.

        Raises:
            OutOfRequestsError: No request is left, or no time.
        """
        wait, first_wait = 0.0, http_client.FIRST_WAIT_SECONDS
        for number in range(1, _MOST_TRIES + 1):
            self.waited += wait + self._gap
            time.sleep(wait + self._gap)
            answer, usual = self._send(request), first_wait
            is_down = isinstance(answer.error, UnavailableError)
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                self.rate_limited += 1
                self._gap = min(_SLOWEST * first_wait, 2 * (self._gap or first_wait))
                usual *= 2**number
            elif number >= tries or (answer.response and not is_down):
                return answer
            asked = answer.error.retry_after if answer.error else None
            wait = min(asked or usual, _LONGEST_WAIT_SECONDS)
        self.left = 0  # No pace is slow enough.
        return answer

    def _send(self, request: Request) -> Answer:
        if not self.left or time.monotonic() > self._ends:
            raise OutOfRequestsError
        self.left -= 1
        self.sent += 1
        started = time.monotonic()
        response, error = None, None
        try:
            response = self.client.send(request, timeout=self.client.timeout)
            headers = response.headers
            self.headers.update((name, headers[name]) for name in headers)
            check(response)
        except ApiError as found:
            error = found
        seconds = time.monotonic() - started
        if response is None:
            return Answer(error.status if error else None, None, None, error, seconds)
        is_usable = not error and not response.is_web_page
        is_odd = response.status in SUCCESSES and not is_usable
        status = None if is_odd else response.status
        return Answer(
            status, response.body if is_usable else None, response, error, seconds
        )
