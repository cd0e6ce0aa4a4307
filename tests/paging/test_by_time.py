"""Reading by time: its requests, and odd servers."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, replace
from random import Random

import pytest
from scripted import moment, page, talk
from server_model import (
    DAY,
    FILTERS,
    HOUR,
    MILLISECOND,
    SECOND,
    START,
    Record,
    ServerModel,
    round_down,
)
from warehouse import Warehouse

from tap_clientsuccess.paging import by_time, groups
from tap_clientsuccess.paging.by_time import TimeReader
from tap_clientsuccess.paging.chains import run
from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import BEGINNING, DAWN, FURTHER_BACK, Window
from tap_clientsuccess.paging.proof import Proof
from tap_clientsuccess.paging.reader import Reader
from tap_clientsuccess.paging.versions import Versions

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.paging.page import Page, PageRequest

WIDTHS = pytest.mark.parametrize("width", [1, 8])


def filled(records: int, size: int, **how: t.Any) -> ServerModel:
    server = ServerModel(Random(1), size=size, **how)  # noqa: S311
    server.fill(records)
    return server


def synced(server: ServerModel, width: int = 1) -> Warehouse:
    """Return a warehouse after a full sync."""
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    server.requests.clear()
    return warehouse


@WIDTHS
@pytest.mark.parametrize("size", [50, 100])
def test_a_quiet_read_needs_few_extra_requests(width: int, size: int) -> None:
    server = filled(200 * size, size)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told
    assert not warehouse.reader.proof.passes
    assert len(server.requests) <= (1.06 if size == 100 else 1.08) * 200
    assert warehouse.records <= 1.01 * len(server.records)


@pytest.mark.parametrize(("width", "requests"), [(1, 6), (8, 6)])
def test_an_incremental_read_ends_with_what_was_there(
    width: int, requests: int
) -> None:
    server = filled(3000, 200)
    warehouse = synced(server, width)
    for key in range(1, 1001):
        server.edit(key)
    server.now += DAY
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    # For five pages: each brings a record of another again.
    assert len(server.requests) == requests
    newest = max(record["modified"] for record in server.records.values())
    assert warehouse.bookmark == newest


def test_an_incremental_read_goes_on_behind_what_the_server_counts() -> None:
    server = filled(1500, 20, most_counted=1000)
    warehouse = synced(server, width=8)
    for key in range(1, 1401):
        server.edit(key)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told


@WIDTHS
def test_a_first_read_ends_with_what_changed_meanwhile(width: int) -> None:
    server = filled(600, 20)

    def change() -> None:
        if len(server.requests) == 10:
            for key in range(1, 101):
                server.edit(key)

    server.on_request = change
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told


def test_a_full_read_ends_with_what_changed_during_the_counts() -> None:
    """Else an activation drops the row of a record that was edited and not sent."""
    server = filled(600, 20)

    def change() -> None:
        if len(server.requests) > 30 and server.requests[-1].is_count:
            server.on_request = lambda: None
            for key in range(1, 101):
                server.edit(key)

    server.on_request = change
    reader = Reader(server.submit, Window(is_place=True), width=lambda: 1)
    rows = {record["id"]: record for batch in reader for record in batch.records}
    assert rows == server.records
    assert reader.proof.verdict.is_complete


def test_the_newest_page_sends_nothing_twice() -> None:
    server = filled(180, 100)
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.records == 180


@WIDTHS
def test_a_sync_of_nothing_new_is_one_request(width: int) -> None:
    server = filled(2000, 50)
    warehouse = synced(server, width)
    server.now += DAY
    warehouse.sync(server)
    assert len(server.requests) == 1


def test_a_sync_of_a_few_changes_is_one_request() -> None:
    server = filled(2000, 50)
    warehouse = synced(server)
    for key in range(10, 20):
        server.edit(key)
    warehouse.sync(server)
    assert len(server.requests) == 1
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize("edits", ["one edit", "all edited"])
def test_a_missing_bookmark_record_makes_the_read_start_earlier(
    edits: str,
) -> None:
    """The record was edited, or a filter by whole days hides it."""
    server = filled(200, 50, filter="exclusive by the day")
    warehouse = synced(server)
    server.now += SECOND
    for key in [200] if edits == "one edit" else range(190, 201):
        server.edit(key)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    first, second = server.requests[:2]
    assert first.after
    assert second.after == first.after - FURTHER_BACK
    assert warehouse.reader.by_time.started_earlier


@WIDTHS
def test_a_killed_first_read_resumes(width: int) -> None:
    server = filled(3000, 10)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    whole, batches = len(server.requests), warehouse.batches
    warehouse = Warehouse(width=width)
    warehouse.sync(server, batches=batches * 8 // 10)
    server.requests.clear()
    warehouse.sync(server)
    assert not warehouse.reader.by_time.started_earlier
    assert len(server.requests) <= whole / 4 + 8  # the counts
    assert warehouse.lacks(server) == []


@WIDTHS
@pytest.mark.parametrize("most_counted", [None, 1000])
def test_no_request_exceeds_the_maximum_depth(
    monkeypatch: pytest.MonkeyPatch, width: int, most_counted: int | None
) -> None:
    """The server fails the test beyond that depth; its total may be capped there."""
    monkeypatch.setattr(by_time, "DEPTH", 1000)
    monkeypatch.setattr(groups, "DEPTH", 1000)
    server = filled(2500, 20, depth=1000, most_counted=most_counted)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told
    assert not warehouse.reader.proof.passes
    # Each section begins where the one before ends.
    assert len(server.requests) <= 1.16 * 125


def test_requests_wait_concurrently() -> None:
    """203 pages with 8 requests in flight: 1.08 times the ideal of 27 round trips."""
    server = filled(203 * 50, 50)
    clock = Clock(server, width=8)
    warehouse = Warehouse(width=8)
    warehouse.sync(t.cast("ServerModel", clock))
    assert warehouse.lacks(server) == []
    assert clock.now <= 1.08 * 27


def test_requests_wait_concurrently_in_a_list_longer_than_the_maximum_depth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each part of a list begins while the one before is read."""
    monkeypatch.setattr(by_time, "DEPTH", 1000)
    server = filled(2500, 20, depth=1000)
    clock = Clock(server, width=8)
    warehouse = Warehouse(width=8)
    warehouse.sync(t.cast("ServerModel", clock))
    assert warehouse.lacks(server) == []
    assert clock.now <= 1.3 * 16


