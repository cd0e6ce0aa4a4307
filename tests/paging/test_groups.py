"""Records of one time, which fill more than a page."""

from __future__ import annotations

import typing as t
from itertools import chain, repeat

import pytest
from scripted import moment, page, talk

from tap_clientsuccess.paging import groups
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.groups import Group, fills
from tap_clientsuccess.paging.page import MILLISECOND, Page, PageRequest

TIME = 5
END = moment(TIME) + MILLISECOND

Answer = t.Callable[[PageRequest], Page]


def tied(keys: str) -> list[tuple[t.Any, float | None]]:
    return [(key, TIME) for key in keys]


def pages_of(
    records: list[tuple[t.Any, float | None]], size: int = 2, **told: t.Any
) -> Answer:
    """Return answers from a list, which may change between them."""

    def answer(request: PageRequest) -> Page:
        place = request.number * size
        part = records[place : place + size]
        told_now = {"total": len(records)} | told
        return page(*part, number=request.number, **told_now)

    return answer


class Read(t.NamedTuple):
    """A group that was read.

    Attributes:
        last: The page on which it ends.
        is_certain: Whether certainly all of it was read.
    """

    last: Page
    is_certain: bool


def read(answer: Answer, evidence: Evidence | None = None) -> tuple[Read, list[int]]:
    """Read a group; return it and the numbers of the pages that were requested."""
    first = PageRequest.since(moment(TIME))
    group = Group(first, END, answer(first), evidence or Evidence())
    requests, is_certain = talk(group.read(), answer)
    assert {request.after for request in requests} == {first.after}
    return Read(group.last, is_certain), [request.number for request in requests]


def in_order() -> Evidence:
    """Return evidence that records of one time come in the order of keys."""
    evidence = Evidence()
    evidence.check(page(*((key, TIME) for key in range(21))), PageRequest())
    assert evidence.orders_ties
    return evidence


@pytest.mark.parametrize(
    ("records", "told", "place", "is_full"),
    [
        ([("a", 5), ("b", 5)], {"total": 3}, 0, True),
        ([("a", 5), ("b", 5)], {"total": 2}, 0, False),
        ([("a", 5), ("b", 5)], {"total": 4}, 2, False),
        ([("a", 5), ("b", 5)], {"total": 5}, 2, True),
        ([("a", 5), ("b", 5)], {"total": 2, "last": False}, 0, True),
        ([("a", 5), ("b", 6)], {"total": 9}, 0, False),
        ([("a", 5), ("b", None)], {"total": 9}, 0, True),
        ([], {"total": 9}, 0, False),
    ],
)
def test_a_page_is_filled_by_a_group(
    records: list[tuple[t.Any, float | None]],
    told: dict[str, t.Any],
    place: int,
    *,
    is_full: bool,
) -> None:
    assert fills(page(*records, **told), END, place) is is_full
    if not place:
        assert fills(page(*records, **told), END) is is_full


def test_it_is_read_from_its_last_page_to_its_first() -> None:
    group, numbers = read(pages_of([*tied("abcde"), ("f", 7), ("g", 8)]))
    assert numbers == [1, 2, 1, 0]
    assert group.is_certain
    assert group.last.keys == ["e", "f"]


def test_it_may_end_with_the_list() -> None:
    group, numbers = read(pages_of(tied("abcd")))
    assert numbers == [1, 0]
    assert group.is_certain


def test_it_may_end_with_a_page() -> None:
    group, numbers = read(pages_of([*tied("abcd"), ("f", 7)]))
    assert numbers == [1, 2, 1, 0]
    assert group.is_certain
    assert group.last.keys == ["f"]


def test_a_page_may_have_one_record() -> None:
    group, numbers = read(pages_of([*tied("abc"), ("f", 7)], size=1))
    assert numbers == [1, 2, 3, 2, 1, 0]
    assert group.is_certain


def test_it_is_read_without_a_total() -> None:
    group, numbers = read(pages_of([*tied("abcde"), ("f", 7)], total=None))
    assert numbers == [1, 2, 1, 0]
    assert group.is_certain


def test_the_last_page_of_a_list_without_a_total_may_be_short() -> None:
    """Only an empty page behind it shows that it is the last."""
    group, numbers = read(pages_of(tied("abcde"), total=None))
    assert numbers == [1, 2, 3, 2, 1, 0]
    assert group.is_certain
    assert group.last.keys == []


def changing(records: list[t.Any], changes: dict[int, t.Callable[[], None]]) -> Answer:
    """Return answers from a list that changes before some of the requests."""
    answer, count = pages_of(records), iter(range(1000))

    def changed(request: PageRequest) -> Page:
        changes.get(next(count), lambda: None)()
        return answer(request)

    return changed


@pytest.mark.parametrize(
    ("evidence", "numbers"),
    [
        # A record that was not seen yet is on a page that is still to come.
        (in_order(), [1, 2, 1, 0]),
        # Nothing proves the order: it is read until as many came as there are places.
        (Evidence(), [1, 2, 1, 0, 0, 1, 2, 1, 0]),
    ],
)
def test_one_leaves_while_it_is_read(evidence: Evidence, numbers: list[int]) -> None:
    records = [*tied("abcde"), ("x", 7), ("y", 8)]
    answer = changing(records, {4: lambda: records.remove(("b", TIME))})
    group, requested = read(answer, evidence)
    assert requested == numbers
    assert group.is_certain


