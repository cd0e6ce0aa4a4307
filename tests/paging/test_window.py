"""What one read of a search is to bring."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted import at
from server_model import SECOND, START

from tap_clientsuccess.paging.page import BEGINNING, DAWN, Window


@pytest.mark.parametrize(
    ("bookmark", "start_date", "start", "is_known"),
    [
        (None, None, None, False),
        (None, 50, 50, False),
        (100, None, 40, True),
        (100, 30, 40, True),
        (100, 50, 50, True),
        (100, 100, 100, True),
        # The start date was moved: the bookmark's record is not wanted again.
        (100, 101, 101, False),
    ],
)
def test_the_window_starts_the_lookback_before_the_bookmark(
    bookmark: float | None,
    start_date: float | None,
    start: float | None,
    *,
    is_known: bool,
) -> None:
    window = Window(at(bookmark), at(start_date), 60 * SECOND)
    assert window.start == at(start)
    assert window.known == (at(bookmark) if is_known else None)


def test_a_bookmark_long_ago_reads_from_1970() -> None:
    """A state that was written by hand may have one."""
    assert Window(BEGINNING, None, 60 * SECOND).start == DAWN


def test_no_record_need_have_the_time_of_a_place() -> None:
    window = Window(START, lookback=60 * SECOND)
    assert window.known == START
    assert replace(window, is_place=True).known is None
