"""What a reader sends, and which bookmark that allows."""

from __future__ import annotations

import typing as t
from itertools import count
from random import Random
from types import SimpleNamespace

import pytest
from scripted import at, moment
from server_model import ServerModel
from warehouse import Warehouse

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import (
    DAWN,
    FAR_FUTURE,
    FURTHER_BACK,
    Page,
    Window,
)
from tap_clientsuccess.paging.reader import Reader

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from tap_clientsuccess.paging.page import PageRequest


@pytest.mark.parametrize(
    ("everything", "future", "sent"),
    [
        # The server filters, so an edit may be why it returned the old record.
        (9, 0, ["undated", "old", "new"]),
        (9, 8, ["undated", "old", "new"]),
        (9, 9, ["undated", "new"]),
        # It may filter.
        (None, None, ["undated", "old", "new"]),
        (9, None, ["undated", "old", "new"]),
        (None, 9, ["undated", "old", "new"]),
        (9, RefusedError("400"), ["undated", "old", "new"]),
    ],
)
def test_a_record_that_shows_only_its_creation_is_sent_if_the_server_filters(
    everything: int | None, future: int | RefusedError | None, sent: list[str]
) -> None:
    def submit(request: PageRequest) -> Callable[[], Page]:
        return lambda: answer(request)

    def answer(request: PageRequest) -> Page:
        if request.is_count:
            total = future if request.after == FAR_FUTURE else everything
            if isinstance(total, RefusedError):
                raise total
            return Page(0, [], [], [], total, sent_at=moment(900))
        records = [
            SimpleNamespace(key=key, time=at(time), modified=None)
            for key, time in (("undated", None), ("old", 50), ("new", 100))
        ]
        keys = [record.key for record in records]
        times = [record.time for record in records]
        return Page(0, records, keys, times, 3, sent_at=moment(900))

    window = Window(moment(100), wants_undated=False)
    reader = Reader(submit, window, width=lambda: 1)
    assert [record.key for batch in reader for record in batch.records] == sent


@pytest.mark.parametrize("changes", [False, True])
def test_an_unfinished_read_by_number_allows_no_bookmark(*, changes: bool) -> None:
    totals = count(3)

    def submit(request: PageRequest) -> Callable[[], Page]:
        times = [moment(20), moment(10)] if request.number == 0 else []
        keys = ["b", "a"][: len(times)]
        records = [SimpleNamespace(key=key, time=moment(20)) for key in keys]
        total, number = next(totals) if changes else 2, request.number
        return lambda: Page(number, records, keys, times, total, sent_at=moment(900))

    reader = Reader(submit, Window(), width=lambda: 1, by_time=False)
    assert len(list(reader)) == reader.proof.pages
    assert reader.proof.verdict.is_unfinished is changes
    assert reader.bookmark == (None if changes else moment(20))
    assert reader.passes == len(reader.proof.passes)


@pytest.mark.parametrize(
    ("window", "after"),
    [
        (Window(), None),
        # It would hide what has no time.
        (Window(None, moment(100)), None),
        (Window(moment(100), wants_undated=False), moment(100) - FURTHER_BACK),
        (Window(wants_undated=False), None),
    ],
)
def test_by_number_it_filters_where_nothing_without_a_time_is_wanted(
    window: Window, after: dt.datetime | None
) -> None:
    requests: list[PageRequest] = []

    def submit(request: PageRequest) -> Callable[[], Page]:
        requests.append(request)
        return lambda: Page(request.number, [], [], [], 0, sent_at=moment(900))

    list(Reader(submit, window, width=lambda: 1, by_time=False))
    assert [request.after for request in requests] == [after]


def test_records_without_a_time_are_counted_apart_from_a_read() -> None:
    totals = {None: 10, DAWN: 7, FAR_FUTURE: 0}

    def submit(request: PageRequest) -> Callable[[], Page]:
        total = totals[request.after]
        return lambda: Page(0, [], [], [], total, sent_at=moment(900))

    reader = Reader(submit, Window(), width=lambda: 1)
    assert reader.count_undated() == 3
    assert reader.proof.undated.total is None


def test_a_read_by_number_for_what_has_no_time_sends_what_came_since() -> None:
    server = ServerModel(Random(1), size=10, undated=3, undated_are="always last")  # noqa: S311
    server.fill(100)

    def change() -> None:
        request = server.requests[-1]
        if request.newest_first and not request.after:  # By number.
            server.on_request = lambda: None
            server.edit(50)

    server.on_request = change
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.reader.proof.passes
    # Nothing else is sent again.
    assert warehouse.records <= 100 + 1 + 10
    assert warehouse.lacks(server) == []
