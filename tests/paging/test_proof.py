"""What was sent, and whether that is everything: the rules of `proof`."""

from __future__ import annotations

import typing as t

import pytest
from scripted import at, moment, page, talk
from server_model import SECOND

from tap_clientsuccess.paging import versions
from tap_clientsuccess.paging.page import (
    BEGINNING,
    DAWN,
    FAR_FUTURE,
    PageRequest,
    Window,
)
from tap_clientsuccess.paging.proof import Proof, Verdict
from tap_clientsuccess.paging.versions import Versions

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page

Records = list[tuple[t.Any, float | None]]


def taken(*pages: Page) -> Proof:
    proof = Proof(Versions(), Window(lookback=60 * SECOND))
    take(proof, *pages)
    return proof


def take(proof: Proof, *pages: Page) -> None:
    for each in pages:
        proof.take(each, PageRequest(), proof.pages)


def count_undated(proof: Proof, everything: int, timed: int) -> None:
    counts = {None: everything, DAWN: timed, FAR_FUTURE: 0}
    talk(
        proof.undated.count(),
        lambda request: page(total=counts[request.after]),
    )


def is_in_doubt(proof: Proof) -> bool:
    verdict = proof.verdict
    return bool(verdict.why) and not verdict.missing


BEFORE = page(("a", 1), ("b", 2), ("c", 3))


@pytest.mark.parametrize(
    ("later", "counted", "unfound"),
    [
        ([], 3, 0),
        ([], 4, 1),
        ([], 2, 0),
        # It was there when the count was asked.
        ([("old", 0)], 4, 0),
        ([("old", 3)], 4, 0),
        # It may have come since, and does not stand for the one that is missing.
        ([("new", 4)], 4, 1),
        ([("new", 4)], 3, 0),
        ([("new", 4), ("old", 3)], 4, 0),
        ([("new", 4), ("old", 0), ("newer", 5)], 4, 0),
        ([("new", 4), ("old", 0), ("newer", 5)], 5, 1),
        # An edited record counts once.
        ([("a", 4)], 4, 1),
        ([("a", 4)], 3, 0),
        ([("a", 4), ("new", 5)], 4, 1),
        # What has no time is not known to be new.
        ([("undated", None), ("new", 4)], 4, 0),
    ],
)
def test_a_count_proves_only_what_was_there_when_it_was_asked(
    later: Records, counted: int, unfound: int
) -> None:
    """Rules 1 and 2."""
    proof = taken(BEFORE)
    proof.begin_count()
    take(proof, page(*later), page(*later))  # The same page again changes nothing.
    proof.counted = counted
    assert proof.unfound == unfound
    verdict = proof.verdict
    assert (verdict.is_complete, verdict.missing) == (not unfound, unfound)
    if unfound:
        assert verdict.why == "1 records cannot be found by modification time"


def test_times_that_were_not_read_are_in_doubt() -> None:
    proof = taken(BEFORE)
    proof.coverage.newest = moment(3)
    proof.coverage.add(BEGINNING, moment(1))
    proof.coverage.add(moment(2), moment(4))
    assert proof.verdict.why == "some times were not read"
    proof.coverage.add(moment(1), moment(2))
    assert proof.verdict.is_complete


def test_a_key_that_is_twice_on_a_page_is_one_newcomer() -> None:
    proof = taken(BEFORE)
    proof.begin_count()
    take(proof, page(("new", 4), ("new", 5)))
    proof.counted = 3
    assert proof.unfound == 0
    proof.counted = 4
    assert proof.unfound == 1


def test_each_count_proves_what_was_sent_before_it() -> None:
    proof = taken(BEFORE)
    proof.begin_count()
    proof.counted = 3
    take(proof, page(("new", 4)))
    proof.begin_count()
    proof.counted = 5
    assert proof.unfound == 1
    take(proof, page(("restored", 2)))
    assert proof.unfound == 0


def test_where_nothing_was_known_all_counts() -> None:
    proof = taken()
    proof.begin_count()
    proof.counted = 3
    take(proof, BEFORE)
    assert proof.unfound == 0


def test_without_a_count_nothing_is_known_to_be_missing() -> None:
    assert taken().unfound == 0
    proof = taken(BEFORE)
    proof.begin_count()
    assert proof.unfound == 0
    assert proof.verdict == Verdict()


