"""A thread pool that keeps results in order and can be interrupted."""

from __future__ import annotations

import threading
import typing as t
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = t.TypeVar("A")
B = t.TypeVar("B")
P = t.ParamSpec("P")

_POLL_SECONDS = 0.1


class Task(Future[B]):
    """The future of a function that runs in a thread."""

    def __init__(self, raise_if_stopped: Callable[[], None]) -> None:
        super().__init__()
        self._raise_if_stopped = raise_if_stopped

    def result(self, timeout: float | None = None) -> B:
        """Wait for the result, or `timeout` seconds; raises what the function raised.

        Raises:
            TimeoutError: It took longer.
        """
        waited = 0.0
        while not self.done():
            if timeout is not None and waited >= timeout:
                raise TimeoutError
            self._raise_if_stopped()
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
        # Queue and semaphore have locks of their own; `_threads` belongs to the thread
        # that submits.
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads = 0

    def submit(
        self, function: Callable[P, B], *args: P.args, **kwargs: P.kwargs
    ) -> Task[B]:
        """Call a function in a thread."""
        task: Task[B] = Task(self._raise_if_stopped)

        def run() -> None:
            if task.set_running_or_notify_cancel():
                try:
                    task.set_result(function(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - `result` raises it
                    task.set_exception(error)

        self._queue.put(run)
        # Few threads also save memory: the allocator keeps some for each.
        if not self._idle.acquire(blocking=False) and self._threads < self.size:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        return task

    def _work(self) -> None:
        while True:
            self._queue.get()()
            self._idle.release()

    def map(self, function: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
        """Apply a function to items, several at once, and yield in their order.

        Twice as many calls as there are threads wait or have a result that was not
        yielded, so that no thread is idle while one of them takes longer. The first
        error is raised, and what had not begun is cancelled.
        """
        tasks: deque[Task[B]] = deque()
        try:
            for item in items:
                tasks.append(self.submit(function, item))
                if len(tasks) == 2 * self.size:
                    yield tasks.popleft().result()
            while tasks:
                yield tasks.popleft().result()
        finally:
            for task in tasks:
                task.cancel()
