"""The connection test: a request to the health endpoint, and the verdict on it."""

from __future__ import annotations

import json
import time
import typing as t

import backoff
from requests import Request

from tap_clientsuccess.errors import (
    ApiError,
    NotFoundError,
    TransientError,
    UnavailableError,
    WrongAddressError,
)
from tap_clientsuccess.http.concurrency import ThreadPool
from tap_clientsuccess.http.responses import check, describe_unexpected
from tap_clientsuccess.timestamps import is_future

if t.TYPE_CHECKING:
    from tap_clientsuccess.config.settings import Settings
    from tap_clientsuccess.http.client import Client
    from tap_clientsuccess.http.responses import Response

VERDICT_WITHIN_SECONDS = 25.0
_TRY_SECONDS = 10.0
_TRIES = 3
_V1_SECONDS = 3.0
_WAIT_SECONDS = 1.0
_UNHEALTHY = {"DOWN", "OUT_OF_SERVICE", "UNHEALTHY", "ERROR", "FAIL", "FAILED"}


def check_connection(client: Client, settings: Settings) -> str:
    """Test the connection: whether the base URL and the key are right.

    Transient errors are retried briefly.

    Returns:
        What works, in one line, always within `VERDICT_WITHIN_SECONDS`.

    Raises:
        ApiError: The connection does not work.
    """
    # In a thread, because a DNS lookup has no timeout.
    test = ThreadPool(1).submit(_test, client, settings)
    try:
        return test.result(VERDICT_WITHIN_SECONDS)
    except TimeoutError:
        raise ApiError(
            f"no response within {VERDICT_WITHIN_SECONDS:g} seconds: the service is "
            "down or slow, or base_url names the wrong host"
        ) from None


def _test(client: Client, settings: Settings) -> str:
    url = f"{settings.base_url}{settings.health_path}"
    status = _status(client, url)
    v1_opens, v1_says = _v1(client, settings)
    is_late = settings.start_date and is_future(settings.start_date)
    verdict = (
        f"the connection works: {url} answered {status}, and the "
        f"{client.authenticator.what} is accepted{v1_says}"
        f"{'; start_date is in the future' if is_late else ''}"
    )
    if not v1_opens and settings.v1_streams == "required":
        raise ApiError(verdict)
    return verdict


def _v1(client: Client, settings: Settings) -> tuple[bool, str]:
    """Request the shortest list of v1; return whether it can be read, and the words."""
    if settings.v1_streams == "off":
        return True, ""
    request = Request("GET", f"{settings.v1_base_url}/client-statuses")
    try:
        check(client.send(request, timeout=min(_V1_SECONDS, client.timeout)))
    except ApiError as error:
        answer = f"answered {error.status}" if error.status else "did not respond"
        why = f"its streams cannot be read (v1_streams is {settings.v1_streams})"
        return False, f"; API v1 {answer}: {why}"
    return True, "; API v1 works as well"


def _status(client: Client, url: str) -> int:
    """Return the status of a success; retries while there is time for a whole try.

    Raises:
        ApiError: The connection does not work.
    """
    timeout = min(_TRY_SECONDS, client.timeout)
    last_begins = time.monotonic() + VERDICT_WITHIN_SECONDS - _V1_SECONDS - timeout
    with_retries = backoff.on_exception(
        backoff.constant,
        TransientError,
        interval=_WAIT_SECONDS,
        max_tries=_TRIES,
        giveup=lambda _: time.monotonic() + _WAIT_SECONDS > last_begins,
        jitter=None,
        logger=None,
    )
    return with_retries(_healthy_status)(client, url, timeout)


def _healthy_status(client: Client, url: str, timeout: float) -> int:
    response = client.send(Request("GET", url), timeout=timeout)
    where, status = response.where, response.status
    if response.is_maintenance_page:
        raise UnavailableError(describe_unexpected(response))
    try:
        check(response, rejection=client.authenticator.rejection)
    except NotFoundError as error:
        raise NotFoundError(
            f"{where} answered {status}: base_url is wrong, or the account has its "
            "health endpoint elsewhere (health_path)",
            status=status,
        ) from error
    if response.is_web_page:
        raise WrongAddressError(
            f"{where} answered with a web page: base_url is not the URL of the API"
        )
    if came := contradiction(response):
        raise UnavailableError(
            f"{where} answered {status} with {came}: the service is unhealthy, or "
            "base_url or health_path is wrong",
            status=status,
        )
    return status


def contradiction(response: Response) -> str | None:
    """Say what in the body contradicts the success; None if nothing does."""
    if not response.body.strip():
        return None if response.status == 204 else "an empty body"  # noqa: PLR2004
    try:
        content = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    if content is None or content is False:
        return f"the body {json.dumps(content)}"
    if not isinstance(content, dict):
        return None
    if content.get("error") or content.get("errors"):
        return "an error in its body"
    word = str(content.get("status")).upper()
    return f"the status {word}" if word in _UNHEALTHY else None