@pytest.mark.parametrize(
    ("undated", "everything", "timed", "missing", "unfound"),
    [
        ("xy", 5, 3, 0, 0),
        ("x", 5, 3, 1, 0),
        ("", 5, 3, 2, 0),
        # Those that were sent are not among those that have a time.
        ("xy", 6, 4, 0, 1),
        # One of those that were sent has got a time since.
        ("xy", 5, 4, 0, 0),
        ("xyz", 4, 4, 0, 0),
    ],
)
def test_records_without_a_time_are_counted_apart(
    undated: str, everything: int, timed: int, missing: int, unfound: int
) -> None:
    """Rule 3."""
    proof = taken(BEFORE)
    proof.begin_count()
    proof.counted = timed
    count_undated(proof, everything, timed)
    take(proof, page(*((key, None) for key in undated)))
    assert (proof.undated.missing, proof.unfound) == (missing, unfound)
    verdict = proof.verdict
    assert verdict.is_complete is not (missing or unfound)
    if missing:
        assert verdict.why == f"{missing} records have no modification time"


@pytest.mark.parametrize("timed", [3, 4])
def test_those_that_came_before_the_count_do_not_stand_for_what_has_a_time(
    timed: int,
) -> None:
    """They are looked for anew, and were sent all the same."""
    proof = taken(BEFORE, page(("x", None), ("y", None)))
    proof.begin_count()
    proof.counted = timed
    count_undated(proof, timed + 2, timed)
    assert (proof.undated.missing, proof.unfound) == (2, timed - 3)


@pytest.mark.parametrize(
    ("later", "latest", "is_told"),
    [
        ([], 3, False),
        ([("c", 3)], 3, False),
        ([("c", 4)], 3, True),
        ([("c", 4)], None, False),
    ],
)
def test_totals_that_do_not_heed_the_filter_prove_a_quiet_read(
    later: Records, latest: float | None, *, is_told: bool
) -> None:
    """Rule 3. A delete can stand for a record that the filter hides."""
    proof = taken(BEFORE)
    proof.coverage.latest = at(latest)
    proof.undated.may_be_hidden = True
    talk(proof.undated.count_future(), lambda _: page(total=3))
    counts = {None: 3, DAWN: 3, FAR_FUTURE: 3}
    talk(proof.undated.count(), lambda request: page(total=counts[request.after]))
    take(proof, page(*later))
    assert proof.verdict.is_complete
    assert ("by its filter" in proof.verdict.uncounted) is is_told


def test_how_many_there_are_is_counted_if_possible() -> None:
    proof = taken(BEFORE)
    assert proof.everything == 3
    count_undated(proof, 7, 5)
    assert proof.everything == 7


def test_what_has_no_time_comes_first_in_the_verdict() -> None:
    """Only these are then read by number."""
    proof = taken(BEFORE)
    proof.begin_count()
    proof.counted = 4
    count_undated(proof, 6, 4)
    assert proof.verdict == Verdict(2, "2 records have no modification time")


def test_a_doubt_is_told_unless_something_is_missing() -> None:
    proof = taken(BEFORE)
    proof.doubt = "why"
    assert proof.verdict == Verdict(0, "why")
    proof.begin_count()
    proof.counted = 4
    assert proof.verdict.missing


def test_counts_that_never_agree_are_a_doubt() -> None:
    proof = taken(BEFORE)
    numbers = iter(range(200))
    talk(proof.undated.count(), lambda _: page(total=next(numbers)))
    assert is_in_doubt(proof)
    assert "changed between any two counts" in proof.verdict.why


def test_where_the_server_does_not_count_it_is_complete_by_time() -> None:
    proof = taken(BEFORE)
    talk(proof.undated.count(), lambda _: page(total=None))
    assert proof.verdict.is_complete


@pytest.mark.parametrize(
    ("later", "is_told"), [(("new", 4), False), (("old", 2), True)]
)
def test_what_came_since_does_not_show_that_the_server_counts_too_few(
    later: tuple[str, float], *, is_told: bool
) -> None:
    """Rule 1. What is old was there, and was not counted."""
    proof = taken(BEFORE)
    proof.undated.may_be_hidden = True
    proof.begin_count()
    proof.counted = 3
    count_undated(proof, 3, 3)
    assert proof.verdict == Verdict()
    take(proof, page(later))
    assert proof.verdict.is_complete
    assert ("further than 3" in proof.verdict.uncounted) is is_told