@WIDTHS
@pytest.mark.parametrize("seed", range(8))
def test_a_record_restored_behind_the_reader_is_found(width: int, seed: int) -> None:
    """Nothing asks for its old time again, but the count is one more than was read."""
    server = ServerModel(Random(seed), size=50)  # noqa: S311
    server.fill(1001)
    server.delete(7)

    def change() -> None:
        if len(server.requests) == 12:
            server.restore()
        if [each.size for each in server.requests[-2:-1]] == [1]:
            server.insert()  # Not in the count, but perhaps on the last page.

    server.on_request = change
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.reader.proof.passes
    assert warehouse.lacks(server) == []


@WIDTHS
def test_the_next_page_is_requested_before_a_page_is_processed(width: int) -> None:
    """Details take long: the next page comes meanwhile."""
    server = filled(30, 10)
    submitted: list[PageRequest] = []

    def submit(request: PageRequest) -> Callable[[], Page]:
        submitted.append(request)
        return server.submit(request)

    reader = Reader(submit, Window(), width=lambda: width)
    requested = [len(submitted) for _ in reader]
    assert all(count > number for number, count in enumerate(requested[:3], 1))


class Late(t.NamedTuple):
    """A server of which some answers come late."""

    submit: Callable[[PageRequest], Callable[[], Page]]

    def drop_requests(self) -> None:
        """Forget nothing."""


class Clock:
    """Counts round trips; requests in flight together share one."""

    def __init__(self, server: ServerModel, width: int) -> None:
        self.now = 0
        self._server = server
        self._free = [0] * width

    def submit(self, request: PageRequest) -> Callable[[], Page]:
        self._free.sort()
        end = self._free[0] = max(self.now, self._free[0]) + 1
        wait = self._server.submit(request)

        def at_the_end() -> Page:
            self.now = max(self.now, end)
            return wait()

        return at_the_end


@pytest.mark.parametrize("name", FILTERS)
def test_an_incremental_sync_copes_with_every_filter(name: str) -> None:
    for hour in range(0, 24, 3):
        server = filled(60, 20, filter=name)
        server.now += dt.timedelta(hours=hour)
        warehouse = synced(server)
        server.now += 120 * SECOND
        for key in (3, 60, 7):
            server.edit(key)
        server.now += 120 * SECOND
        warehouse.sync(server)
        assert not warehouse.is_told
        assert warehouse.lacks(server) == [], hour


