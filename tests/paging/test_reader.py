"""What a reader sends, and which bookmark that allows."""

from __future__ import annotations

import typing as t
from itertools import count
from types import SimpleNamespace

import pytest
from scripted import moment

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import FAR_FUTURE, Page, Window
from tap_clientsuccess.paging.reader import Reader

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.paging.page import PageRequest


@pytest.mark.parametrize(
    ("everything", "future", "sent"),
    [
        # The server filters, so an edit may be why it returned the old record.
        (9, 0, ["old", "new"]),
        (9, 8, ["old", "new"]),
        (9, 9, ["new"]),
        # It may filter.
        (None, None, ["old", "new"]),
        (9, None, ["old", "new"]),
        (None, 9, ["old", "new"]),
        (9, RefusedError("400"), ["old", "new"]),
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
            SimpleNamespace(key=key, time=moment(time), modified=None)
            for key, time in (("old", 50), ("new", 100))
        ]
        times = [record.time for record in records]
        return Page(0, records, ["old", "new"], times, 2, sent_at=moment(900))

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
