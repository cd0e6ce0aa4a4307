"""Reading by number: what a count proves, and what it does not."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_model import START, Record, ServerModel
from warehouse import Warehouse

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging import by_number
from tap_clientsuccess.paging.page import DEPTH, Page, Window
from tap_clientsuccess.paging.proof import PASSES
from tap_clientsuccess.paging.reader import Reader

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.paging.page import PageRequest

WIDTHS = pytest.mark.parametrize("width", [1, 4])


def read(
    answer: Callable[[int], Page], width: int = 1
) -> tuple[Reader, list[t.Any], int]:
    """Return the finished reader, the keys it read, and its requests."""
    requests: list[PageRequest] = []

    def submit(request: PageRequest) -> Callable[[], Page]:
        requests.append(request)
        return lambda: answer(request.number)

    reader = Reader(submit, Window(), width=lambda: width, by_time=False)
    keys = [key for batch in reader for key in batch.page.keys]
    return reader, keys, len(requests)


def page(number: int, keys: range | list[t.Any], **told: t.Any) -> Page:
    times = [None] * len(keys)
    records = [Record(id=key, modified=None) for key in keys]
    return Page(number, records, list(keys), times, sent_at=START, **told)


def pages_of(count: int, size: int = 10, **told: t.Any) -> Callable[[int], Page]:
    pages = -(-count // size)
    told = {"total": count, "size": size} | told
    return lambda k: page(
        k, range(k * size, min(count, (k + 1) * size)), last=k >= pages - 1, **told
    )


@WIDTHS
def test_a_quiet_read_requests_every_page_once(width: int) -> None:
    reader, keys, requests = read(pages_of(95), width)
    assert keys == list(range(95))
    assert requests == 10
    assert reader.proof.verdict.is_complete


def test_after_an_empty_page_the_usual_size_is_asked_for() -> None:
    """The server counts pages from 1: it has none of number 0."""
    sizes = []

    def submit(request: PageRequest) -> Callable[[], Page]:
        sizes.append(request.size)
        end = min(30, request.number * 10)
        keys = range(max(0, request.number * 10 - 10), end)
        return lambda: page(request.number, keys, total=30)

    reader = Reader(submit, Window(), width=lambda: 1, by_time=False)
    assert {key for batch in reader for key in batch.page.keys} == set(range(30))
    assert set(sizes) == {None}


def test_an_undisclosed_cap_of_the_page_size_is_noticed() -> None:
    reader, keys, _ = read(
        lambda k: page(k, range(k * 50, k * 50 + 50), total=200, size=200)
    )
    assert sorted(set(keys)) == list(range(200))
    assert reader.proof.verdict.is_complete


def test_without_totals_it_reads_until_a_page_is_empty() -> None:
    reader, keys, requests = read(
        lambda k: page(k, range(k * 2, min(5, k * 2 + 2))) if k < 3 else page(k, [])
    )
    assert keys == [0, 1, 2, 3, 4]
    assert requests == 4
    assert reader.proof.verdict.is_complete


def test_an_empty_page_behind_the_last_need_not_be_called_the_last() -> None:
    pages = pages_of(1000, size=100)
    reader, keys, _ = read(
        lambda k: pages(k) if k < 10 else page(k, [], total=1000, size=100, last=False)
    )
    assert keys == list(range(1000))
    assert reader.proof.verdict.is_complete


def test_without_totals_a_page_repeated_after_the_last_ends_the_list() -> None:
    """Some servers answer a page number that is too large with the last page."""
    reader, keys, requests = read(
        lambda k: page(k, range(min(k, 2) * 5, min(k, 2) * 5 + 5), last=k >= 2)
    )
    assert sorted(set(keys)) == list(range(15))
    assert requests == 4
    assert reader.proof.verdict.is_complete


@WIDTHS
@pytest.mark.parametrize("last", [False, True])
def test_a_server_that_repeats_a_page_is_reported(width: int, *, last: bool) -> None:
    reader, keys, requests = read(
        lambda k: page(k, range(10), total=1000, size=10, last=last), width
    )
    assert set(keys) == set(range(10))
    assert not reader.proof.verdict.is_complete
    assert not reader.proof.verdict.is_accepted
    assert reader.proof.verdict.missing == 990
    # The second page ends each pass.
    assert requests == PASSES * (width + 1)


@pytest.mark.parametrize("too_many", [5, 50])
def test_three_quiet_reads_with_the_same_shortfall_are_accepted(
    too_many: int,
) -> None:
    """Otherwise some servers would be read again and again, for ever."""
    server = ServerModel(Random(1), order="by name", size=10)  # noqa: S311
    server.fill(95)
    requests = []

    def submit(request: PageRequest) -> Callable[[], Page]:
        requests.append(request)
        found = server.search(request)
        return lambda: Page(
            number=found.number,
            records=found.records,
            keys=found.keys,
            times=found.times,
            total=(found.total or 0) + too_many,
            size=found.size,
            last=found.last,
            sent_at=found.sent_at,
        )

    reader = Reader(submit, Window(), width=lambda: 1, by_time=False)
    assert len({key for batch in reader for key in batch.page.keys}) == 95
    assert reader.proof.verdict.missing == too_many
    assert reader.bookmark
    assert reader.bookmark > START
    assert len(requests) == PASSES * 11  # one more, as the total says so


@WIDTHS
def test_a_round_total_may_be_capped_whatever_size_the_server_names(width: int) -> None:
    """It sends 100 records a page, and reckons with the 500 that were requested."""
    told = {"total": 5000, "size": 500}
    _, keys, _ = read(
        lambda k: page(
            k, range(k * 100, k * 100 + 100 * (k < 60)), last=k >= 9, **told
        ),
        width,
    )
    assert set(keys) == set(range(6000))


def test_a_capped_total_proves_nothing() -> None:
    reader, _, _ = read(pages_of(DEPTH, size=500))
    assert reader.proof.verdict.why
    assert not reader.proof.verdict.missing
    assert reader.bookmark is None


@pytest.mark.parametrize("total", [0, 50])
def test_a_delete_is_noticed_though_the_total_is_too_small(total: int) -> None:
    ids, asked = list(range(80)), []

    def answer(number: int) -> Page:
        asked.append(number)
        if len(asked) == 2:
            ids.remove(3)  # All behind it move to the page before.
        part = ids[number * 10 : number * 10 + 10]
        is_last = number * 10 + 10 >= len(ids)
        return page(number, part, total=total, size=10, last=is_last)

    reader, keys, _ = read(answer)
    assert set(keys) == set(range(80))
    assert reader.proof.verdict.why
    assert not reader.proof.verdict.missing
    reader, keys, _ = read(answer)
    assert reader.proof.verdict.is_complete


@pytest.mark.parametrize("size", [1, 7])
def test_pages_of_any_size_are_read(size: int) -> None:
    answer = pages_of(3 * size, size)
    # The total is all that says how many pages there are.
    reader, keys, requests = read(lambda k: replace(answer(k), last=None))
    assert keys == list(range(3 * size))
    assert requests == 3
    assert reader.proof.verdict.is_complete


@pytest.mark.parametrize(
    ("hints", "requests"),
    [({}, 4), ({"last": None}, 4), ({"total": 15, "last": None}, 3)],
)
def test_it_ends_with_the_total_or_where_nothing_new_comes(
    hints: dict[str, t.Any], requests: int
) -> None:
    """Without a total, hints alone end nothing: another page is asked for."""
    told = {"total": None, "size": None} | hints
    answer = pages_of(15, 5)

    def telling(number: int) -> Page:
        return replace(answer(number), **told)

    reader, keys, asked = read(telling)
    assert keys == list(range(15))
    assert asked == requests
    assert reader.proof.verdict.is_complete


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize(("depth", "is_read"), [(40, True), (41, False)])
def test_a_refusal_ends_the_list_only_where_servers_read_no_deeper(
    monkeypatch: pytest.MonkeyPatch, width: int, depth: int, *, is_read: bool
) -> None:
    monkeypatch.setattr(by_number, "DEPTH", depth)
    answer = pages_of(60)

    def refusing(number: int) -> Page:
        if number >= 4:
            raise RefusedError("refused")
        return answer(number)

    if is_read:
        reader, keys, _ = read(refusing, width)
        assert set(keys) == set(range(40))
        assert not reader.proof.verdict.is_complete
    else:
        with pytest.raises(RefusedError):
            read(refusing, width)


@pytest.mark.parametrize("width", [1, 4, 8])
def test_requests_by_number_wait_concurrently(width: int) -> None:
    """All but the first, which tells how many there are."""
    in_flight: list[int] = []
    together: list[int] = []
    answer = pages_of(400)

    def submit(request: PageRequest) -> Callable[[], Page]:
        in_flight.append(request.number)

        def wait() -> Page:
            together.append(len(in_flight))
            in_flight.remove(request.number)
            return answer(request.number)

        return wait

    reader = Reader(submit, Window(), width=lambda: width, by_time=False)
    assert len(list(reader)) == 40
    assert together == [1, *[width] * (40 - width), *range(width - 1, 0, -1)]


@pytest.mark.parametrize("deletes", [[0], [3], [3, 17, 25], [35, 36, 37]])
def test_the_pages_before_a_delete_are_read_again(deletes: list[int]) -> None:
    """As many as the records that are gone may have moved over."""
    ids, asked = list(range(80)), []

    def answer(number: int) -> Page:
        asked.append(number)
        if len(asked) == 5:
            for key in deletes:
                ids.remove(key)
        part = ids[number * 10 : number * 10 + 10]
        return page(number, part, total=len(ids), size=10)

    reader, keys, _ = read(answer)
    assert set(keys) == set(range(80))
    assert asked[:9] == [0, 1, 2, 3, 4, 3, 5, 6, 7]
    assert reader.proof.verdict.is_complete


def test_a_delete_on_the_first_pages_is_no_reason_to_read_before_them() -> None:
    ids, asked = list(range(30)), []

    def answer(number: int) -> Page:
        asked.append(number)
        if len(asked) == 2:
            del ids[:15]
        part = ids[number * 10 : number * 10 + 10]
        return page(number, part, total=len(ids), size=10)

    read(answer)
    assert min(asked) == 0
    assert asked[:3] == [0, 1, 0]


@given(st.lists(st.integers(0, 500), min_size=1), st.sampled_from([1, 4]))
@settings(max_examples=50, deadline=None)
def test_it_terminates_whatever_the_totals_are(totals: list[int], width: int) -> None:
    calls = 0

    def answer(k: int) -> Page:
        nonlocal calls
        calls += 1
        return pages_of(100, total=totals[calls % len(totals)])(k)

    reader, keys, requests = read(answer, width)
    is_complete = reader.proof.verdict.is_complete
    assert set(keys) == set(range(100)) or not is_complete
    assert requests <= PASSES * (3 * 11 + 20 + width)


def test_records_without_a_key_are_counted() -> None:
    reader, _, requests = read(lambda _: page(0, [1, None, None], total=3, size=10))
    assert reader.proof.verdict.is_complete
    assert requests == 1


def test_records_without_keys_are_not_read_again() -> None:
    """Without keys, repeated records look like new ones."""
    reader, _, requests = read(lambda k: page(k, [1, None], total=3, last=True))
    assert reader.proof.verdict.missing
    assert requests == 2


def test_after_a_delete_it_steps_back() -> None:
    """By one page, not to the beginning."""
    server = ServerModel(Random(1), size=10)  # noqa: S311
    server.fill(200)

    def delete() -> None:
        if len(server.requests) == 15:
            server.delete(195)

    server.on_request = delete
    warehouse = Warehouse()
    warehouse.sync(server, by_time=False)
    assert warehouse.lacks(server) == []
    assert len(server.requests) <= 22


@WIDTHS
@pytest.mark.parametrize("order", ["time", "by id", "by name"])
def test_deletes_during_the_read_hide_nothing(order: str, width: int) -> None:
    """A delete moves other records to pages already read."""
    for moment in range(1, 9):
        server = ServerModel(Random(moment), order=order, size=10)  # noqa: S311
        server.fill(80)

        def change(server: ServerModel = server, moment: int = moment) -> None:
            if len(server.requests) == moment:
                for key in (75, 40, 5):
                    server.delete(key)

        server.on_request = change
        warehouse = Warehouse(width=width)
        warehouse.sync(server, by_time=False)
        assert warehouse.lacks(server) == []
        assert not warehouse.is_told


@WIDTHS
def test_a_delete_and_an_insert_that_cancel_out_in_the_total(width: int) -> None:
    """The total is unchanged, but one record moved past the reader."""
    for moment in range(1, 9):
        server = ServerModel(Random(moment), order="by id", size=10)  # noqa: S311
        server.fill(80)

        def change(server: ServerModel = server, moment: int = moment) -> None:
            if len(server.requests) == moment:
                server.delete(3)
                server.insert()

        server.on_request = change
        warehouse = Warehouse(width=width)
        warehouse.sync(server, by_time=False)
        assert warehouse.is_told or warehouse.lacks(server) == []


def test_a_page_without_keys_that_is_repeated_ends_the_read() -> None:
    reader, _, requests = read(lambda k: page(k, [None] * 10, last=False))
    assert not reader.proof.verdict.is_complete
    assert requests < 10


@pytest.mark.parametrize("total", [None, 35])
def test_without_totals_nothing_is_known_to_be_gone(total: int | None) -> None:
    reader, keys, _ = read(pages_of(35, total=total))
    assert keys == [*range(35)]
    assert bool(reader.proof.verdict.uncounted) is (total is None)


def test_what_has_no_time_is_counted_again_after_each_pass() -> None:
    """One is deleted before it comes."""
    server = ServerModel(Random(1), size=10, undated=3, undated_are="always last")  # noqa: S311
    server.fill(100)

    def change() -> None:
        # By number, newest first: what has no time comes last.
        request = server.requests[-1]
        if request.newest_first and request.number == 5:
            server.on_request = lambda: None
            server.delete(1)

    server.on_request = change
    warehouse = Warehouse()
    warehouse.sync(server)
    assert warehouse.lacks(server) == []
    assert not warehouse.is_told
    assert 1 not in warehouse.rows


def test_a_read_without_totals_says_that_some_may_be_missing() -> None:
    """A delete between two pages goes unnoticed."""
    for wants_undated in (True, False):
        window = Window(START, wants_undated=wants_undated)
        reader = Reader(
            lambda request: lambda: page(request.number, [7] * (not request.number)),
            window,
            width=lambda: 1,
            by_time=False,
        )
        assert [record.key for batch in reader for record in batch.records] == [7]
        verdict = reader.proof.verdict
        assert verdict.is_complete
        assert "some may be missing" in verdict.uncounted
