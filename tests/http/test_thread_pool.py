"""The thread pool: ordered results, lazy input, prompt exit."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import typing as t
from itertools import count
from queue import SimpleQueue

import pytest
from http_server import LIMIT_SECONDS

from tap_clientsuccess.errors import UnavailableError
from tap_clientsuccess.http.concurrency import ThreadPool, Throttle

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def test_results_keep_their_order() -> None:
    gates = [threading.Event() for _ in range(4)]

    def wait_for(number: int) -> int:
        assert gates[number].wait(LIMIT_SECONDS)
        if number:
            gates[number - 1].set()
        return number

    gates[3].set()
    assert list(ThreadPool(4).map(wait_for, range(4))) == [0, 1, 2, 3]


def test_items_are_consumed_lazily() -> None:
    numbers = count()
    results = ThreadPool(3).map(str, numbers)
    assert [next(results) for _ in range(5)] == ["0", "1", "2", "3", "4"]
    assert next(numbers) == 13  # Nine wait or run, or did when the fifth came.


def test_what_items_need_comes_before_what_waits() -> None:
    pool = ThreadPool(1)
    called: list[int] = []

    def items() -> Iterator[int]:
        yield from (1, 2)
        pool.call(called.append, 3)

    def call(number: int) -> None:
        may_begin.wait(LIMIT_SECONDS)
        called.append(number)

    may_begin = threading.Event()
    threading.Timer(0.2, may_begin.set).start()
    list(pool.map(call, items()))
    assert called == [1, 3, 2]


def test_the_pool_bounds_concurrency() -> None:
    pool = ThreadPool(2)
    may_end = threading.Event()
    begun: SimpleQueue[int] = SimpleQueue()

    def run(number: int) -> None:
        begun.put(number)
        assert may_end.wait(LIMIT_SECONDS)

    tasks = [pool.submit(run, number) for number in range(3)]
    assert {begun.get(timeout=LIMIT_SECONDS) for _ in range(2)} == {0, 1}
    assert not tasks[2].running()
    may_end.set()
    for task in tasks:
        task.result(LIMIT_SECONDS)


def test_the_first_error_is_raised() -> None:
    def fail(number: int) -> int:
        if number == 2:
            raise ZeroDivisionError
        return number

    results = ThreadPool(2).map(fail, count())
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_signal_interrupts_the_wait_and_cancels_pending_tasks() -> None:
    class StoppedError(Exception):
        pass

    def raise_if_stopped() -> None:
        if not may_end.is_set():
            raise StoppedError

    may_end = threading.Event()
    pool = ThreadPool(2, raise_if_stopped)
    waiting = [pool.submit(may_end.wait, LIMIT_SECONDS) for _ in range(2)]
    called: list[int] = []
    with pytest.raises(StoppedError):
        next(pool.map(called.append, [1, 2]))
    may_end.set()
    for task in waiting:
        task.result(LIMIT_SECONDS)
    pool.submit(called.append, 3).result(LIMIT_SECONDS)
    assert 2 not in called


def test_waiting_for_a_result_can_time_out() -> None:
    never = threading.Event()
    with pytest.raises(TimeoutError):
        ThreadPool(1).submit(never.wait, LIMIT_SECONDS).result(0.2)
    never.set()


def test_a_request_that_stalls_does_not_keep_the_process_alive() -> None:
    program = (
        "import time; from tap_clientsuccess.http.concurrency import ThreadPool; "
        "ThreadPool(1).submit(time.sleep, 600)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], timeout=LIMIT_SECONDS, check=False
    )
    assert ended.returncode == 0


def test_a_throttle_halves_and_recovers_slowly() -> None:
    throttle = Throttle(8)
    everyone = threading.Barrier(2)  # In flight together: counts once.

    def be_refused(_: int) -> None:
        with contextlib.suppress(UnavailableError), throttle.slot():
            everyone.wait(LIMIT_SECONDS)
            raise UnavailableError("too many", status=429)

    list(ThreadPool(2).map(be_refused, range(2)))
    assert most_at_once(throttle, 4) == 4
    for _ in range(3):  # Eight have succeeded there.
        with throttle.slot():
            pass
    assert most_at_once(throttle, 5) == 5


def most_at_once(throttle: Throttle, number: int) -> int:
    """Compete for twice the slots; each holder waits until `number` hold one."""
    everyone = threading.Barrier(number)
    lock = threading.Lock()
    inside = most = 0

    def enter(_: int) -> None:
        nonlocal inside, most
        with throttle.slot():
            with lock:
                inside += 1
                most = max(most, inside)
            everyone.wait(LIMIT_SECONDS)
            with lock:
                inside -= 1

    list(ThreadPool(2 * number).map(enter, range(2 * number)))
    return most
