"""Chains: many ask for pages side by side, and one driver requests them."""

from __future__ import annotations

import typing as t
from contextlib import suppress

import pytest
from scripted import page
from server_model import SECOND

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.chains import run
from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import PageRequest, Window
from tap_clientsuccess.paging.proof import Proof
from tap_clientsuccess.paging.versions import Versions

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_clientsuccess.paging.page import Chain, Page


class Log:
    """Requests pages; writes down what happens, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.in_flight = 0
        self.proof = Proof(Versions(), Window(lookback=60 * SECOND))

    def submit(self, request: PageRequest) -> Callable[[], Page]:
        self.events.append(f"request {request.number}")
        self.in_flight += 1

        def wait() -> Page:
            self.in_flight -= 1
            return page((request.number, 5), number=request.number)

        return wait

    def run(self, chains: Iterable[Chain[None] | None], width: int) -> list[str]:
        for each, records in run(chains, self.submit, lambda: width, self.proof):
            assert self.in_flight <= width
            assert records == [(each.number, 5)]
            self.events.append(f"send {each.number}")
        assert self.in_flight == 0
        return self.events


def asks(*numbers: int, fails: bool = False) -> Chain[None]:
    for number in numbers:
        answer = yield PageRequest(number)
        assert answer.number == number
        assert not answer.records
    if fails:
        raise NotByTimeError


def test_a_page_is_sent_once_what_follows_is_requested() -> None:
    assert Log().run([asks(0, 1, 2)], 1) == [
        *["request 0", "request 1", "send 0"],
        *["request 2", "send 1", "send 2"],
    ]


def test_chains_run_side_by_side() -> None:
    assert Log().run([asks(0, 1), asks(5), asks(8)], 2) == [
        *["request 0", "request 5"],
        *["request 1", "send 0"],
        *["request 8", "send 5"],
        *["send 1", "send 8"],
    ]


def test_a_chain_that_asks_nothing_is_passed_over() -> None:
    assert Log().run([asks(), asks(1)], 1) == ["request 1", "send 1"]
    assert Log().run([], 1) == []


def test_the_next_chain_may_wait_for_a_page() -> None:
    log = Log()

    def chains() -> Iterator[Chain[None] | None]:
        yield asks(0)
        while not log.proof.pages:
            yield None
        yield asks(1)
        yield asks(2)

    assert log.run(chains(), 8) == [
        *["request 0", "request 1", "request 2", "send 0"],
        *["send 1", "send 2"],
    ]


def test_the_next_chain_follows_one_that_was_refused() -> None:
    log = Log()
    submit = log.submit

    def refusing(request: PageRequest) -> Callable[[], Page]:
        wait = submit(request)

        def refuse() -> Page:
            wait()
            raise RefusedError("no")

        return refuse if request.number == 0 else wait

    def gives_up() -> Chain[None]:
        with suppress(RefusedError):
            yield PageRequest(0)

    log.submit = refusing  # type: ignore[method-assign]
    assert log.run([gives_up(), asks(1)], 1) == ["request 0", "request 1", "send 1"]


def test_what_was_taken_is_sent_though_its_chain_fails() -> None:
    log = Log()
    with pytest.raises(NotByTimeError):
        log.run([asks(0, fails=True), asks(5)], 2)
    assert log.events == ["request 0", "request 5", "send 0"]


def test_a_page_is_older_than_those_that_came_since_it_was_requested() -> None:
    """Rule 5: the proof is told how many had come."""
    log, before = Log(), []
    take = log.proof.take

    def taking(page: Page, request: PageRequest, pages_before: int) -> list[t.Any]:
        before.append((request.number, pages_before))
        return take(page, request, pages_before)

    log.proof.take = taking  # type: ignore[method-assign]
    log.run([asks(0, 1), asks(5, 6)], 2)
    assert before == [(0, 0), (5, 0), (1, 1), (6, 2)]
