"""What a sync must not lose, with the tap over HTTP: a rule of `proof` each."""

from __future__ import annotations

import datetime as dt
import typing as t
from random import Random

import pytest
from conftest import wait_until
from model_http import STREAM, ModelServer, Syncs, serving
from server_model import DAY, SECOND, START, ServerModel

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., tuple[ModelServer, Syncs]]


@pytest.fixture
def serve(capsys: pytest.CaptureFixture[str]) -> Iterator[Serve]:
    """Serve a model with so many records; keyword arguments say how it is."""
    running = []

    def start(
        records: int, *, seed: int = 1, tied: int = 0, **how: t.Any
    ) -> tuple[ModelServer, Syncs]:
        model = ServerModel(Random(seed), **how)  # noqa: S311
        model.fill(records, tied=tied)
        context = serving(model)
        server = context.__enter__()
        running.append(context)
        return server, Syncs(server, capsys)

    yield start
    for context in running:
        context.__exit__(None, None, None)


WARNS = "missing"


@pytest.mark.parametrize("place", range(0, 20, 4))
def test_an_older_version_never_follows_a_newer(serve: Serve, place: int) -> None:
    """Rule 5: an edit comes between a numbered page and that of the newest changes.

    The latter is requested first and answered last, and the clock of the responses is
    ahead of the records'.
    """
    server, syncs = serve(300, size=20, clock=9000 * SECOND)
    model = server.model

    def edit() -> None:
        wait_until(lambda: len(server.shown) > place)
        model.edit(server.shown[place])

    server.before_newest = edit
    syncs.run()
    assert syncs.went_back == []
    assert syncs.lacks == []


@pytest.mark.parametrize("where", ["first", "last", "always last"])
@pytest.mark.parametrize("breaks_after", [3, 6, 9, 12, 20])
def test_a_resumed_first_read_reads_what_has_no_time(
    serve: Serve, where: str, breaks_after: int
) -> None:
    """Rule 3, with the state of a run that a server error ended."""
    _, syncs = serve(300, size=20, undated=5, undated_are=where)
    syncs.run(breaks_after=breaks_after)
    syncs.run(breaks_after=breaks_after)
    syncs.run()
    assert syncs.lacks == []
    requests = syncs.server.model.requests
    requests.clear()
    syncs.run(lookback_seconds=10)
    # It is proven, and the state says so; but more of them may have come.
    first, *others = requests
    assert first.size != 1
    assert all(request.size == 1 for request in others)


def test_inserts_and_deletes_do_not_hide_what_has_no_time(serve: Serve) -> None:
    """Rule 3: as many came and went as there are without a time."""
    for moment in (3, 6, 9):
        server, syncs = serve(120, size=20, undated=3, undated_are="always last")
        model = server.model

        def change(model: ServerModel = model) -> None:
            for key in (50, 51, 52):
                model.insert()
                model.delete(key)

        def on_request(model: ServerModel = model, moment: int = moment) -> None:
            if len(model.requests) == moment:
                change(model)

        model.on_request = on_request
        syncs.run()
        assert set(syncs.lacks) <= {121, 122, 123}, moment
        syncs.run()
        assert syncs.lacks == [], moment


def test_the_total_decides_and_not_the_hint(serve: Serve) -> None:
    """Rule 4: the server caps a page and reckons with the size that was requested."""
    server, syncs = serve(250, size=100, hints_at=500)
    syncs.run(page_size=500)
    assert syncs.lacks == []
    for key in range(1, 151):
        server.model.edit(key)
    server.model.now += DAY
    before = syncs.state["bookmarks"][STREAM]["replication_key_value"]
    syncs.run(page_size=500)
    assert syncs.lacks == []
    assert syncs.state["bookmarks"][STREAM]["replication_key_value"] > before


@pytest.mark.parametrize("sizes", [(5, 10), (10, 5), (7, 20)])
def test_pages_of_one_time_whose_size_changes(
    serve: Serve, caplog: pytest.LogCaptureFixture, sizes: tuple[int, int]
) -> None:
    """Places are reckoned from pages of one size alone: see `groups`."""
    server, syncs = serve(40, size=20, tied=22)
    model = server.model

    def on_request() -> None:
        model.size = sizes[model.requests[-1].number > 0]

    model.on_request = on_request
    syncs.run()
    assert syncs.lacks == [] or WARNS in caplog.text