@pytest.mark.parametrize("hours", [-14, -7, 7, 12])
def test_a_filter_in_another_zone_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    shift = dt.timedelta(hours=hours)
    monkeypatch.setitem(FILTERS, "zone", lambda time, after: time >= after + shift)
    server = filled(60, 20, filter="zone")
    warehouse = synced(server)
    for _ in range(3):
        server.now += dt.timedelta(hours=1)
        server.edit(7)
        server.edit(8)
        warehouse.sync(server)
        assert warehouse.lacks(server) == []


@pytest.mark.parametrize("zone", [-14, 0, 12])
def test_a_filter_by_the_day_in_another_zone_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, zone: int
) -> None:
    """It may hide what was modified in a day and 14 hours after the requested time."""
    shift = dt.timedelta(hours=zone)
    monkeypatch.setitem(
        FILTERS,
        "day in a zone",
        lambda time, after: round_down(time + shift, DAY) > round_down(after, DAY),
    )
    for hour in range(0, 24, 3):
        server = filled(60, 20, filter="day in a zone")
        server.now += dt.timedelta(hours=hour)
        server.edit(1)
        warehouse = synced(server)
        server.now += 120 * SECOND
        server.edit(7)
        server.now += 120 * SECOND
        warehouse.sync(server)
        assert warehouse.is_told or warehouse.lacks(server) == [], hour


@pytest.mark.parametrize("where", ["first", "last", "always last"])
def test_records_without_a_time_are_read(where: str) -> None:
    server = filled(100, 10, undated=3, undated_are=where)
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told


@pytest.mark.parametrize(
    "totals", [{"most_counted": 200}, {"most_counted": 20}, {"tells_total": False}]
)
@WIDTHS
def test_totals_that_do_not_count_everything_are_told(
    width: int, totals: dict[str, t.Any]
) -> None:
    """They cannot tell whether some records have no time."""
    server = filled(300, 10, undated=3, undated_are="always last", **totals)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert (
        warehouse.is_told
        or "does not count" in warehouse.reader.proof.verdict.uncounted
    )
    assert set(warehouse.lacks(server)) <= {1, 2, 3}


@WIDTHS
def test_totals_that_count_everything_leave_no_doubt(width: int) -> None:
    warehouse = Warehouse(width=width)
    warehouse.sync(filled(300, 10))
    assert warehouse.reader.proof.verdict.uncounted == ""


def test_a_first_read_notices_a_restored_record_by_the_count() -> None:
    server = filled(100, 10)
    server.delete(20)

    def restore() -> None:
        if len(server.requests) == 8:
            server.restore()

    server.on_request = restore
    warehouse = Warehouse()
    warehouse.sync(server)
    assert 20 in server.records
    assert warehouse.lacks(server) == []


def test_a_parallel_first_read_notices_a_record_restored_at_its_end() -> None:
    server = filled(100, 10)
    server.delete(20)

    def restore() -> None:
        if server.requests[-1].size == 1 and 20 not in server.records:
            server.restore()

    server.on_request = restore
    warehouse = Warehouse(width=8)
    warehouse.sync(server)
    assert 20 in server.records
    assert warehouse.lacks(server) == []


def test_one_lagging_replica() -> None:
    """Page 0 shows an edit that the next pages do not yet; then a record is deleted."""
    for number in range(1, 12):
        server = filled(40, 5, lag=2 * SECOND)
        server.edit(1)

        def change(server: ServerModel = server, number: int = number) -> None:
            if len(server.requests) == number:
                server.delete(12)

        server.on_request = change
        warehouse = Warehouse()
        warehouse.sync(server)
        server.on_request = lambda: None
        server.now += warehouse.lookback
        warehouse.sync(server)
        assert warehouse.is_told or warehouse.lacks(server) == [], number


@WIDTHS
def test_the_newest_version_of_a_record_is_sent_last(width: int) -> None:
    """One replica shows a recent edit, another does not yet."""
    by_time = 0
    for seed in range(20):
        server = ServerModel(Random(seed), size=10, lag=40 * SECOND)  # noqa: S311
        server.fill(300)
        server.changes_per_read = 0.5
        for key in range(1, 100, 7):
            server.edit(key)
        warehouse = Warehouse(width=width)
        warehouse.sync(server)
        by_time += not warehouse.reader.proof.passes
        assert warehouse.reader.proof.passes or not warehouse.went_back, seed
    assert by_time >= 10


