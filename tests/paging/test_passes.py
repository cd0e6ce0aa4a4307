"""Reading by number: what proves that a pass is complete."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from scripted import at, moment, page
from server_model import SECOND

from tap_clientsuccess.paging import passes
from tap_clientsuccess.paging.page import DEPTH, Page
from tap_clientsuccess.paging.passes import Pass


def read(*pages: Page, before: str = "", known: float | None = None) -> Pass:
    """Return a pass of these pages.

    Args:
        pages: The pages.
        before: Keys that were sent before it.
        known: The newest time that was known.
    """
    this = Pass(at(known))
    sent: set[t.Any] = set(before)
    for each in pages:
        this.add(each, set(each.keys) - sent)
        sent |= set(each.keys)
    this.has_ended = True
    return this


def of(
    total: int | None, *records: tuple[t.Any, float | None], asked: float = 45
) -> Page:
    return page(*records, total=total, asked=asked)


NEWEST_FIRST = of(4, ("d", 40), ("c", 30))


@pytest.mark.parametrize(
    ("pages", "is_complete"),
    [
        ([of(2, ("b", 20), ("a", 10))], True),
        ([NEWEST_FIRST, of(4, ("b", 20), ("a", 10))], True),
        ([NEWEST_FIRST, of(4, ("b", 20))], False),
        ([NEWEST_FIRST, of(4, ("c", 30), ("a", 10))], False),
        # All on the first page existed, whatever their times.
        ([of(3, ("c", 30), ("b", None), ("a", 10))], True),
        ([of(3, ("a", 10), ("c", 30)), of(3, ("b", 20))], True),
        # One was deleted, and one inserted, which does not stand for it.
        ([NEWEST_FIRST, of(4, ("new", 46), ("a", 10))], False),
        # One was inserted, and all that existed came.
        ([NEWEST_FIRST, of(5, ("new", 46), ("b", 20)), of(5, ("a", 10))], True),
        # One was deleted once it had come.
        ([NEWEST_FIRST, of(3, ("b", 20), ("a", 10))], True),
        # It has the time of the newest that was known.
        ([NEWEST_FIRST, of(4, ("b", 40), ("a", 10))], True),
        # Without keys every record counts.
        ([of(3, (None, None), (None, None)), of(3, (None, None))], True),
        ([of(3, (None, None), (None, None))], False),
        # No records, no total, a total that is wrong.
        ([of(0)], True),
        ([of(None)], True),
        ([of(0), of(None)], True),
        ([of(5)], False),
        ([of(5), of(0)], False),
        ([of(None, ("b", 20)), of(None, ("a", 10))], True),
        ([of(2, ("b", 20)), of(None, ("a", 10))], True),
        ([of(3, ("b", 20)), of(None, ("a", 10))], False),
        ([of(None, ("b", 20)), of(2, ("a", 10))], False),
        ([of(0, ("a", 10))], False),
        ([of(0), of(1, ("new", 46))], True),
        ([of(1, ("b", 20), ("a", 10))], False),
        ([of(3, ("b", 20), ("a", 10))], False),
    ],
)
def test_all_that_existed_when_it_began_came(
    pages: list[Page], *, is_complete: bool
) -> None:
    this = read(*pages)
    assert this.is_complete is is_complete
    this.has_ended = False
    assert not this.is_complete


def test_the_most_that_the_server_counts_proves_nothing() -> None:
    records = [(number, DEPTH - number) for number in range(DEPTH)]
    assert not read(of(DEPTH, *records)).is_complete
    assert not read(of(DEPTH, *records)).is_quiet
    assert read(of(DEPTH - 1, *records[1:])).is_complete


def test_a_round_total_below_what_came_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server may count no further, so that as many as it counts may be others."""
    monkeypatch.setattr(passes, "ROUND", 2)
    first, second = of(2, ("new", 40)), of(2, ("new", 40), ("b", 30), ("a", 20))
    for total, is_complete in ((2, False), (3, True)):
        pages = (replace(first, total=total), replace(second, total=total))
        assert read(*pages).is_complete is is_complete


@pytest.mark.parametrize(("places", "is_complete"), [(1, True), (2, False)])
def test_nor_does_a_round_total_that_pages_exceed_with_records_that_came_again(
    monkeypatch: pytest.MonkeyPatch, places: int, *, is_complete: bool
) -> None:
    monkeypatch.setattr(passes, "ROUND", 2)
    first = of(2, ("b", 30))
    repeated = replace(of(2, *[("b", 30)] * (places - 1), ("a", 20)), number=1)
    assert read(first, repeated, known=40).is_complete is is_complete


@pytest.mark.parametrize("key", ["new", None])
def test_a_newcomer_does_not_stand_for_one_that_moved(key: str | None) -> None:
    """Nor one without a key."""
    first = of(3, ("c", 30), ("b", 20))
    assert not read(first, of(3, (key, 50)), known=30).is_complete
    assert read(first, of(3, (key, 10)), known=30).is_complete


def test_the_replica_that_counted_first_may_have_lagged() -> None:
    """What is younger than the lookback need not be in its count."""
    first, second = of(3, ("a", 10), ("c", 30), asked=50), of(3, ("b", 45), asked=60)
    for lookback, is_complete in ((0, True), (5, True), (6, False)):
        this = Pass(None, lookback=lookback * SECOND)
        this.add(first, {"a", "c"})
        this.add(second, {"b"})
        this.has_ended = True
        assert this.is_complete is is_complete


