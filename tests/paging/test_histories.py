"""No record is lost silently, whatever the server does and whatever changes."""

from __future__ import annotations

import typing as t
from random import Random
from statistics import median

import pytest
from histories import CASES, run
from server_model import DISTINCT, TIED, ServerModel
from warehouse import Warehouse

SEEDS = range(6)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_silently(name: str) -> None:
    histories = [run(seed, CASES[name]) for seed in SEEDS]
    assert [history.lost for history in histories if history.lost] == []
    # The histories are as large as intended: many pages, many changes.
    assert median(history.pages for history in histories) >= 10
    assert median(history.changes for history in histories) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_in_many_histories(
    name: str, record_property: t.Callable[[str, object], None]
) -> None:
    histories = [run(1000 + seed, CASES[name]) for seed in range(300)]
    syncs = sum(history.syncs for history in histories)
    told = sum(history.told for history in histories)
    record_property("history", f"{name}|{len(histories)}|{syncs}|{told}")
    assert [history.lost for history in histories if history.lost] == []


def test_light_edits_leave_at_most_one_percent_of_syncs_uncertain() -> None:
    histories = [run(seed, {}, changes=0.1, light=True) for seed in range(100)]
    assert not any(history.lost for history in histories)
    assert sum(history.changes for history in histories) >= 100
    assert sum(history.told for history in histories) <= 3


@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("case", ["distinct times", "ties", "filter by the second"])
def test_each_bookmark_is_safe(case: str, width: int) -> None:
    """Whenever the tap is killed, everything up to the last bookmark has been sent."""
    for seed in SEEDS:
        random = Random(seed)  # noqa: S311
        settings = dict(CASES[case])
        tied = settings.pop("tied", 0)
        server = ServerModel(random, size=random.choice([5, 10]), **settings)
        server.fill(200, tied=tied)
        server.changes_per_read = 0.5
        warehouse = Warehouse(width=width)
        warehouse.checks_each_bookmark = True
        kills = [*range(3, 3 * random.randint(2, 8), 3), None]
        for batches in kills:
            warehouse.sync(server, batches=batches)
        assert warehouse.bookmark
        server.changes_per_read = 0
        server.now += warehouse.lookback
        warehouse.sync(server)
        assert warehouse.is_told or warehouse.lacks(server) == []


@pytest.mark.parametrize("ticks", [DISTINCT, TIED], ids=["distinct", "tied"])
def test_records_that_shift_back_and_forth_are_read(ticks: tuple[float, ...]) -> None:
    """One record is deleted, another restored with its old time, between two reads."""
    for moment in range(1, 12):
        server = ServerModel(Random(moment), size=2, ticks=ticks)  # noqa: S311
        server.fill(12)
        server.delete(7)

        def change(server: ServerModel = server, moment: int = moment) -> None:
            if len(server.requests) == moment:
                server.delete(2)
                server.restore(index=0)

        server.on_request = change
        warehouse = Warehouse()
        warehouse.sync(server)
        # Restored behind the reader, it may be missing; nothing else may.
        assert set(warehouse.lacks(server)) <= {7}, moment