def test_nothing_newer_than_the_servers_clock_moves_the_bookmark() -> None:
    server = filled(100, 10)
    server.records[50]["modified"] = START + 400 * DAY
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert warehouse.bookmark
    assert warehouse.bookmark <= server.now


def test_more_records_of_one_time_than_the_maximum_depth_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "DEPTH", 100)
    server = ServerModel(Random(1), size=10, is_shallow=False)  # noqa: S311
    server.fill(300, tied=200)
    warehouse = Warehouse()
    warehouse.sync(server)
    assert not warehouse.reader.trusts_times
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize("is_final", [False, True])
def test_what_is_in_doubt_moves_no_bookmark(*, is_final: bool) -> None:
    server = filled(100, 10)
    proof = Proof(Versions(), Window(lookback=60 * SECOND))
    reader = TimeReader(Window(), proof, lambda: 1)
    for phase in reader.phases():
        for _ in run(phase, server.submit, lambda: 1, proof):
            pass
    assert reader.bookmark(is_final=is_final)
    proof.doubt = "records of one time changed during several reads"
    assert reader.bookmark(is_final=is_final) is None


def test_an_empty_search() -> None:
    warehouse = Warehouse()
    warehouse.sync(ServerModel(Random(1)))  # noqa: S311
    assert warehouse.bookmark is None
    assert warehouse.reader.proof.verdict.is_complete


@pytest.mark.parametrize(
    ("records", "width", "requests"),
    [
        (9, 1, 1),
        (10, 1, 1),
        # Besides the pages: three counts, the newest page, what changed, two counts;
        # and each page begins with the last record of the one before.
        (100, 1, 10 + 8),
        (400, 1, 40 + 11),
        (10, 8, 1),
        (100, 8, 10 + 9),
        (400, 8, 40 + 16),
    ],
)
def test_the_requests_of_a_quiet_first_read(
    records: int, width: int, requests: int
) -> None:
    server = filled(records, 10)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert len(server.requests) == requests
    assert not warehouse.reader.by_time.started_earlier


def in_the_end(server: ServerModel, *changes: Callable[[], t.Any]) -> None:
    """Change a server before it answers the last count, and each request after it."""
    waiting = list(changes)

    def change() -> None:
        is_end = server.requests[-1].is_count and len(server.requests) > 5
        if waiting and (is_end or len(waiting) < len(changes)):
            waiting.pop(0)()

    server.on_request = change


def test_what_was_counted_and_then_deleted_is_not_looked_for() -> None:
    server = filled(100, 10)
    server.delete(20)
    in_the_end(server, server.restore, lambda: server.delete(20))
    warehouse = Warehouse()
    warehouse.sync(server)
    assert not warehouse.reader.proof.passes
    assert not warehouse.is_told
    assert 20 not in server.records


@WIDTHS
def test_many_changes_before_the_last_count_are_read_by_time(width: int) -> None:
    server = filled(100, 10)

    def insert() -> None:
        for _ in range(35):
            server.insert()

    in_the_end(server, insert)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert not warehouse.reader.proof.passes
    assert not warehouse.is_told
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize(("batches", "moves"), [(7, False), (12, True)])
def test_a_few_records_in_order_do_not_move_the_bookmark(
    batches: int, *, moves: bool
) -> None:
    """They may be in order by chance; the read may be killed before that shows."""
    server = filled(200, 4)
    warehouse = Warehouse()
    warehouse.sync(server, batches=batches)
    assert (warehouse.bookmark is not None) is moves


@WIDTHS
@pytest.mark.parametrize("undated", [10, 25])
@pytest.mark.parametrize("where", ["first", "last", "always last"])
def test_pages_of_records_without_a_time_do_not_stop_the_read_by_time(
    where: str, undated: int, width: int
) -> None:
    """Where they stand in the way, a filter hides them. Then they are read by number.

    They come first in one order or the other, or last.
    """
    server = filled(100, 10, undated=undated, undated_are=where)
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told
    assert "no modification time" in warehouse.reader.why_again
    assert warehouse.reader.trusts_times


