"""Full reads, versions and deletes: what must hold after each night, whatever happens.

Drawn histories of nights; what they once found stands below by name.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from night_histories import CASES, run_history
from night_model import STREAMS, Kill, Listing, Setup, World, run_night
from server_model import DAY, HOUR, START
from target_model import StateStore, Target, merged

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from night_model import Night

SEEDS = range(3)
MANY = range(1000, 1240)
NAMES = pytest.mark.parametrize("name", CASES)


def histories(name: str, seeds: Iterable[int]) -> Counter[str]:
    """Run histories, none of which may find anything wrong; return what they count."""
    counts: Counter[str] = Counter()
    wrong = {}
    for seed in seeds:
        result = run_history(seed, CASES[name])
        counts += result.counts
        if result.wrong:
            wrong[seed] = result.wrong
    assert wrong == {}, name
    return counts


@NAMES
def test_what_must_hold(name: str) -> None:
    histories(name, SEEDS)


@pytest.mark.slow
@NAMES
def test_what_must_hold_in_many_histories(
    name: str, record_property: t.Callable[[str, object], None]
) -> None:
    counts = histories(name, MANY)
    record_property("nights", f"{name}|{len(MANY)}|{dict(counts)}")


def test_a_stream_by_number_is_not_taken_for_whole_where_no_clock_is_known() -> None:
    """What is due is decided before the window, also without any `Date`."""
    assert run_history(5031, CASES["no date, kills"]).wrong == []


def test_the_histories_are_as_rich_as_intended() -> None:
    counts = histories("all at once", range(100, 106))
    counts += histories("kills", range(100, 106))
    for what in ("ended early", "dropped", "full reads", "quiet full reads", "resumed"):
        assert counts[what] >= 3, what


def world_of(records: int, size: int = 5, *, merges: bool = False) -> World:
    """Return a world in which nothing happens by itself."""
    random = Random(1)  # noqa: S311
    listings = {}
    for name in STREAMS:
        listings[name] = Listing(random, size=size)
        listings[name].fill(records)
    target = Target("sdk", random)
    return World(
        random, listings, target, StateStore(merges), {"edit": 1}, now=START + 2 * DAY
    )


def setup_of(**intervals: float | None) -> Setup:
    return Setup(
        {"*": None, **intervals},
        config={
            "page_size": 5,
            "concurrency": 2,
            "lookback_seconds": 1,
            "emit_activate_version_messages": True,
        },
    )


def pass_night(world: World, setup: Setup, kill: Kill | None = None) -> Night:
    """Let a day pass, run, and keep what the target confirmed."""
    world.now += DAY
    night = run_night(world, setup, kill)
    world.store.keep(world.target.confirmed)
    return night


def versions_of(world: World, kind: str, stream: str = "products") -> list[int]:
    """The versions that the messages of a kind had in the last night."""
    return [
        message["version"]
        for message in world.messages
        if message["type"] == kind and message["stream"] == stream
    ]


def has(world: World, stream: str, key: int) -> bool:
    """Whether the target has the newest version of a record."""
    record = world.listings[stream].records[key]
    row = world.target.tables[stream].get(key)
    return row is not None and row.values["name"] == str(record["version"])


@pytest.mark.parametrize("what", ["tap", "target", "signal", "server"])
@pytest.mark.parametrize("merges", [False, True])
def test_a_full_read_that_is_killed_each_night_ends_with_one_version(
    what: str, *, merges: bool
) -> None:
    world, setup = world_of(150, merges=merges), setup_of(products=7)
    world.target.sizes = [1]
    pass_night(world, setup)
    world.now += 8 * DAY
    world.listings["products"].delete(9)
    versions: set[int] = set()
    for number in range(8):
        edited = 20 + number
        for listing in world.listings.values():
            listing.now = world.now
            listing.edit(edited)
        night = pass_night(world, setup, Kill(what, 24, "request"))
        versions |= {*versions_of(world, "RECORD")}
        assert has(world, "products", edited)
        assert has(world, "clients", edited)
        # No night is long enough for the whole of it.
        if night.error is None:
            break
        assert versions_of(world, "ACTIVATE_VERSION") == []
    assert 3 <= number <= 6
    assert versions_of(world, "ACTIVATE_VERSION") == [*versions]
    assert len(versions) == 1
    listing, table = world.listings["products"], world.target.tables["products"]
    assert table.keys() == listing.records.keys()
    assert all(has(world, "products", key) for key in listing.records)


def test_a_bookmark_that_proved_nothing_does_not_stay_in_meltano() -> None:
    """The first read distrusts the times after it has written a bookmark."""
    world, setup = world_of(100, merges=True), setup_of(products=7)
    listing = world.listings["products"]

    def lose_the_order() -> None:
        if len(listing.requests) == 18:
            listing.order = "by name"

    listing.on_request = lose_the_order
    pass_night(world, setup, Kill("tap", 60, "request"))
    bookmarks = [
        message["value"]["bookmarks"].get("products", {}).get("replication_key_value")
        for message in world.messages
        if message["type"] == "STATE"
    ]
    assert any(bookmarks)
    assert bookmarks[-1] is None
    kept = world.store.state["bookmarks"]["products"]
    assert kept["replication_key_value"] is None


def test_meltano_fails_where_null_becomes_an_object() -> None:
    """So the model of the store finds it."""
    with pytest.raises(TypeError):
        merged({"a": {"b": 1}}, {"a": None})


@pytest.mark.parametrize("how", ["by the day", "ignored"])
def test_a_full_read_sends_what_the_news_passed_over(how: str) -> None:
    """The filter brings more than is wanted, which is not sent with the news."""
    world, setup = world_of(60), setup_of(products=1)
    listing = world.listings["products"]
    listing.filter = how
    pass_night(world, setup)
    listing.delete(9)
    pass_night(world, setup)
    assert len(versions_of(world, "ACTIVATE_VERSION")) == 1
    assert world.target.tables["products"].keys() == listing.records.keys()


def test_a_delete_during_a_full_read_does_not_bar_its_activation() -> None:
    world, setup = world_of(60), setup_of(products=1)
    listing = world.listings["products"]
    pass_night(world, setup)
    listing.delete(9)
    listing.requests.clear()

    def delete() -> None:
        if len(listing.requests) == 10:
            listing.delete(1)

    listing.on_request = delete
    pass_night(world, setup)
    assert len(versions_of(world, "ACTIVATE_VERSION")) == 1
    assert 1 in world.target.tables["products"]
    assert 9 not in world.target.tables["products"]


BEGUN = Kill("tap", 24, "request")
"""Ends the night in the second half of a full read, which has a place by then."""


def begun(setup: Setup, *, has_known_number: bool = True) -> World:
    """Return a world in which a full read of products was begun, and killed."""
    world = world_of(150)
    world.target = Target("postgres", world.random)
    world.target.sizes = [1]
    pass_night(world, setup)
    if not has_known_number:
        world.store.state["bookmarks"]["products"].pop("full_read")
    world.now += 8 * DAY
    pass_night(world, setup, BEGUN)
    underway = world.store.state["bookmarks"]["products"]["full_read_in_progress"]
    assert underway["place"]
    return world


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"stream_maps": {"products": {"__alias__": "goods"}}}),
        ({}, {"stream_maps": {"products": {"more": "name"}}}),
        ({"emit_activate_version_messages": False}, {}),
        ({"start_date": "2026-01-01T00:02:00Z"}, {}),
    ],
)
def test_what_was_begun_on_another_basis_begins_anew(
    before: dict[str, t.Any], after: dict[str, t.Any]
) -> None:
    plain = setup_of(products=7)
    world = begun(replace(plain, config=plain.config | before))
    underway = world.store.state["bookmarks"]["products"]["full_read_in_progress"]
    dropped: list[int] = []
    world.target.on_delete = lambda _name, _version, gone: dropped.extend(gone)
    setup = replace(plain, config=plain.config | after)
    pass_night(world, setup)
    name = "goods" if "__alias__" in str(after) else "products"
    assert dropped == []
    assert world.target.tables[name].keys() == world.listings["products"].records.keys()
    (version,) = {*versions_of(world, "RECORD", name)}
    assert version > underway["version"]
    if "stream_maps" in after and name == "products":
        assert all("more" in row.values for row in world.target.tables[name].values())


def test_what_barred_a_full_read_bars_it_when_it_goes_on() -> None:
    """The state of an older version of the tap does not say how many there were."""
    setup = setup_of(products=7)
    world = begun(setup, has_known_number=False)
    pass_night(world, setup)
    assert world.store.state["bookmarks"]["products"]["full_read"]["began"]
    assert versions_of(world, "ACTIVATE_VERSION") == []
    world.now += 8 * DAY
    pass_night(world, setup)
    assert len(versions_of(world, "ACTIVATE_VERSION")) == 1


def test_a_version_grows_where_the_clock_goes_back() -> None:
    world, setup = world_of(30), setup_of(products=1)
    versions = []
    for clock in (20 * HOUR, -20 * HOUR, 20 * HOUR):
        world.clock = clock
        pass_night(world, setup)
        versions += versions_of(world, "ACTIVATE_VERSION")
    assert versions == sorted({*versions})
    assert len(versions) == 3


def test_each_night_is_on_time_where_nights_jitter() -> None:
    world, setup = world_of(30), setup_of(products=1)
    for number in range(6):
        world.now += (HOUR if number % 2 else -HOUR) / 6
        pass_night(world, setup)
        assert len(versions_of(world, "ACTIVATE_VERSION")) == 1


def test_a_new_column_is_there_after_the_next_night() -> None:
    """Also one that was there before, and was deselected in between."""
    world, setup = world_of(30), setup_of(products=7)
    more = replace(setup, columns=("name", "currency"))
    listing = world.listings["products"]
    pass_night(world, more)
    pass_night(world, setup)
    listing.now = world.now
    listing.edit(3)
    listing.now += HOUR
    listing.edit(4)  # So that 3 is not read again with the news.
    pass_night(world, setup)
    pass_night(world, more)
    rows = world.target.tables["products"]
    assert {key: row.values["currency"] for key, row in rows.items()} == {
        key: str(version) for key, version in listing.versions.items()
    }


def test_a_new_column_is_there_a_night_after_a_first_read_that_was_interrupted() -> (
    None
):
    world, setup = world_of(100), setup_of(clients=7)
    world.target.sizes = [1]
    more = replace(setup, columns=("name", "currency"))
    pass_night(world, setup, Kill("server", 20, "request"))
    assert pass_night(world, more).outcomes["clients"].is_complete
    rows = world.target.tables["clients"]
    assert len(rows) == 100
    assert not all("currency" in row.values for row in rows.values())
    pass_night(world, more)
    assert all("currency" in row.values for row in rows.values())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"stream_maps": {"products": {"__alias__": "goods"}}}),
        ({"start_date": "2026-01-01T00:00:20Z"}, {}),
    ],
)
def test_all_rows_are_there_after_the_next_night(
    before: dict[str, t.Any], after: dict[str, t.Any]
) -> None:
    """A new name, and an earlier start_date."""
    world, plain = world_of(30), setup_of(products=7)
    pass_night(world, replace(plain, config=plain.config | before))
    pass_night(world, replace(plain, config=plain.config | after))
    table = world.target.tables["goods" if after else "products"]
    assert table.keys() == world.listings["products"].records.keys()
