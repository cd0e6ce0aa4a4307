"""Connections that give up when an answer takes too long as a whole.

The time-out of a socket counts anew with every byte: a server that sends one byte now
and then would hold a request for ever. A `Watch` shuts the connection instead: here
while the head is read, inside of `http.client`; in `transport` while the body is.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import typing as t

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.poolmanager import PoolManager
    from urllib3.response import HTTPResponse


class _FinalResponse(http.client.HTTPResponse):
    """Passes over interim answers (103 Early Hints); `http.client` knows 100 alone."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not _INTERIM.start <= status < _INTERIM.stop:
                return version, status, reason
            http.client.parse_headers(self.fp)


_INTERIM = range(102, 200)


class _HeadDeadline(HTTPConnection):
    """Shuts the socket when the head has not arrived within the read time-out."""

    response_class = _FinalResponse

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
        seconds = self.timeout if isinstance(self.timeout, (int, float)) else None
        if seconds is None:
            return super().getresponse()
        sock = self.sock
        with Watch(seconds, lambda: sock.shutdown(socket.SHUT_RDWR)):
            return super().getresponse()


class Watch:
    """Shuts a connection after some seconds, which ends whatever waits for it.

    Raises:
        TimeoutError: At the end of the block, if it had to: what was read until then
            may look whole, and is not.
    """

    def __init__(self, seconds: float, shut: Callable[[], object]) -> None:
        self._shut = shut
        self._fired = False
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def _fire(self) -> None:
        self._fired = True
        with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
            self._shut()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._fired:
            raise TimeoutError


class _HTTPSHeadDeadline(_HeadDeadline, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _HeadDeadline


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSHeadDeadline


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose connections, direct or through a proxy, have a head deadline."""

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Make the manager of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        _use_pools(self.poolmanager)

    def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> PoolManager:
        """Make, or find, the manager of a proxy's connections."""
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        _use_pools(manager)
        return manager


def _use_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _HTTPSPool}