@WIDTHS
@pytest.mark.parametrize("pages", [60, 100], ids=["", "a round total"])
def test_records_of_one_time_cost_two_requests_a_page(width: int, pages: int) -> None:
    """An import gives all of them one time."""
    server = filled(10 * pages, 10, ticks=(0.0,))
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told
    assert not warehouse.reader.proof.passes
    assert len(server.requests) <= 2.2 * pages


def test_the_bookmark_is_not_later_than_what_was_known_at_the_beginning() -> None:
    """Rule 6: a later change may hide one that a replica does not show yet."""
    server = filled(300, 10, clock=600 * SECOND)
    warehouse = synced(server)
    for key in range(1, 60):
        server.edit(key)
    known = []

    def change() -> None:
        if server.requests[-1].newest_first:
            known.append(max(record["modified"] for record in server.records.values()))
            server.on_request = change_all_of_the_newest_page

    def change_all_of_the_newest_page() -> None:
        for key in range(50, 60):
            server.delete(key)
        server.insert()
        server.on_request = lambda: None

    server.on_request = change
    warehouse.sync(server)
    assert not warehouse.reader.proof.passes
    assert warehouse.lacks(server) == []
    assert [warehouse.bookmark] == known


@WIDTHS
def test_places_may_be_reckoned_from_the_size_that_was_asked_for(width: int) -> None:
    """Rule 4: the server caps a page at 20, and page 1 begins behind 50 records."""
    for is_by_number in (False, True):
        server = ServerModel(Random(1), size=20, places_at=50)  # noqa: S311
        server.fill(300, tied=90)
        warehouse = Warehouse(width=width)
        warehouse.sync(server, by_time=not is_by_number)
        assert warehouse.lacks(server) == []
        assert not warehouse.is_told
        assert bool(warehouse.reader.proof.passes) is is_by_number


@WIDTHS
def test_a_first_page_of_placeholders_is_read(width: int) -> None:
    """The least time that there is, which sorts first."""
    server = filled(60, 5)
    for key in range(1, 8):
        server.records[key]["modified"] = BEGINNING
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize(
    "told", [{"tells_total": False}, {"total_heeds_filter": False}]
)
def test_a_page_of_one_time_that_is_called_the_last_need_not_be(
    told: dict[str, t.Any],
) -> None:
    """Rule 4: no total says that more follow, and the same page comes again."""
    server = filled(12, 5, hints_at=50, **told)
    warehouse = synced(server)
    server.edit(1)
    for key in range(2, 8):
        server.records[key] = Record(id=key, version=2, modified=server.now)
    for _ in range(3):
        server.now += HOUR
        server.edit(9)
        server.now += HOUR
        warehouse.sync(server)
    assert warehouse.lacks(server) == []


def test_what_slid_onto_the_last_page_of_a_group_is_not_covered() -> None:
    """All of the group that was on it left: others may have slid past it."""
    records = [(key, 5) for key in "abcde"] + [(key, 7) for key in "xyz"]

    def answer(request: PageRequest) -> Page:
        place = 2 * request.number
        if request.number == 2 and records[4][0] == "e":
            records.pop(4)
        return page(*records[place : place + 2], total=9, number=request.number)

    reader = TimeReader(Window(), Proof(Versions(), Window()), lambda: 1)
    read = talk(reader._read_from(moment(5)), answer)  # noqa: SLF001
    assert read[1][1] == moment(5) + MILLISECOND


def test_what_came_before_the_newest_page_was_answered_is_read() -> None:
    """Rule 6: the page that ends the list was answered before, by a clock far ahead."""
    server = filled(35, 20, clock=9000 * SECOND)
    warehouse = Warehouse(width=4)

    def submit(request: PageRequest) -> Callable[[], Page]:
        if not request.newest_first:
            page = server.search(request)
            return lambda: page

        def answer_late() -> Page:
            for key in range(1, 11):
                server.edit(key)
            server.now += 600 * SECOND
            for key in range(11, 31):
                server.edit(key)
            return server.search(request)

        return answer_late

    warehouse.sync(t.cast("ServerModel", Late(submit)))
    warehouse.sync(server)
    assert warehouse.lacks(server) == []


@pytest.mark.parametrize("asked", [1, 4])
def test_the_border_shows_what_the_filter_hides(asked: int) -> None:
    """No count tells: it is the border behind the first page, or a later one."""
    server = filled(55, 10, tells_total=False)

    def change() -> None:
        if len(server.requests) > asked:
            server.filter = "zone ahead"

    server.on_request = change
    warehouse = Warehouse()
    warehouse.sync(server)
    assert not warehouse.reader.trusts_times
    assert warehouse.lacks(server) == []


