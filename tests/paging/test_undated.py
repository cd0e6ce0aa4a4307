"""Rule 3: two counts tell how many records have no time."""

from __future__ import annotations

import typing as t
from itertools import chain, cycle

import pytest
from scripted import page, talk
from server_model import START

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.page import DAWN, DEPTH, FAR_FUTURE, PageRequest
from tap_clientsuccess.paging.undated import Undated

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page

ALL, TIMED = PageRequest.for_count(), PageRequest.for_count(DAWN)
FUTURE = PageRequest.for_count(FAR_FUTURE)


def show(undated: Undated, shown: Page) -> None:
    """Show it a page of records that did not come before."""
    undated.add(shown, {*shown.keys})


def counted(
    undated: Undated, *totals: int | None, future: int = 0
) -> list[PageRequest]:
    """Count, with these answers, then the last two for ever; return the requests.

    A filter by a time in the future counts `future`, and its request is left out.
    """
    undated.may_be_hidden = True
    answers = chain(totals, cycle(totals[-2:]))
    requests, _ = talk(
        undated.count(),
        lambda request: page(total=future if request == FUTURE else next(answers)),
    )
    return [each for each in requests if each != FUTURE]


@pytest.mark.parametrize(
    ("totals", "found", "requests"),
    [
        ([10, 7], 3, 8),
        ([10, 10], 0, 8),
        # Where counts change, they may agree by chance: then it takes three times.
        ([10, 8, 10, 7, 10, 7], 3, 14),
        ([11, 7, 10, 7], 3, 13),
        ([10, 7, 11, 7, 10, 7, 10, 7], 3, 15),
        ([10, 8, 10, 8, 10, 7], 3, 16),
        ([10, 7, 10, 7, 10, 8, 10, 7], 3, 14),
    ],
)
def test_pairs_of_counts_have_to_agree(
    totals: list[int], found: int, requests: int
) -> None:
    undated = Undated()
    asked = counted(undated, *totals)
    assert (undated.total, undated.timed) == (found, min(totals[-2:]))
    assert asked == ([ALL, TIMED] * 8)[:requests]
    assert not undated.is_open
    assert not undated.why_unknown(0)


@pytest.mark.parametrize("seconds", [None, 0, -1], ids=str)
def test_a_time_up_to_1970_is_none_to_the_counts(seconds: float | None) -> None:
    """`modifiedAfter` 1970 hides it, so it is among those without a time."""
    since_start = (DAWN - START).total_seconds()
    undated = Undated()
    counted(undated, 10, 9)
    show(undated, page(("a", seconds if seconds is None else since_start + seconds)))
    assert undated.missing == 0


def test_counts_that_never_agree_leave_it_open() -> None:
    undated = Undated()
    requests = counted(undated, *range(200))
    assert len(requests) == 80
    assert undated.is_open
    assert undated.total is None
    assert undated.missing == 0


@pytest.mark.parametrize("totals", [[None, 7], [10, None], [10, 7, None, 7]], ids=str)
def test_a_count_that_is_absent_proves_nothing(
    totals: list[int | None],
) -> None:
    undated = Undated()
    counted(undated, *totals)
    assert undated.total is None
    assert undated.missing == 0
    assert undated.why_unknown(0)
    assert not undated.is_open


@pytest.mark.parametrize(
    ("totals", "sent", "is_capped", "if_resumed"),
    [
        ([DEPTH, DEPTH], 0, True, True),
        ([DEPTH, 7], 0, True, True),
        ([2000, 1990], 2001, True, True),
        ([2000, 1990], 2000, False, True),
        # Some were deleted since they were sent.
        ([2001, 1990], 2500, False, False),
        ([0, 0], 0, False, False),
    ],
)
def test_a_count_that_may_be_capped_proves_no_end(
    totals: list[int], sent: int, *, is_capped: bool, if_resumed: bool
) -> None:
    """A resumed read does not know what was sent before."""
    for is_resumed, expected in ((False, is_capped), (True, if_resumed)):
        undated = Undated(is_part=is_resumed)
        counted(undated, *totals)
        assert undated.is_capped(sent) is expected


@pytest.mark.parametrize(
    ("totals", "sent", "is_unknown"),
    [
        ([DEPTH, DEPTH], 0, True),
        ([2000, 2000], 2000, False),
        ([50, 50], 51, True),
        ([50, 50], 50, False),
        # It counts further than `DEPTH`.
        ([DEPTH + 3, DEPTH], 0, False),
    ],
)
def test_a_count_that_ends_too_early_tells_nothing(
    totals: list[int], sent: int, *, is_unknown: bool
) -> None:
    undated = Undated()
    counted(undated, *totals)
    assert undated.total == totals[0] - totals[1]
    assert bool(undated.why_unknown(sent)) is is_unknown


def test_a_count_that_was_greater_before_does_not_end_too_early() -> None:
    """One record was deleted after it was sent."""
    undated = Undated()
    show(undated, page(("a", 1), total=51))
    counted(undated, 50, 50)
    assert not undated.why_unknown(51)


