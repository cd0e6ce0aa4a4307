"""The checks behind `make deletes` see what is wrong."""

from __future__ import annotations

import typing as t

import commands
import comparison
import deletes
import pipeline as pipelines
import postgres
import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

    from clientsuccess_sandbox import Sandbox

Records = dict[str, dict[str, dict[str, t.Any]]]


class Loaded:
    """What stands for a pipeline: its warehouse is what a test says."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.copy()

    def copy(self, *streams: str) -> None:
        """Load these streams, or all."""
        found = pipelines.account(self.sandbox)
        kept = {} if not streams else self.warehouse
        self.warehouse: Records = kept | {s: found[s] for s in streams or found}

    def rows(self) -> Records:
        return {
            stream: {
                key: {comparison.fold(name): value for name, value in row.items()}
                for key, row in rows.items()
            }
            for stream, rows in self.warehouse.items()
        }


@pytest.fixture
def loaded(sandbox: Sandbox) -> Loaded:
    return Loaded(sandbox)


@pytest.fixture
def checks(loaded: Loaded) -> t.Any:
    checks = deletes.Checks(t.cast("t.Any", loaded))
    for night in range(2):
        assert checks.check(night, is_done=True) == (0, 0)
    return checks


def test_a_dropped_living_row_is_seen(loaded: Loaded, checks: t.Any) -> None:
    del loaded.warehouse["pulses"]["3"]
    with pytest.raises(AssertionError, match=r"pulses .'3'. were dropped"):
        checks.check(2, is_done=False)


def test_a_row_that_never_came_is_seen(loaded: Loaded, checks: t.Any) -> None:
    number = loaded.sandbox.store.insert("products")["id"]
    checks.check(2, is_done=False)
    wrong = rf"products: .'{number}'. are missing"
    with pytest.raises(AssertionError, match=wrong):
        checks.check(3, is_done=True)


def test_a_row_of_a_deleted_record_may_be_as_old_as_the_interval(
    loaded: Loaded, checks: t.Any
) -> None:
    loaded.sandbox.store.delete("pulses", 3)
    for night in range(2, deletes.WEEK + 1):
        assert checks.check(night, is_done=True) == (0, 1)
    with pytest.raises(AssertionError, match="pulses 3: it was deleted"):
        checks.check(deletes.WEEK + 1, is_done=True)


def test_an_old_value_is_seen(loaded: Loaded, checks: t.Any) -> None:
    loaded.sandbox.store.edit("clients", 3, successScore=-1)
    checks.check(2, is_done=False)
    with pytest.raises(AssertionError, match="clients 3: successScore"):
        checks.check(3, is_done=True)


def test_no_table_yet_is_no_rows_and_a_failure_is_an_error(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "port", lambda: 1)
    monkeypatch.setattr(postgres, "query", lambda *_: [""])  # As psql shows a NULL.
    pipeline = pipelines.Pipeline(sandbox, tmp_path / "new", {})
    assert not any(pipeline.rows().values())

    def fail(*_: str) -> t.NoReturn:
        raise commands.SkippedError("psql failed")

    monkeypatch.setattr(postgres, "query", fail)
    with pytest.raises(commands.SkippedError):
        pipeline.rows()


def test_a_new_column_must_come_at_once(loaded: Loaded, checks: t.Any) -> None:
    loaded.sandbox.store.edit("contacts", 3, custom={"new__cs": 1})
    checks.note_added(2, {"contacts"})
    with pytest.raises(AssertionError, match="contacts 3: "):
        checks.check(2, is_done=True)
