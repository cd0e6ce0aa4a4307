"""Rule 5: an older version of a record never follows a newer one."""

from __future__ import annotations

import typing as t

import pytest
from scripted import moment, page

from tap_clientsuccess.paging import versions
from tap_clientsuccess.paging.page import BEGINNING
from tap_clientsuccess.paging.versions import Versions


@pytest.mark.parametrize(
    ("first", "second", "is_sent"),
    [
        (5, 6, True),
        (5, 5, False),
        (5, 4, False),
        (None, None, False),
        # An edit gives a time to what had none; nothing loses its time.
        (5, None, False),
        (None, 5, True),
    ],
)
def test_a_version_is_sent_unless_it_is_known_or_older(
    first: float | None, second: float | None, *, is_sent: bool
) -> None:
    sent = Versions()
    sent.take(page(("a", first)), 0, BEGINNING)
    assert sent.take(page(("a", second), ("b", 1)), 0, BEGINNING) == [
        *([("a", second)] if is_sent else []),
        ("b", 1),
    ]
    # The one that was sent last is the one that counts.
    assert sent.take(page(("a", second)), 0, BEGINNING) == []


def test_records_without_a_key_are_always_sent() -> None:
    sent = Versions()
    for _ in range(2):
        assert sent.take(page((None, 5)), 0, BEGINNING) == [(None, 5)]


def test_what_was_not_sent_after_all_is_news_again() -> None:
    sent = Versions()
    sent.take(page(("a", 5), ("b", 5)), 0, BEGINNING)
    sent.drop(["a", "c"])
    assert sent.take(page(("a", 5), ("b", 5)), 0, BEGINNING) == [("a", 5)]


def is_remembered(
    monkeypatch: pytest.MonkeyPatch,
    *,
    time: float | None,
    until: float,
    pages_before: int,
) -> bool:
    """Tell whether a record of page 3 is known when page 5 makes it forget."""
    monkeypatch.setattr(versions, "_FEW", 1)
    sent = Versions()
    sent.take(page(), 0, BEGINNING)
    sent.take(page(), 1, BEGINNING)
    sent.take(page(("a", time)), 2, BEGINNING)
    sent.take(page(("old", -1000)), 2, BEGINNING)
    sent.take(page(), pages_before, moment(until))
    return sent.take(page(("a", time)), 4, BEGINNING) == []


@pytest.mark.parametrize(
    ("how", "remembers"),
    [
        ({"time": 939, "until": 940}, False),
        ({"time": 940, "until": 940}, True),
        ({"time": None, "until": 940}, False),
        # A page that was requested before can show an older version.
        ({"time": 5, "until": 500, "pages_before": 3}, True),
        ({"time": 5, "until": 500, "pages_before": 2}, True),
    ],
)
def test_it_forgets_what_no_page_can_show(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, t.Any], *, remembers: bool
) -> None:
    assert is_remembered(monkeypatch, **{"pages_before": 4} | how) is remembers


def test_it_forgets_only_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going through all that is remembered at each page would take long."""
    monkeypatch.setattr(versions, "_FEW", 10)
    sent = Versions()
    forgotten: list[int] = []
    for number in range(1, 41):
        records = (2 * number, 1), (2 * number + 1, 1)
        before = sent._sent  # noqa: SLF001
        sent.take(page(*records), number, BEGINNING)
        if sent._sent is not before:  # noqa: SLF001
            forgotten.append(number)
    assert forgotten == [7, 16, 34]
