"""Several requests in flight at once: threads, their order, and a gate for all."""

from __future__ import annotations

import threading
import time
import typing as t
from collections import deque
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = t.TypeVar("A")
B = t.TypeVar("B")

_POLL_SECONDS = 0.1
_GROWTH = 0.1


class Flights:
    """Runs functions in threads, at most `concurrency` at once.

    The threads are daemons: one that sleeps before a retry, or waits for a server,
    does not keep the tap from ending. The caller's thread never waits for long
    without looking whether it was told to stop.
    """

    def __init__(self, concurrency: int, checkpoint: Callable[[], None]) -> None:
        """Make the threads when they are first needed.

        Args:
            concurrency: How many functions run at once.
            checkpoint: Called while waiting; it may raise to end everything.
        """
        self.concurrency = concurrency
        self._checkpoint = checkpoint
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def ordered(self, function: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
        """Apply a function to items, several at once, and yield in their order.

        At most `concurrency` results exist that were not yielded. The first error
        surfaces, and what had not begun by then is dropped.

        Args:
            function: Runs in a thread.
            items: Taken one by one, as results are wanted.

        Yields:
            The results.
        """
        pending: deque[Future[B]] = deque()
        try:
            for item in items:
                pending.append(self._begin(function, item))
                if len(pending) == self.concurrency:
                    yield self._landed(pending.popleft())
            while pending:
                yield self._landed(pending.popleft())
        finally:
            for future in pending:
                future.cancel()

    def launch(self, function: Callable[[A], B], item: A) -> Callable[[], B]:
        """Begin to apply a function to an item; returns what waits for the result."""
        return partial(self._landed, self._begin(function, item))

    def _begin(self, function: Callable[[A], B], item: A) -> Future[B]:
        future: Future[B] = Future()

        def job() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(item))
                except BaseException as error:  # noqa: BLE001 - the caller raises it
                    future.set_exception(error)

        self._jobs.put(job)
        if len(self._threads) < self.concurrency:
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def _work(self) -> None:
        while True:
            self._jobs.get()()

    def _landed(self, future: Future[B]) -> B:
        while not wait([future], timeout=_POLL_SECONDS).done:
            self._checkpoint()
        return future.result()


class Gate:
    """Lets requests through: as many at once as the server bears.

    When the server says that there are too many, all wait as long as it asked, and
    the number that is let through halves; it grows back slowly with each success.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._inside = 0
        self._closed_until = 0.0
        self._narrowed_at = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def passed(self) -> Iterator[float]:
        """Wait to be let through, and hold the place; yields when that was."""
        with self._changed:
            while wait_seconds := self._must_wait():
                self._changed.wait(wait_seconds)
            self._inside += 1
            entered = time.monotonic()
        try:
            yield entered
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify()

    def _must_wait(self) -> float:
        closed = self._closed_until - time.monotonic()
        if closed > 0:
            return closed
        return _POLL_SECONDS if self._inside >= int(self._limit) else 0.0

    def widen(self) -> None:
        """Take note of a success."""
        with self._changed:
            self._limit = min(self._most, self._limit + _GROWTH)

    def narrow(self, entered: float, seconds: float) -> None:
        """Take note that the server had too many requests.

        Args:
            entered: When the request that was refused had been let through. Those that
                were in flight together are refused together, and count once.
            seconds: How long to let nobody through.
        """
        with self._changed:
            now = time.monotonic()
            self._closed_until = max(self._closed_until, now + seconds)
            if entered >= self._narrowed_at:
                self._limit = max(1.0, self._limit / 2)
                self._narrowed_at = now