@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("name", ["of a read in progress", "of a complete read"])
def test_a_state_of_an_earlier_version(serve: Serve, name: str, width: int) -> None:
    """It has a bookmark and nothing else: what it says was sent is not read again."""
    server, syncs = serve(300, size=20)
    times = sorted(record["modified"] for record in server.model.records.values())
    time = times[99 if "progress" in name else -1]
    bookmark = {
        "replication_key": "modifiedTime",
        "replication_key_value": time.isoformat(),
    }
    syncs.state = {"bookmarks": {STREAM: bookmark}}
    syncs.run(concurrency=width, lookback_seconds=0)
    expected = {k for k, r in server.model.records.items() if r["modified"] >= time}
    assert set(syncs.rows) == expected
    assert set(bookmark) < set(syncs.state["bookmarks"][STREAM])


def test_a_first_read_says_in_the_state_that_it_is_unfinished(serve: Serve) -> None:
    _, syncs = serve(300, size=20)
    syncs.run(breaks_after=14, concurrency=1)
    state = syncs.state["bookmarks"][STREAM]
    assert dt.datetime.fromisoformat(state["first_read_began"]) > START
    assert state["replication_key_value"]
    syncs.run()
    assert syncs.state["bookmarks"][STREAM]["first_read_began"] is None


@pytest.mark.parametrize("width", [1, 8])
def test_what_a_start_date_leaves_out_is_not_missing(
    serve: Serve, caplog: pytest.LogCaptureFixture, width: int
) -> None:
    """Records without a time are wanted, whatever the start."""
    server, syncs = serve(200, size=20, undated=3, undated_are="always last")
    times = sorted(
        r["modified"] for r in server.model.records.values() if r["modified"]
    )
    start = times[100]
    syncs.run(start_date=start.isoformat(), concurrency=width)
    expected = {
        key
        for key, record in server.model.records.items()
        if record["modified"] is None or record["modified"] >= start
    }
    assert set(syncs.rows) == expected
    assert WARNS not in caplog.text


@pytest.mark.parametrize(
    "how",
    [
        {"most_counted": 1000, "tied": 1500},
        {"most_counted": 1000, "tied": 1500, "tells_total": False},
        {"most_counted": 1000, "order": "by name", "filter": "ignored"},
        {"most_counted": 1000, "undated": 500, "undated_are": "always last"},
        {"most_counted": 1000, "hints_at": 500},
    ],
    ids=str,
)
def test_a_total_that_is_capped_ends_nothing(
    serve: Serve, caplog: pytest.LogCaptureFixture, how: dict[str, t.Any]
) -> None:
    """Rule 4: neither a group, nor a list that is read by number, nor a search."""
    caplog.set_level("INFO")
    _, syncs = serve(1600, size=200, is_shallow=False, **how)
    syncs.run()
    is_told = "may be missing" in caplog.text or "are missing" in caplog.text
    assert syncs.lacks == [] or is_told


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"total_heeds_filter": False},
        {"shows_undated": True, "undated": 3, "undated_are": "always last"},
    ],
    ids=str,
)
@pytest.mark.parametrize("first", [True, False])
def test_a_hint_never_beats_what_follows(
    serve: Serve, how: dict[str, t.Any], *, first: bool
) -> None:
    """Rule 4: though something passes every filter, or the total heeds none."""
    server, syncs = serve(450, size=100, hints_at=500, **how)
    model = server.model
    if not how:
        model.records[450]["modified"] = dt.datetime(3000, 1, 1, tzinfo=dt.UTC)
    start = START + 100 * SECOND
    settings: dict[str, t.Any] = {"page_size": 500, "start_date": start.isoformat()}
    if not first:
        value = {"replication_key": "modifiedTime"}
        value["replication_key_value"] = start.isoformat()
        syncs.state = {"bookmarks": {STREAM: value}}
        settings = {"page_size": 500, "lookback_seconds": 0}
    syncs.run(**settings)
    expected = {
        key
        for key, record in model.records.items()
        if record["modified"] and record["modified"] >= start
    }
    assert expected <= set(syncs.rows)


def test_many_of_one_time_without_totals_are_no_doubt(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    _, syncs = serve(450, size=200, tied=450, tells_total=False)
    syncs.run()
    assert syncs.lacks == []
    assert WARNS not in caplog.text


def test_a_time_of_1970_is_no_doubt(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server, syncs = serve(300, size=20)
    for key in (1, 2, 3):
        server.model.records[key]["modified"] = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    syncs.run()
    assert syncs.lacks == []
    assert WARNS not in caplog.text
