"""Rule 5: an older version of a record never follows a newer one."""

from __future__ import annotations

import typing as t

import pytest
from scripted import at, page
from server_model import SECOND

from tap_clientsuccess.paging import versions
from tap_clientsuccess.paging.versions import Versions

LOOKBACK = 60 * SECOND


@pytest.mark.parametrize(
    ("first", "second", "is_sent"),
    [
        (5, 6, True),
        (5, 5, False),
        (5, 4, False),
        (None, None, False),
        # Without a time nobody knows which is older: both are sent.
        (5, None, True),
        (None, 5, True),
    ],
)
def test_a_version_is_sent_unless_it_is_known_or_older(
    first: float | None, second: float | None, *, is_sent: bool
) -> None:
    sent = Versions(LOOKBACK)
    sent.take(page(("a", first)), 0, None)
    assert sent.take(page(("a", second), ("b", 1)), 0, None) == [
        *([("a", second)] if is_sent else []),
        ("b", 1),
    ]
    # The one that was sent last is the one that counts.
    assert sent.take(page(("a", second)), 0, None) == []


def test_records_without_a_key_are_always_sent() -> None:
    sent = Versions(LOOKBACK)
    for _ in range(2):
        assert sent.take(page((None, 5)), 0, None) == [(None, 5)]


def test_what_was_not_sent_after_all_is_news_again() -> None:
    sent = Versions(LOOKBACK)
    sent.take(page(("a", 5), ("b", 5)), 0, None)
    sent.drop(["a", "c"])
    assert sent.take(page(("a", 5), ("b", 5)), 0, None) == [("a", 5)]


def is_remembered(
    monkeypatch: pytest.MonkeyPatch,
    *,
    time: float | None,
    settled: float | None,
    pages_before: int,
) -> bool:
    """Tell whether a record of page 3 is known when page 5 makes it forget."""
    monkeypatch.setattr(versions, "_FEW", 1)
    sent = Versions(LOOKBACK)
    sent.take(page(), 0, None)
    sent.take(page(), 1, None)
    sent.take(page(("a", time)), 2, None)
    sent.take(page(("old", -1000)), 2, None)
    sent.take(page(asked=1000), pages_before, at(settled))
    return sent.take(page(("a", time)), 4, None) == []


@pytest.mark.parametrize(
    ("how", "remembers"),
    [
        # Everything up to 1,000 was read. A replica may lag by 60 seconds.
        ({"time": 939, "settled": 1000}, False),
        ({"time": 940, "settled": 1000}, True),
        # What is younger may come in the next page of the read.
        ({"time": 500, "settled": 500}, True),
        ({"time": 499, "settled": 500}, False),
        ({"time": None, "settled": 500}, False),
        # By number, a page that was requested before can show an older version.
        ({"time": 990, "settled": None}, True),
        ({"time": 939, "settled": None}, False),
        ({"time": 5, "settled": 500, "pages_before": 3}, True),
        ({"time": 5, "settled": None, "pages_before": 2}, True),
    ],
)
def test_it_forgets_what_no_page_can_show(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, t.Any], *, remembers: bool
) -> None:
    assert is_remembered(monkeypatch, **{"pages_before": 4} | how) is remembers


def test_it_forgets_only_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going through all that is remembered at each page would take long."""
    monkeypatch.setattr(versions, "_FEW", 10)
    sent = Versions(LOOKBACK)
    forgotten: list[int] = []
    monkeypatch.setattr(sent, "_forget", lambda *_: forgotten.append(sent.pages))
    for number in range(1, 41):
        records = (2 * number, 1), (2 * number + 1, 1)
        sent.take(page(*records), number, None)
    assert forgotten == [7, 16, 34]