@WIDTHS
def test_a_time_before_1970_is_found_with_what_has_none(width: int) -> None:
    """What has no time fills the first page; the filter that hides it hides this."""
    server = ServerModel(Random(1), size=5, undated=10)  # noqa: S311
    server.fill(60)
    server.records[30]["modified"] = DAWN - SECOND
    warehouse = Warehouse(width=width)
    warehouse.sync(server)
    assert server.requests[1].after == DAWN
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told


def test_the_newest_page_has_to_be_newer_than_the_first() -> None:
    def submit(request: PageRequest) -> Callable[[], Page]:
        times = (40, 30) if request.newest_first else (50, 60)
        return lambda: page(*enumerate(times), last=False)

    proof = Proof(Versions(), Window(lookback=SECOND))
    phases = TimeReader(Window(), proof, lambda: 1).phases()
    with pytest.raises(NotByTimeError, match="does not sort"):
        list(run(next(phases), submit, lambda: 1, proof))


def test_the_newest_page_has_to_be_sorted() -> None:
    def submit(request: PageRequest) -> Callable[[], Page]:
        times = (70, 90, 80) if request.newest_first else (50, 60)
        return lambda: page(*enumerate(times), last=False)

    proof = Proof(Versions(), Window(lookback=SECOND))
    phases = TimeReader(Window(), proof, lambda: 1).phases()
    with pytest.raises(NotByTimeError, match="does not sort"):
        list(run(next(phases), submit, lambda: 1, proof))


@pytest.mark.parametrize("older", [0, 1, 2])
def test_a_first_page_of_mostly_one_time_gives_no_seeds(older: int) -> None:
    """Pages by number would be smaller by all of that time."""
    server = filled(100, 10)
    for key in range(older + 1, 41):
        server.records[key]["modified"] = server.records[41]["modified"]
    warehouse = Warehouse(width=8)
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.reader.proof.passes
    assert {request.size for request in server.requests if request.size} <= {1, 10}


@dataclass
class Miscounting(ServerModel):
    """A server whose totals are wrong where it filters."""

    too_many: int | None = None
    """None counts all records, though not in the hints."""

    def search(self, request: PageRequest) -> Page:
        found = super().search(request)
        if not request.after:
            return found
        if self.too_many is None:
            return replace(found, total=len(self.records))
        return replace(found, total=found.total and found.total + self.too_many)


def miscounted(size: int, edits: int, too_many: int | None) -> tuple[t.Any, t.Any]:
    """Return such a server, and a warehouse after an incremental sync of edits."""
    server = Miscounting(Random(1), size=size, too_many=0)  # noqa: S311
    server.fill(100)
    warehouse = synced(server)
    for key in range(1, edits + 1):
        server.edit(key)
    server.too_many = too_many
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    return server, warehouse


def test_a_total_that_does_not_heed_the_filter_is_known_by_time() -> None:
    server, warehouse = miscounted(50, 5, None)
    assert len(server.requests) == 3
    assert not warehouse.is_told


@pytest.mark.parametrize(
    ("too_many", "is_by_number"), [(0, False), (1, True), (None, False)]
)
def test_an_incremental_read_looks_for_what_was_counted_and_did_not_come(
    too_many: int | None, *, is_by_number: bool
) -> None:
    """Not for what a filter by a time in the future counts as well."""
    _, warehouse = miscounted(10, 25, too_many)
    assert bool(warehouse.reader.proof.passes) is is_by_number


def test_what_one_reader_passes_over_the_next_one_sends() -> None:
    """A filter by the day brings what is older than wanted, which is not sent."""
    server = ServerModel(Random(1), filter="by the day")  # noqa: S311
    server.fill(30)
    for key in range(1, 8):
        server.edit(key)
    time = server.records[7]["modified"]
    news = Reader(server.submit, Window(time, wants_undated=False), width=lambda: 1)
    assert [r["id"] for batch in news for r in batch.records] == [7]
    rest = Reader(server.submit, Window(), width=lambda: 1, versions=news.versions)
    assert sorted(r["id"] for batch in rest for r in batch.records) == [
        key for key in server.records if key != 7
    ]
