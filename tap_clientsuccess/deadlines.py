"""Connections that give up when the head of an answer takes too long as a whole.

The time-out of a socket counts anew with every byte: a server that sends one byte now
and then would hold a request for ever. The body is read under a deadline by
`transport`; the head is read inside of `http.client`, hence this.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if t.TYPE_CHECKING:
    from urllib3.poolmanager import PoolManager
    from urllib3.response import HTTPResponse


class _HeadDeadline(HTTPConnection):
    """Shuts the socket when the head has not arrived within the read time-out."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
        seconds = self.timeout if isinstance(self.timeout, (int, float)) else None
        if seconds is None:
            return super().getresponse()
        with _Watch(self.sock, seconds):
            return super().getresponse()


class _Watch:
    """Shuts a socket after some seconds, and says afterwards that it did."""

    def __init__(self, sock: socket.socket | None, seconds: float) -> None:
        self._sock = sock
        self._fired = False
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def _fire(self) -> None:
        self._fired = True
        with contextlib.suppress(OSError, AttributeError):
            t.cast("socket.socket", self._sock).shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._fired and kind is not None:
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
