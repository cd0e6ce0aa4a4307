"""The record at the border between two pages has to come again."""

from __future__ import annotations

import pytest
from scripted import moment, page, talk
from server_model import SECOND

from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError, is_hidden
from tap_clientsuccess.paging.page import Page, PageRequest, Window

SHOWN_BY = PageRequest(after=moment(0))
SINCE = moment(9)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (page(("a", 50), ("b", 100)), False),
        (page(("a", 50), ("b", 100.0004), total=9), False),
        # Of a read that was interrupted, the bookmark is a millisecond earlier.
        (page(("a", 50), ("b", 100.001), total=9), False),
        (page(("a", 50), ("b", 100.002), total=9), True),
        # It is not there, though all of its time is.
        (page(("a", 50), ("c", 120), total=2), True),
        (page(("a", 50), ("c", 120), total=9), True),
        (page(("a", 50), ("b", 90), total=2), True),
        (page(total=0), True),
        # Nothing comes, whatever the total says.
        (page(total=9), True),
        # It is on a page that follows.
        (page(("a", 50), ("b", 90), total=9), False),
        (page(("a", None), total=9), False),
    ],
)
def test_the_bookmarks_record_has_to_be_on_the_first_page(
    first: Page, *, expected: bool
) -> None:
    window = Window(moment(100), None, 60 * SECOND)
    requests, hidden = talk(is_hidden(first, window), lambda _: page())
    assert hidden is expected
    assert requests == []


@pytest.mark.parametrize(
    ("first", "again", "expected"),
    [
        (page(("a", 50), ("b", 100)), page(("b", 100)), False),
        (page(("a", 50), ("b", 100)), page(("c", 120)), True),
        (page(("a", None)), None, False),
        (page(), None, False),
    ],
)
def test_without_one_the_newest_of_the_first_page_is_requested_again(
    first: Page, again: Page | None, *, expected: bool
) -> None:
    window = Window(None, moment(0), 60 * SECOND)
    requests, hidden = talk(is_hidden(first, window), lambda _: again or page())
    assert hidden is expected
    assert requests == ([PageRequest.since(moment(100))] if again else [])


def check(shows: list[list[float | None]], hides: list[float]) -> list[PageRequest]:
    """Check the border at 9, which a page showed; return the requests.

    Args:
        shows: What that page shows each time it is requested again.
        hides: The times that the filter hides.
    """
    evidence, pages = Evidence(), iter(shows)
    evidence.check(page(("a", 5), ("b", 9)), SHOWN_BY)

    def answer(request: PageRequest) -> Page:
        if request == SHOWN_BY:
            return page(*enumerate(next(pages)))
        times = [time for time in (4, 5, 9) if time not in hides]
        return page(*((time, time) for time in times if time_is_after(time, request)))

    return talk(evidence.check_border(SINCE), answer)[0]


def time_is_after(time: float, request: PageRequest) -> bool:
    return request.after is not None and moment(time) >= request.after


def since(seconds: float) -> PageRequest:
    return PageRequest.since(moment(seconds))


@pytest.mark.parametrize(
    ("shows", "hides", "requests"),
    [
        # It is there, a replica lacked it.
        ([[5, 9]], [], [SHOWN_BY, since(9)]),
        # It was edited: the record before it is there.
        ([[4, 5, 12]], [9], [SHOWN_BY, since(5)]),
        ([[None, 5]], [9], [SHOWN_BY, since(5)]),
        # All were edited.
        ([[12, 13]], [9], [SHOWN_BY]),
        ([[]], [9], [SHOWN_BY]),
        # It was edited between two requests.
        ([[5, 9], [4, 5]], [9], [SHOWN_BY, since(9), SHOWN_BY, since(5)]),
        ([[5, 9]] * 2 + [[5]], [9], [SHOWN_BY, since(9)] * 2 + [SHOWN_BY, since(5)]),
    ],
)
def test_it_is_missing_for_a_reason(
    shows: list[list[float | None]], hides: list[float], requests: list[PageRequest]
) -> None:
    assert check(shows, hides) == requests


def test_it_is_hidden_by_the_filter() -> None:
    with pytest.raises(NotByTimeError, match="hides"):
        check([[5, 9]] * 3, [9])


@pytest.mark.parametrize("remembered", [None, 8.999, 9.001, 12])
def test_what_no_page_showed_is_not_checked(remembered: float | None) -> None:
    evidence = Evidence()
    evidence.check(page(("a", remembered)) if remembered else page(), SHOWN_BY)
    requests, _ = talk(evidence.check_border(SINCE), lambda _: page())
    assert requests == []


def test_the_request_is_remembered_by_the_millisecond() -> None:
    evidence = Evidence()
    evidence.check(page(("b", 5), ("a", 9.0004)), SHOWN_BY)
    requests, _ = talk(evidence.check_border(moment(9.0007)), lambda _: page())
    assert requests == [SHOWN_BY]