@pytest.mark.parametrize("evidence", [in_order(), Evidence()])
@pytest.mark.parametrize(("when", "last"), [(2, ["x", "y"]), (3, ["e", "x"])])
def test_all_of_its_last_page_leave(
    evidence: Evidence, when: int, last: list[str]
) -> None:
    """It ends on the page before, and is read once."""
    records = [*tied("abcde"), ("x", 7), ("y", 8)]
    answer = changing(records, {when: lambda: records.remove(("e", TIME))})
    group, requested = read(answer, evidence)
    assert requested[:4] == [1, 2, 1, 0]
    assert group.is_certain
    assert group.last.keys == last


def test_all_of_it_leave() -> None:
    records = [*tied("abc"), ("x", 7), ("y", 8)]
    answer = changing(records, {2: lambda: records.__delitem__(slice(0, 3))})
    group, requested = read(answer)
    assert requested == [1, 0]
    assert group.is_certain


@pytest.mark.parametrize("last", ["badc", "cdab"])
def test_records_in_another_order_each_time(last: str) -> None:
    """As many as there are places have to come, in one pass or more.

    What came on the way to the end counts if none has left.
    """
    orders = iter(["abcd", "abcd", "cdab", "abcd", "abcd", last])

    def answer(request: PageRequest) -> Page:
        return pages_of(tied(next(orders)))(request)

    group, numbers = read(answer)
    # First pass: the last page shows c and d, and so does the first.
    assert numbers == [1, 0, 0, 1, 0]
    assert group.is_certain


def test_its_last_page_empties_while_the_order_changes() -> None:
    """What remains fills the places of the page before."""
    orders = iter(["abcde"] * 3 + ["abcd", "cdab", "abcd", "abcd", "abcd"])

    def answer(request: PageRequest) -> Page:
        return pages_of(tied(next(orders)))(request)

    group, numbers = read(answer)
    # Two passes: in the first, the last two pages show a and b.
    assert numbers == [1, 2, 1, 0, 0, 1, 0]
    assert group.is_certain


def test_it_is_not_certain_if_places_were_never_filled() -> None:
    def answer(request: PageRequest) -> Page:
        return page(*tied("ba"), number=request.number, total=4)

    group, numbers = read(answer)
    assert numbers == [1, 0, *[0, 1, 0] * 5]
    assert not group.is_certain


def test_what_came_counts_only_as_long_as_none_leaves() -> None:
    """Else one that left stands for one that did not come."""
    passes = iter(
        [
            *["abcde"] * 3,  # to the last page, which shows e
            *["abecd", "ecdab"],  # e and c again
            "abcd",  # e left
            *["cbad", "cdab"],  # a and d, c and d
        ]
        + ["abcd"] * 20
    )

    def answer(request: PageRequest) -> Page:
        return pages_of(tied(next(passes)))(request)

    group, numbers = read(answer)
    # The second pass has four of them with e, and not b.
    assert numbers == [1, 2, 1, 0, *[0, 1, 0] * 2]
    assert group.is_certain


@pytest.mark.parametrize("told", [{}, {"total": None}], ids=str)
def test_a_page_of_another_size_begins_anew(told: dict[str, t.Any]) -> None:
    """Places can be reckoned only from pages of one size."""
    sizes = iter([2, 2, 2, 1, 3, 3, 3, 3, 3, 3])
    records = [*tied("abcde"), ("f", 7)]

    def answer(request: PageRequest) -> Page:
        return pages_of(records, next(sizes), **told)(request)

    group, numbers = read(answer)
    assert numbers == [1, 2, 1, 0, 1, 0]
    assert group.is_certain


@pytest.mark.parametrize("when", [1, 2])
def test_a_page_that_shrinks_on_the_way_to_the_end_begins_anew(when: int) -> None:
    sizes = chain([4] * when, repeat(2))
    records = tied("abcdefghijkl")

    def answer(request: PageRequest) -> Page:
        return pages_of(records, next(sizes))(request)

    group, numbers = read(answer)
    assert numbers[: when + 1] == [*range(1, when + 1), 0]
    assert numbers[when + 1 :] == [1, 2, 3, 4, 5, 4, 3, 2, 1, 0]
    assert group.is_certain


def test_records_without_a_key_are_not_read_by_time() -> None:
    with pytest.raises(NotByTimeError, match="no key"):
        read(pages_of([("a", TIME), (None, TIME), ("c", TIME)]))


def test_records_without_a_key_behind_it_do_not_matter() -> None:
    group, _ = read(pages_of([*tied("abc"), (None, 7)]))
    assert group.is_certain


def test_more_pages_than_the_server_counts_are_not_read_by_time() -> None:
    def answer(request: PageRequest) -> Page:
        return page(*tied("ab"), number=request.number, total=3, last=False)

    with pytest.raises(NotByTimeError, match="more pages than"):
        read(answer)


@pytest.mark.parametrize(("depth", "is_read"), [(6, True), (5, False)])
def test_no_page_is_deeper_than_servers_read(
    monkeypatch: pytest.MonkeyPatch, depth: int, *, is_read: bool
) -> None:
    monkeypatch.setattr(groups, "DEPTH", depth)
    answer = pages_of([*tied("abcde"), ("f", 7)])
    if is_read:
        assert read(answer)[0].is_certain
    else:
        with pytest.raises(NotByTimeError, match="too many"):
            read(answer)