@pytest.mark.parametrize(
    ("window", "is_capped"),
    [
        (Window(), False),
        (Window(moment(0)), True),
        (Window(start_date=moment(0)), True),
    ],
)
def test_a_part_of_the_list_does_not_show_that_a_round_total_is_true(
    window: Window, *, is_capped: bool
) -> None:
    """Rule 4."""
    proof = Proof(Versions(), window)
    count_undated(proof, 2000, 1990)
    assert proof.undated.is_capped(5) is is_capped


def test_the_record_beside_a_count_is_not_sent() -> None:
    proof = taken()
    for request in (PageRequest.for_count(), PageRequest(size=1)):
        sent = proof.take(page(("a", 5)), request, proof.pages)
        assert sent == ([] if request.is_count else [("a", 5)])
        assert len(sent) == len(proof.sent)


def test_the_newest_time_is_known_from_any_page() -> None:
    proof = taken(page(("undated", None)))
    assert proof.newest is None
    newest: list[t.Any] = []
    for time in (5, 9, 7):
        take(proof, page(("a", time), ("undated", None)))
        newest.append(proof.newest)
    assert newest == [moment(5), moment(9), moment(9)]


ALL = page(("c", 30), ("b", 20), ("a", 10), total=3, asked=45)
LACKS_ONE = page(("b", 20), ("a", 10), total=3, asked=45)
LACKS_TWO = page(("a", 10), total=3, asked=45)
COUNTS_ANOTHER = page(("b", 20), ("a", 10), total=4, asked=45)
CHANGED = page(("new", 50), total=2, asked=45)

UNCOUNTED = "the server does not count its records further than 1: some may be missing"
CHANGES = Verdict(why="the data changed during each of several reads")


def read_by_number(*passes: Page | tuple[Page, ...]) -> Proof:
    proof = taken()
    for each in passes:
        this = proof.begin_pass()
        take(proof, *(each if isinstance(each, tuple) else (each,)))
        this.has_ended = True
    return proof


@pytest.mark.parametrize(
    ("passes", "verdict"),
    [
        ([ALL], Verdict()),
        ([LACKS_ONE, ALL], Verdict()),
        # The last pass lacks one that an earlier pass had.
        ([LACKS_ONE], Verdict(1, "1 records were not on any page")),
        ([LACKS_ONE] * 2, Verdict(1, "1 records were not on any page")),
        # As many as were counted came, though not in one pass.
        ([LACKS_ONE, page(("c", 30), total=3)], CHANGES),
        # Three times the same: the total is wrong.
        (
            [LACKS_ONE] * 3,
            Verdict(1, "1 records were not on any page", is_accepted=True),
        ),
        # Not the same each time.
        (
            [LACKS_TWO, LACKS_ONE, LACKS_ONE],
            Verdict(1, "1 records were not on any page"),
        ),
        (
            [COUNTS_ANOTHER, LACKS_ONE, LACKS_ONE],
            Verdict(1, "1 records were not on any page"),
        ),
        # It changed during the first.
        (
            [(COUNTS_ANOTHER, LACKS_ONE), LACKS_ONE, LACKS_ONE],
            Verdict(1, "1 records were not on any page"),
        ),
        # The total changed during each pass.
        ([(LACKS_ONE, COUNTS_ANOTHER)] * 3, CHANGES),
        # A total that is too small proves nothing, unless it is so three times:
        # then it is known to be no proof.
        (
            [page(("b", 20), ("a", 10), total=1)] * 2,
            Verdict(why="the server does not count all records"),
        ),
        ([page(("b", 20), ("a", 10), total=1)] * 3, Verdict(uncounted=UNCOUNTED)),
    ],
)
def test_a_read_by_number(
    passes: list[Page | tuple[Page, ...]], verdict: Verdict
) -> None:
    assert read_by_number(*passes).verdict == verdict


