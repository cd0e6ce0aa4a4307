"""What all streams share."""

from __future__ import annotations

import abc
import logging
import typing as t
from dataclasses import dataclass
from functools import cached_property

from requests import Request
from singer_sdk import Tap

from tap_clientsuccess.config.settings import Settings
from tap_clientsuccess.custom_fields import FieldDefinitions
from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.http.auth import KeyAuthenticator, LoginAuthenticator
from tap_clientsuccess.http.client import Client
from tap_clientsuccess.http.concurrency import ThreadPool, Throttle
from tap_clientsuccess.http.transport import Transport
from tap_clientsuccess.records.decoding import decode_json, records_of
from tap_clientsuccess.schedule.noted import greatest_version
from tap_clientsuccess.singer.reporter import Reporter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.singerlib.encoding.simple import Message

    from tap_clientsuccess.http.responses import Response
    from tap_clientsuccess.singer.mapper import StreamMapper
    from tap_clientsuccess.singer.stream import RecordStream


T = t.TypeVar("T")


@dataclass(frozen=True, slots=True)
class TapContext:
    """What all streams share.

    Attributes:
        settings: The settings, with their defaults filled in.
        client: Sends requests.
        thread_pool: Runs requests concurrently.
        custom_fields: The account's custom field definitions.
        reporter: Reports how far the sync has come.
    """

    settings: Settings
    client: Client
    thread_pool: ThreadPool
    custom_fields: FieldDefinitions
    reporter: Reporter


class ContextTap(Tap, abc.ABC):
    """A tap whose streams share a context.

    Attributes:
        is_configured: Whether the configuration is complete, so that requests can be
            sent.
        has_no_state: Whether it was given no state, so that nothing was ever read.
    """

    mapper: StreamMapper
    is_configured = True
    has_no_state = True

    @cached_property
    def context(self) -> TapContext:
        """What all streams share; to create it sends no request."""
        settings = Settings.from_config(self.config)
        client, reporter = _client(settings), Reporter()

        thread_pool = ThreadPool(settings.concurrency, reporter.tick)

        def fetch(path: str, read: Callable[[Response], T]) -> T:
            # In the thread pool, so that a signal can interrupt the wait.
            request = Request("GET", f"{settings.base_url}{path}")
            return thread_pool.call(client.fetch, request, read)

        def definitions(resource: str) -> list[t.Any]:
            return fetch(f"/customfield/all/{resource}", _list_of)

        def check_api() -> None:
            try:
                fetch("/client/search?page=0&size=1", _list_of)
            except RefusedError:  # The key may be good, and not for clients.
                fetch(settings.health_path, bool)

        can_read = self.is_configured and settings.discover_custom_fields
        custom_fields = FieldDefinitions(definitions if can_read else None, check_api)
        return TapContext(settings, client, thread_pool, custom_fields, reporter)

    @cached_property
    def version_floor(self) -> int:
        """The greatest version in the state, which new ones exceed."""
        now = self.context.client.clock.likely_now()
        floor, has_future = greatest_version(self.state.get("bookmarks", {}), now)
        if has_future:
            self.logger.warning(
                "The state has a version from the future, which is ignored: rows that "
                "carry it are not deleted by ACTIVATE_VERSION"
            )
        return floor

    @abc.abstractmethod
    def log_row(self, stream: RecordStream) -> Iterator[Message]:
        """Make the messages of the row of `sync_log` about a stream."""

    def note_v1_refusal(self, stream: str, error: RefusedError) -> None:
        """Skip a stream of v1; if it is required, the run fails at the end."""
        answer = f"answered {error.status}" if error.status else "cannot be read"
        refusal = RefusedError(
            f"API v1 {answer}, although v2 accepts the same key or login: try "
            "auth_method password or another v1_base_url, or set v1_streams to off"
        ).in_stream(stream)
        level = logging.INFO if self.v1_refusals else logging.WARNING
        self.logger.log(level, "Skipped %s", refusal)
        self.v1_refusals.append(refusal)

    @cached_property
    def v1_refusals(self) -> list[RefusedError]:
        """The errors of the v1 streams that were skipped."""
        return []


def _list_of(response: Response) -> list[t.Any]:
    records, _ = records_of(decode_json(response.body))
    return records


def _client(settings: Settings) -> Client:
    throttle = Throttle(settings.concurrency, settings.seconds_per_request)
    transport = Transport(
        user_agent=settings.user_agent,
        connections=settings.concurrency,
        max_bytes=settings.max_response_bytes,
        secrets=(settings.api_key, settings.password),
        throttle=throttle,
    )
    authenticator: KeyAuthenticator | LoginAuthenticator
    if settings.auth_method == "password":
        authenticator = LoginAuthenticator(
            transport,
            f"{settings.v1_base_url}/auth",
            username=settings.username,
            password=settings.password,
            timeout=settings.request_timeout,
        )
    else:
        authenticator = KeyAuthenticator(
            key=settings.api_key_header, value=settings.api_key
        )
    return Client(
        transport,
        authenticator,
        timeout=settings.request_timeout,
        max_retries=settings.max_retries,
        throttle=throttle,
    )
