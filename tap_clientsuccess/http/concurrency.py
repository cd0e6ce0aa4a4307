"""How many requests run at once: the threads that send them, and two limits.

One limit adapts to what the server says, the other is the user's, on the requests that
begin in a minute.
"""

from __future__ import annotations

import threading
import time
import typing as t
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager
from http import HTTPStatus
from itertools import count
from queue import PriorityQueue

from tap_clientsuccess.errors import UnavailableError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = t.TypeVar("A")
B = t.TypeVar("B")
Ts = t.TypeVarTuple("Ts")

_POLL_SECONDS = 0.1
_RECOVERY = 0.1


class Throttle:
    """Limits requests in flight.

    When the server says that there are too many, all wait as long as it asks, and the
    limit is halved. Each success raises it a little.
    """

    def __init__(self, most: int, seconds_per_request: float = 0.0) -> None:
        """Allow so many requests in flight, and so many seconds between two starts."""
        self._most = most
        self._interval = seconds_per_request
        # What changes, guarded by `_changed`, which says so to who waits for a slot.
        self._limit = float(most)
        self._in_flight = 0
        self._closed_until = self._next_start = 0.0
        self._backed_off_at = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free slot, and hold it for a request and what it is answered."""
        with self._changed:
            while (closed := self._closed_until - time.monotonic()) > 0 or (
                self._in_flight >= int(self._limit)
            ):
                self._changed.wait(closed if closed > 0 else None)
            self._in_flight += 1
            started = time.monotonic()
        gain = 0.0
        try:
            yield
            gain = _RECOVERY
        except UnavailableError as error:
            if error.status == HTTPStatus.TOO_MANY_REQUESTS:
                self.back_off(started, error.retry_after or 0.0)
            raise
        finally:
            with self._changed:
                self._limit = min(self._most, self._limit + gain)
                self._in_flight -= 1
                self._changed.notify_all()

    def back_off(self, started: float, seconds: float) -> None:
        """Halve the limit after the server refused a request.

        Args:
            started: When the refused request got its slot. Requests that were in flight
                together are refused together, and count once.
            seconds: How long to let no request through.
        """
        with self._changed:
            now = time.monotonic()
            self._closed_until = max(self._closed_until, now + seconds)
            if started >= self._backed_off_at:
                self._limit = max(1.0, self._limit / 2)
                self._backed_off_at = now

    def pace(self, *, waits: bool = True) -> None:
        """Wait until the next request may begin, or let those that follow wait."""
        if not self._interval:
            return
        with self._changed:
            now = time.monotonic()
            while waits and (start := max(self._closed_until, self._next_start)) > now:
                self._changed.wait(start - now)
                now = time.monotonic()
            self._next_start = max(now, self._next_start) + self._interval


class Task(Future[B]):
    """The future of a function that runs in a thread."""

    raise_if_stopped: Callable[[], None]

    def result(self, timeout: float | None = None) -> B:
        """Wait for the result, or `timeout` seconds; raises what the function raised.

        Raises:
            TimeoutError: It took longer.
        """
        waited = 0.0
        while not self.done():
            if timeout is not None and waited >= timeout:
                raise TimeoutError
            self.raise_if_stopped()
            try:
                return super().result(_POLL_SECONDS)
            except TimeoutError:
                waited += _POLL_SECONDS
        return super().result()


class ThreadPool:
    """Runs functions in daemon threads, at most `size` at once.

    The threads of `ThreadPoolExecutor` are not daemons: one that sleeps before a retry,
    or waits for a server, would keep the tap from exiting.
    """

    def __init__(
        self, size: int, raise_if_stopped: Callable[[], None] = lambda: None
    ) -> None:
        """Create the pool; threads start when they are first needed.

        Args:
            size: Maximum number of threads.
            raise_if_stopped: Called while a result is waited for; may raise.
        """
        self.size = size
        self._raise_if_stopped = raise_if_stopped
        # Queue and semaphore have locks of their own; the other two belong to the
        # thread that submits. The number keeps the order of what is equally urgent.
        self._queue: PriorityQueue[tuple[bool, int, Task[t.Any], t.Any, t.Any]]
        self._queue = PriorityQueue()
        self._idle = threading.Semaphore(0)
        self._threads = 0
        self._numbers = count()

    def submit(
        self, function: Callable[[*Ts], B], *args: *Ts, can_wait: bool = False
    ) -> Task[B]:
        """Call a function in a thread, before all that can wait."""
        task: Task[B] = Task()
        task.raise_if_stopped = self._raise_if_stopped
        self._queue.put((can_wait, next(self._numbers), task, function, args))
        # Few threads also save memory: the allocator keeps some for each.
        if not self._idle.acquire(blocking=False) and self._threads < self.size:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        return task

    def call(self, function: Callable[[*Ts], B], *args: *Ts) -> B:
        """Call a function in a thread, and wait for its result."""
        return self.submit(function, *args).result()

    def _work(self) -> None:
        while True:
            *_, task, function, args = self._queue.get()
            if task.set_running_or_notify_cancel():
                try:
                    task.set_result(function(*args))
                except BaseException as error:  # noqa: BLE001 - `result` raises it
                    task.set_exception(error)
            # They would keep a result in memory until the next task.
            del task, function, args
            self._idle.release()

    def map(self, function: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
        """Apply a function to items, several at once, and yield in their order.

        Three times as many calls as there are threads run, wait or have a result that
        was not yielded, so that no thread is idle while one of them takes longer, or
        while the next item is requested: what is submitted meanwhile runs before them.
        The first error is raised, and what had not begun is cancelled.
        """
        tasks: deque[Task[B]] = deque()
        try:
            for item in items:
                tasks.append(self.submit(function, item, can_wait=True))
                if len(tasks) == 3 * self.size:
                    yield tasks.popleft().result()
            while tasks:
                yield tasks.popleft().result()
        finally:
            for task in tasks:
                task.cancel()
