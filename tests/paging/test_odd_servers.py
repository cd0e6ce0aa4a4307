"""Servers that are wrong in two ways at once, and lost a record for it."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, replace
from random import Random

import pytest
from scripted import moment, page
from server_model import DAY, SECOND, ServerModel
from warehouse import Warehouse

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import FAR_FUTURE

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page, PageRequest

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def server_of(records: int, size: int, **how: t.Any) -> ServerModel:
    server = ServerModel(Random(1), size=size, **how)  # noqa: S311
    server.fill(records)
    return server


@dataclass
class CountsAll(ServerModel):
    """A server whose total ignores the filter, though not its hint of the last page."""

    def search(self, request: PageRequest) -> Page:
        return replace(super().search(request), total=len(self.records))


@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (CountsAll, {}),
        # They take a missing time for the first day there is.
        (ServerModel, {"missing_time": EPOCH}),
        (ServerModel, {"missing_time": EPOCH, "filter": "by the day"}),
    ],
)
@pytest.mark.parametrize("records", [5, 6, 20])
@pytest.mark.parametrize("is_resumed", [False, True])
def test_what_has_no_time_is_found_though_counts_are_wrong(
    records: int,
    kind: type[ServerModel],
    how: dict[str, t.Any],
    width: int,
    *,
    is_resumed: bool,
) -> None:
    """Also if all that has a time is on one page, and in a read that goes on."""
    server = kind(Random(1), size=2, undated=4, **how)  # noqa: S311
    server.fill(records)
    warehouse = Warehouse(width=width)
    if is_resumed:
        warehouse.bookmark = server.records[5]["modified"]
    warehouse.sync(server)
    assert warehouse.lacks(server) == []


@dataclass
class CountsTooFew(ServerModel):
    """A server whose total is too low; it calls a page the last by that."""

    def search(self, request: PageRequest) -> Page:
        page = super().search(request)
        total = max(0, (page.total or 0) - 5)
        return replace(page, total=total, last=page.last or total <= len(page.keys))


@pytest.mark.parametrize("width", [1, 8])
def test_a_total_that_is_too_low_does_not_end_a_list_before_what_is_known(
    width: int,
) -> None:
    server = CountsTooFew(Random(1), size=2)  # noqa: S311
    server.fill(12)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize("size", [2, 10])
def test_a_record_from_the_future_does_not_make_the_clock_right(size: int) -> None:
    """The server's clock is ahead, and the bookmark may not be."""
    server = server_of(6, size, clock=600 * SECOND)
    server.records[6]["modified"] = server.now + 100 * DAY
    warehouse = Warehouse()
    warehouse.sync(server)
    server.edit(1)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize(("clock", "newest"), [(30, 20.5), (20, 20), (19, 10), (5, 5)])
def test_the_newest_time_up_to_that_of_a_clock(clock: float, newest: float) -> None:
    """`Date` is in whole seconds, so it may be up to one behind."""
    shown = page(("a", 10), ("b", 20.5), ("c", 100), ("d", None))
    assert shown.newest_until(moment(clock)) == moment(newest)


def test_a_page_of_one_time_does_not_prove_the_order() -> None:
    """The server does not reverse it, and tells no total."""
    server = server_of(7, 2, order="always oldest first", tells_total=False)
    for key in (2, 3, 4):
        server.records[key]["modified"] = server.records[1]["modified"]
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.lacks(server) == []


def test_changes_after_a_page_of_one_time_do_not_refute_the_order() -> None:
    server = server_of(20, 2)
    for key in (17, 18, 19):
        server.records[key]["modified"] = server.records[20]["modified"]

    def edit() -> None:
        if server.requests[-1].newest_first and len(server.requests) < 8:
            server.edit(1)

    server.on_request = edit
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.reader.trusts_times
    assert warehouse.lacks(server) == []


def test_a_server_that_refuses_the_far_future_is_read_all_the_same() -> None:
    """Its hint reckons with another size: so the tap would like to know the surplus."""
    server = server_of(40, 5, hints_at=500)
    warehouse = Warehouse()
    warehouse.sync(server)
    for key in range(1, 12):
        server.edit(key)

    def refuse() -> None:
        if server.requests[-1].after == FAR_FUTURE:
            raise RefusedError("no such time", status=400)

    server.on_request = refuse
    warehouse.sync(server)
    assert warehouse.reader.trusts_times
    assert warehouse.lacks(server) == []
