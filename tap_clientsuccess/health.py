"""The connection test: one request to the health endpoint, and what it tells."""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.errors import (
    ApiError,
    NotFoundError,
    TransientError,
    UnavailableError,
    WrongAddressError,
)
from tap_clientsuccess.replies import check, is_maintenance_page, is_web_page

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.api import ClientSuccessAPI

ANSWER_WITHIN_SECONDS = 25.0
_TRY_SECONDS = 10.0
_TRIES = 3
_V1_SECONDS = 3.0
_WAIT_SECONDS = 1.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the connection works, and one line that says why."""

    works: bool
    reason: str


def check_health(
    api: ClientSuccessAPI, checkpoint: Callable[[], None] = lambda: None
) -> Verdict:
    """Test the connection.

    Success means that the base URL and the key are right and the account can be
    reached. A passing fault is retried briefly.

    Args:
        api: The API with the settings to test.
        checkpoint: Called while waiting; it may raise to end the test.

    Returns:
        The verdict, within `ANSWER_WITHIN_SECONDS` whatever happens.
    """
    verdicts: list[Verdict] = []
    # A thread, because nothing in the standard library bounds a look-up of a host.
    worker = threading.Thread(target=lambda: verdicts.append(_judge(api)), daemon=True)
    worker.start()
    give_up = time.monotonic() + ANSWER_WITHIN_SECONDS
    while worker.is_alive() and time.monotonic() < give_up:
        worker.join(_POLL_SECONDS)
        checkpoint()
    if verdicts:
        return verdicts[0]
    return Verdict(
        works=False,
        reason=f"no answer within {ANSWER_WITHIN_SECONDS:g} seconds: the service is "
        "down or slow, or base_url names the wrong host",
    )


def _judge(api: ClientSuccessAPI) -> Verdict:
    try:
        status = _ask(api)
    except ApiError as error:
        return Verdict(works=False, reason=str(error))
    except Exception as error:  # noqa: BLE001
        return Verdict(works=False, reason=f"unexpected {type(error).__name__}")
    v1_opens, v1_says = _v1(api)
    return Verdict(
        works=v1_opens or api.settings.v1_streams != "required",
        reason=f"the connection works: {api.settings.base_url} answered {status} "
        f"to {api.settings.health_path}, and the key is accepted{v1_says}",
    )


def _v1(api: ClientSuccessAPI) -> tuple[bool, str]:
    """Ask for the shortest list of v1; return whether it opens, and what to say."""
    if api.settings.v1_streams == "off":
        return True, ""
    request = HTTPRequest(url=f"{api.settings.v1_base_url}/client-statuses")
    try:
        reply = api.send(
            request, timeout=min(_V1_SECONDS, api.settings.request_timeout)
        )
        check(reply)
    except ApiError as error:
        answer = f"answered {error.status}" if error.status else "gave no answer"
        return False, (
            f"; API v1 {answer}: its streams cannot be read "
            f"(v1_streams is {api.settings.v1_streams})"
        )
    return True, "; API v1 opens as well"


def _ask(api: ClientSuccessAPI) -> int:
    give_up = time.monotonic() + ANSWER_WITHIN_SECONDS - 2 * _WAIT_SECONDS - _V1_SECONDS
    for tries_left in reversed(range(_TRIES)):
        left = give_up - time.monotonic()
        try:
            return _ask_once(api, min(left, _TRY_SECONDS, api.settings.request_timeout))
        except TransientError:
            if not tries_left or give_up - time.monotonic() < 2 * _WAIT_SECONDS:
                raise
            time.sleep(_WAIT_SECONDS)
    raise AssertionError("the last try returns or raises")


def _ask_once(api: ClientSuccessAPI, timeout: float) -> int:
    path = api.settings.health_path
    request = HTTPRequest(url=f"{api.settings.base_url}{path}")
    reply = api.send(request, timeout=timeout)
    if is_maintenance_page(reply.body):
        raise UnavailableError(
            f"{reply.where} answered with a maintenance page: the service is down"
        )
    try:
        check(reply, rejection=api.authenticator.rejection)
    except NotFoundError as error:
        raise NotFoundError(
            f"{reply.where} answered {reply.status}: base_url is wrong, or the account "
            "has its health endpoint elsewhere (health_path)",
            status=reply.status,
        ) from error
    if is_web_page(reply.body):
        raise WrongAddressError(
            f"{reply.where} answered with a web page: base_url is not the API's"
        )
    return reply.status