@pytest.mark.parametrize(
    ("known", "asked", "is_complete"),
    [
        (None, 1000, False),
        (19, 1000, False),
        (20, 1000, True),
        # Neither what was known nor the server's clock may be later than the beginning.
        (20, 19, False),
        (1000, 20, True),
    ],
)
def test_in_no_order_it_began_when_the_newest_change_was_known(
    known: float | None, asked: float, *, is_complete: bool
) -> None:
    first = of(3, ("a", 10), ("c", 30), asked=asked)
    # One of the first page was deleted since, so that the total does not prove it.
    this = read(first, of(2, ("b", 20), asked=2000), known=known)
    assert this.is_complete is is_complete


@pytest.mark.parametrize(
    ("asked", "time", "is_complete"),
    [(1000, 40, True), (1000, 41, False), (35, 30, True), (35, 31, False)],
)
def test_sorted_it_began_at_the_newest_record(
    asked: float, time: float, *, is_complete: bool
) -> None:
    """By the records' clock, as the server's may be ahead; not one in the future."""
    first = of(4, ("d", 40), ("c", 30), asked=asked)
    second = of(5, ("x", time), ("a", 10), asked=asked)
    assert read(first, second, known=100).is_complete is is_complete


@pytest.mark.parametrize(
    ("second", "is_complete"),
    [
        (of(3, ("b", 20), asked=60), True),
        (of(3, ("b", 50), asked=60), True),
        (of(3, ("b", None), asked=60), True),
        (of(3, ("b", 51), asked=60), False),
        (of(4, ("b", 20), ("e", 20), asked=60), False),
    ],
)
def test_where_nothing_was_known_the_clock_and_a_steady_total_prove_it(
    second: Page, *, is_complete: bool
) -> None:
    first = of(3, ("a", 10), ("c", 30), asked=50)
    assert read(first, second).is_complete is is_complete


def test_what_came_since_does_not_count() -> None:
    first, second = of(3, ("c", 30), ("b", 20)), of(4, ("new", 35), ("a", 10))
    assert read(first, second).is_complete
    assert not read(first, of(4, ("new", 35), ("b", 20))).is_complete


def test_what_was_sent_before_existed() -> None:
    first, second = of(4, ("d", 40), ("c", 30)), of(4, ("b", None), ("x", 99))
    assert read(first, second, before="bx").is_complete
    assert not read(first, second, before="x").is_complete
    # It is not known from the page before either.
    assert not read(first, second, second, before="x").is_complete


def test_the_numbers_of_a_pass() -> None:
    this = Pass(None)
    this.add(of(None), set())
    assert (this.total, len(this.sent), this.pages) == (0, 0, 1)
    this = Pass(None)
    numbers = []
    for number, each in enumerate(
        (
            of(9, ("e", 50), ("d", 40)),
            of(7, ("d", 40), ("c", 30), (None, 20)),
            of(None, ("c", 30)),
            of(8, ("a", 10)),
        )
    ):
        this.add(replace(each, number=number), set(each.keys))
        numbers.append((this.total, len(this.sent), this.is_steady))
    assert numbers == [(9, 2, True), (7, 4, False), (7, 4, False), (8, 5, False)]
    assert (this.size, this.furthest) == (2, 8)
    # Two records moved from the page on which the total fell to the page before.
    assert this.again == [0]
    assert this.is_stuck  # The third page brought nothing new.


@pytest.mark.parametrize(
    ("totals", "is_quiet"), [([2, 2], True), ([2, 3], False), ([None, None], False)]
)
def test_it_was_quiet_if_the_total_never_changed(
    totals: list[int | None], *, is_quiet: bool
) -> None:
    this = read(*(of(total, (total, 5)) for total in totals))
    assert this.is_quiet is is_quiet
    this.has_ended = False
    assert not this.is_quiet


@pytest.mark.parametrize(
    ("first", "known", "bookmark"),
    [
        # In order, no change after the newest of the first page is certain to be sent.
        (of(3, ("c", 30), ("a", 10), asked=100), None, 30),
        (of(3, ("c", 30), ("a", 10), asked=25), None, 10),
        # In no order: up to what was known before.
        (of(3, ("a", 10), ("c", 30), asked=100), 20, 20),
        (of(3, ("a", 10), ("c", 30), asked=15), 20, 15),
        # Nothing was known: the newest that was seen, less the time it took to read.
        (of(3, ("a", 10), ("c", 30), asked=100), None, 80),
        (of(3, ("a", 10), ("c", 30), asked=70), None, 50),
        (of(3, ("a", 10), ("c", 30), asked=130), None, 90),
        (of(3, ("a", 10), ("c", 30), asked=20), None, 0),
    ],
)
def test_the_bookmark_is_not_later_than_the_beginning(
    first: Page, known: float | None, bookmark: float
) -> None:
    last = of(3, ("b", 90), asked=110)
    this = read(first, of(3, ("x", 5), asked=500), last, known=known)
    assert this.bookmark(moment(90)) == moment(bookmark)
    assert this.bookmark(None) is None


def test_the_bookmark_is_not_later_than_the_servers_clock() -> None:
    """Where that is behind the records', and the read was short."""
    this = read(of(3, ("a", 10), ("c", 90), asked=20), of(3, ("b", 5), asked=25))
    assert this.bookmark(moment(90)) == moment(20)