def test_what_was_sent_is_not_missing() -> None:
    undated = Undated()
    show(undated, page(("x", None), ("y", None)))
    assert undated.known == 2  # Without a count, as many as came.
    undated = Undated()
    counted(undated, 10, 7)
    assert undated.missing == 3
    show(undated, page(("a", None), ("b", 5)))
    show(undated, page(("a", None), ("c", 5)))
    show(undated, page(("d", 5)))
    assert undated.missing == 2
    show(undated, page(*((key, None) for key in "efgh")))
    assert undated.missing == 0


@pytest.mark.parametrize(
    ("again", "missing"),
    [([10, 7], 2), ([10, 6], 4), ([11, 7, 11, 7, 10, 7], 3)],
)
def test_they_are_looked_for_anew_once_the_count_changed(
    again: list[int], missing: int
) -> None:
    """What was sent before may have a time by now, so it need not be one of those."""
    undated = Undated()
    counted(undated, 10, 7)
    show(undated, page(("a", None)))
    counted(undated, *again)
    assert undated.missing == missing


@pytest.mark.parametrize(
    ("everything", "answers", "found"),
    [
        (10, [7, 10, 7], 3),
        (10, [10, 10, 10], 0),
        (10, [12, 10, 12], 0),
        (10, [7, 11, 7], None),
        # One was inserted before the first answer, and one deleted before the second.
        (10, [10, 10, 9], None),
        (10, [None, 10, None], None),
        (10, [None, 10, 7], None),
        (None, [7, 10, 7], None),
        (None, [7, None, 7], None),
    ],
)
def test_counting_beside_other_pages_serves_if_two_pairs_agree(
    everything: int | None, answers: list[int | None], found: int | None
) -> None:
    undated = Undated()
    waiting = iter(answers)
    requests, _ = talk(
        undated.count_beside(everything),
        lambda _: page(total=next(waiting)),
    )
    assert requests == [TIMED, ALL, TIMED]
    assert undated.total == found
    assert undated.timed == (None if found is None else answers[0])


@pytest.mark.parametrize(
    ("timed", "is_stale"), [(7, False), (8, True), (6, True), (None, True)]
)
def test_a_later_count_of_what_has_a_time_tells_that_it_changed(
    timed: int | None, *, is_stale: bool
) -> None:
    undated = Undated()
    assert undated.is_stale(timed)
    counted(undated, 10, 7)
    assert undated.is_stale(timed) is is_stale


def test_a_count_that_fails_makes_the_one_before_it_stale() -> None:
    undated = Undated()
    counted(undated, 10, 7)
    counted(undated, 10, None)
    assert undated.is_stale(7)


@pytest.mark.parametrize(
    ("totals", "future", "seen", "missing", "is_known"),
    [
        # The filter hides two, and lets three through.
        ([10, 8], 3, "", 5, True),
        ([10, 8], 3, "ab", 3, True),
        ([10, 8], 3, "abcde", 0, True),
        ([10, 8], 8, "", 10, True),
        # The total does not heed the filter.
        ([10, 10], 10, "", 0, False),
        ([10, 10], 11, "ab", 0, False),
        ([0, 0], 0, "", 0, True),
    ],
)
def test_a_count_of_the_future_shows_what_passes_any_filter(
    totals: list[int], future: int, seen: str, missing: int, *, is_known: bool
) -> None:
    undated = Undated()
    talk(undated.count_future(), lambda _: page(total=future))
    assert undated.future == future
    counted(undated, *totals, future=future)
    show(undated, page(*((key, None) for key in seen)))
    assert undated.missing == missing
    assert undated.counts_all is not is_known
    if future == 3:
        assert (undated.hidden_sent, undated.known) == (max(0, len(seen) - 3), 5)
    show(undated, page(total=totals[0]))
    assert not undated.why_unknown(totals[1])
    show(undated, page(total=totals[0] + 1))
    for is_quiet in (True, False):
        why = undated.why_unknown(totals[1], is_quiet=is_quiet)
        assert bool(why) is not is_known


def test_what_passes_any_filter_is_counted_again_with_the_rest() -> None:
    undated = Undated()
    talk(undated.count_future(), lambda _: page(total=3))
    counted(undated, 10, 8, future=3)
    show(undated, page(*((key, None) for key in "abcde")))
    assert undated.missing == 0
    # As many as before: those that came are among them.
    counted(undated, 10, 8, future=3)
    assert undated.missing == 0
    counted(undated, 10, 8, future=4)
    assert (undated.shown, undated.missing) == (4, 6)


def test_a_server_may_refuse_a_filter_by_the_future() -> None:
    undated = Undated()
    counting = undated.count_future()
    next(counting)
    with pytest.raises(StopIteration):
        counting.throw(RefusedError("400 Bad Request"))
    assert undated.future == 0
