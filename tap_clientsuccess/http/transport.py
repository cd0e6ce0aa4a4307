"""One exchange over HTTP: bounded in time and memory, and with one host alone."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import typing as t
from functools import partial
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.utils import default_headers
from urllib3.exceptions import HTTPError

from tap_clientsuccess.errors import RefusedError, WrongAddressError
from tap_clientsuccess.http.connection import deadline, make_pool, seconds_left
from tap_clientsuccess.http.failures import FAILURES, explained, is_reset
from tap_clientsuccess.http.redirects import follow
from tap_clientsuccess.http.responses import SUCCESSES, Response
from tap_clientsuccess.timestamps import parse_http_date

if t.TYPE_CHECKING:
    from contextlib import ExitStack

    from requests import Request
    from urllib3 import HTTPConnectionPool
    from urllib3.response import BaseHTTPResponse

    from tap_clientsuccess.http.concurrency import Throttle

logger = logging.getLogger("tap-clientsuccess")

# It would log whole URLs, and headers that it cannot parse, with a traceback.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_SMALL = 16
"""Responses smaller than this part of the largest are read many at a time."""
_MOST_EXCHANGES = 5
"""For one request: the first, and one for each redirect."""
_BYTES_PER_VALUE = 128
"""What a JSON value, with its key, takes as a Python object, about."""
_MEMORY = 2
"""A response, decoded, takes at most so many times as much as the largest body."""


class Transport:
    """Sends requests through a connection pool for each scheme and host; thread-safe.

    A ``.netrc`` is not read. Cookies are not kept: a login's token travels in a header.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        connections: int,
        max_bytes: int,
        secrets: tuple[str, ...] = (),
        throttle: Throttle,
    ) -> None:
        """Make the transport.

        Args:
            user_agent: The header of that name.
            connections: How many are kept open.
            max_bytes: The largest body that is read, decompressed.
            secrets: What no message may show.
            throttle: Paces all that is sent, logins and redirects included.
        """
        self._throttle = throttle
        self._max_bytes = max_bytes
        self._part = max_bytes // _SMALL
        self._secrets = secrets
        self._connections = connections
        # Who reads and decodes a large body holds it. Re-entrant: a redirect may have
        # one, too.
        self._one_large = threading.RLock()
        # By scheme and host: the only thing that changes, guarded by `_lock`.
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        self._lock = threading.Lock()
        self._headers = {
            **default_headers(),
            "Accept": "application/json",
            "Cache-Control": "no-cache",
            "User-Agent": user_agent,
        }

    def prepare(self, request: Request) -> requests.PreparedRequest:
        """Make a request ready to be sent.

        Raises:
            WrongAddressError: Its URL is not one.
        """
        try:
            # A session would add cookies, and what a `.netrc` says.
            prepared = request.prepare()
        except (requests.RequestException, UnicodeError):
            raise WrongAddressError("the URL is not valid: check base_url") from None
        prepared.headers.update(self._headers)
        return prepared

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        timeout: float,
        held: ExitStack | None = None,
    ) -> Response:
        """Send a request and read its response.

        Redirects are followed within the same scheme, host and port: `requests` would
        hand the key's header to any other.

        Args:
            request: The request, with the key in it.
            timeout: Seconds for everything.
            held: Is entered for a large response, and closed when it has been decoded:
                they are read one at a time, for the memory's sake.

        Raises:
            ApiError: No complete response came, or none that may be read.
        """
        parts = urlsplit(request.url or "")
        where = f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"
        # Before the timeout begins: a wait for the pace is no fault of the server.
        self._throttle.pace()
        deadline.set(time.monotonic() + timeout)
        try:
            for number in range(_MOST_EXCHANGES):
                if number:
                    # The timeout runs: it cannot wait, so what follows does.
                    self._throttle.pace(waits=False)
                response, target = self._exchange(request, where, held)
                if not target:
                    return response
                request = follow(target, request, where, self._secrets)
        except FAILURES as error:
            # A proxy's error may hide that it was late.
            cause = error if time.monotonic() < deadline.get() else TimeoutError()
            raise explained(cause, where, timeout) from None
        raise WrongAddressError(f"{where} redirects in circles: check base_url")

    def _exchange(
        self,
        request: requests.PreparedRequest,
        where: str,
        held: ExitStack | None,
    ) -> tuple[Response, str | None]:
        """Send one request; return its response, and where that redirects to."""
        started = time.monotonic()
        opened = self._open(request)
        try:
            elapsed = dt.timedelta(seconds=time.monotonic() - started)
            date = parse_http_date(opened.headers.get("Date"))
            body = opened.read(self._part, decode_content=True)
            if len(body) == self._part:
                body = self._read_large(body, opened, where, held)
        finally:
            opened.close()
            opened.release_conn()
        response = Response(
            where=where,
            status=opened.status,
            headers=opened.headers,
            body=body,
            sent_at=date and date - elapsed,
            first_byte_seconds=elapsed.total_seconds(),
        )
        took, size = response.first_byte_seconds, f"{len(body):,} bytes"
        what = "%s answered %d after %.3f s, with %s"
        logger.debug(what, where, response.status, took, size)
        return response, opened.get_redirect_location() or None

    def _open(self, request: requests.PreparedRequest) -> BaseHTTPResponse:
        parts = urlsplit(request.url or "")
        origin = parts.scheme, parts.netloc
        with self._lock:
            # Made once: `requests` goes through all of the environment.
            if not (pool := self._pools.get(origin)):
                pool = make_pool(request, self._connections)
                self._pools[origin] = pool
        # The session would keep cookies, and read redirects without a bound; the
        # adapter would take a third longer.
        send = partial(
            pool.urlopen,
            str(request.method),
            request.path_url,
            body=request.body,
            headers=request.headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return send(timeout=seconds_left())
        except HTTPError as error:
            if not is_reset(error):
                raise
            # A server, or what is between, ends connections that are idle. The pool
            # opens a new one now. Every request is a read, so it may be sent twice.
            return send(timeout=seconds_left())

    def _read_large(
        self,
        body: bytes,
        response: BaseHTTPResponse,
        where: str,
        held: ExitStack | None,
    ) -> bytes:
        """Read on, after the first part of a body."""
        with self._one_large:
            # Nothing else is decoded, and a thread that holds it must not log in.
            if held and response.status in SUCCESSES:
                held.enter_context(self._one_large)
            buffer = BytesIO()
            while body:
                buffer.write(body)
                if buffer.tell() > self._max_bytes:
                    raise RefusedError(
                        f"{where} answered with more than {self._max_bytes:,} bytes: "
                        "lower page_size, or raise max_response_bytes"
                    )
                body = response.read(self._part, decode_content=True)
            body = buffer.getvalue()
        values = sum(map(body.count, (b",", b"[", b"{")))
        if len(body) + _BYTES_PER_VALUE * values > _MEMORY * self._max_bytes:
            raise RefusedError(
                f"{where} answered with {values:,} values, for which there is no "
                "memory: lower page_size, or raise max_response_bytes"
            )
        return body