def test_as_many_as_were_counted_are_not_all_if_some_are_new() -> None:
    """One was deleted before it came, and one was inserted."""
    first = page(("c", 30), ("b", 20), total=4, asked=30)
    proof = read_by_number((first, page(("new", 31), ("a", 10), total=4)))
    assert is_in_doubt(proof)
    # Another pass has all that the first had.
    take(proof)
    this = proof.begin_pass()
    take(
        proof,
        page(("new", 31), ("c", 30), total=4),
        page(("a", 10), ("b", 20), total=4),
    )
    this.has_ended = True
    assert proof.verdict.is_complete


def test_a_pass_knows_what_was_known_when_it_began() -> None:
    """An edit between the passes is new to the second, an insert before is not."""
    proof = taken(page(("x", 40)))
    this = proof.begin_pass()
    take(
        proof,
        page(("a", 10), ("b", 39), total=4, asked=45),
        page(("c", 40), ("d", 38), total=5, asked=45),
    )
    this.has_ended = True
    assert this.is_complete


def test_a_pass_knows_what_all_before_it_sent() -> None:
    """Records without a time may be new, unless they came before."""
    proof = read_by_number(
        page(("a", None), total=4), page(("b", None), total=4), page(("c", None))
    )
    this = proof.begin_pass()
    take(proof, page(("d", None), total=4, asked=45))
    take(proof, page(("a", None), ("b", None), total=5), page(("c", None), total=4))
    this.has_ended = True
    assert this.is_complete


def test_older_versions_are_remembered_as_long_as_a_replica_may_show_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rule 5, for what is younger than what was read."""
    monkeypatch.setattr(versions, "_FEW", 2)
    proof = taken(page(("a", 5)), page(("b", 6)), page(("c", 7)))
    proof.coverage.add(BEGINNING, moment(6))
    take(proof, page())
    again = page(("b", 6), ("c", 7))
    assert proof.take(again, PageRequest(), proof.pages) == []


@pytest.mark.parametrize(("reached", "is_known"), [(600, True), (601, False)])
def test_what_is_still_to_be_read_is_remembered(
    monkeypatch: pytest.MonkeyPatch, reached: float, *, is_known: bool
) -> None:
    """Rule 5, by time: what was read is not read again."""
    monkeypatch.setattr(versions, "_FEW", 1)
    proof = taken(page(("a", 600), ("new", 1000)))
    proof.coverage.add(BEGINNING, moment(reached))
    proof.take(page(), PageRequest(), 9)
    older = proof.take(page(("a", 590)), PageRequest(), proof.pages)
    assert older == ([] if is_known else [("a", 590)])


@pytest.mark.parametrize(("newest", "is_known"), [(60, True), (61, False)])
def test_how_far_a_replica_lags_is_reckoned_by_the_clock_of_the_records(
    monkeypatch: pytest.MonkeyPatch, newest: float, *, is_known: bool
) -> None:
    """Rule 5, by number. The clock of the responses may be far ahead."""
    monkeypatch.setattr(versions, "_FEW", 1)
    proof = taken()
    proof.begin_pass()
    take(proof, page(("a", 0), ("new", newest), asked=9000))
    proof.take(page(asked=9000), PageRequest(), 9)
    older = proof.take(page(("a", -1)), PageRequest(), proof.pages)
    assert older == ([] if is_known else [("a", -1)])


def test_the_passes_look_for_what_has_no_time_if_it_was_counted() -> None:
    proof = taken(BEFORE)
    count_undated(proof, 5, 3)
    this = proof.begin_pass()
    take(proof, page(("x", None), total=2))
    this.has_ended = True
    assert proof.verdict == Verdict(1, "1 records have no modification time")
    take(proof, page(("y", None), total=2))
    assert proof.verdict == Verdict()


@pytest.mark.parametrize(
    ("verdict", "is_complete", "is_unfinished"),
    [
        (Verdict(), True, False),
        (Verdict(1, "why"), False, True),
        (Verdict(1, "why", is_accepted=True), False, False),
        (Verdict(why="why"), False, True),
    ],
)
def test_what_is_not_proven_is_proven_by_the_next_read(
    verdict: Verdict, *, is_complete: bool, is_unfinished: bool
) -> None:
    assert verdict.is_complete is is_complete
    assert verdict.is_unfinished is is_unfinished
