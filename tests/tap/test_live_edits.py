"""Over HTTP, while the data changes: complete, or a warning."""

from __future__ import annotations

import datetime as dt
import typing as t
from random import Random

import pytest

from clientsuccess_sandbox import Edits, Fault, RepeatPage, Sandbox, WrongTotal
from clientsuccess_sandbox.data import KINDS
from tap_clientsuccess.paging.page import Page, PageRequest, Window
from tap_clientsuccess.paging.reader import Reader
from tap_clientsuccess.records.record_reader import EncodedRecord

if t.TYPE_CHECKING:
    from conftest import Output, Sync

PAGED = ["contacts", "pulses", "tasks"]
UNSORTED = {"/search": {"sortBy", "sortDirection"}}
UNFILTERED = {"/search": {"modifiedAfter"}}
HABITS: dict[str, dict[str, t.Any]] = {
    "as it should be": {},
    "clock hours behind": {"clock_offset": -18_000.0},
    "clock hours ahead": {"clock_offset": 18_000.0},
    "exclusive filter": {"inclusive": False},
    "no filter": {"ignore": UNFILTERED},
    "no sort": {"ignore": UNSORTED},
    "size of its own": {"echo_size": True},
    "equal times in any order": {"unstable_ties": True},
}


class History:
    """Several syncs of one sandbox, each from the previous state."""

    def __init__(self, sync: Sync, sandbox: Sandbox, concurrency: int) -> None:
        self._run = sync
        self._settings = {"base_url": sandbox.base_url, "concurrency": concurrency}
        self.sandbox = sandbox
        self.state: dict[str, t.Any] | None = None
        self.records: dict[tuple[str, int], dict[str, t.Any]] = {}

    def sync(self) -> Output:
        output = self._run(streams=PAGED, state=self.state, **self._settings)
        for stream, records in output.records.items():
            self.records |= {(stream, record["id"]): record for record in records}
        self.state = output.state
        return output

    def lacking(self) -> set[str]:
        """Return the streams with missing or outdated records."""
        return {
            stream
            for stream in PAGED
            for record in self.sandbox.store.records(stream)
            if not is_newest(stream, self.records.get((stream, record["id"])), record)
        }


def is_newest(stream: str, ours: dict[str, t.Any] | None, record: t.Any) -> bool:
    names = {"modifiedTime", KINDS[stream].text} & record.keys()
    return ours is not None and all(ours[name] == record[name] for name in names)


def warned(caplog: pytest.LogCaptureFixture) -> set[str]:
    """Return the streams for which the tap warned of missing records."""
    texts = [record.getMessage() for record in caplog.records]
    said = ("records are missing", "records may be missing")
    return {text.partition(":")[0] for text in texts if any(s in text for s in said)}


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("habit", HABITS)
def test_nothing_is_lost_under_edits(
    sync: Sync, caplog: pytest.LogCaptureFixture, habit: str, concurrency: int
) -> None:
    settings = {"seed": 3, "clients": 12, "max_size": 5} | HABITS[habit]
    with Sandbox(**settings, modification_times={"pulses": True}) as sandbox:
        history = History(sync, sandbox, concurrency)
        sandbox.faults.add(Edits("*", every=2))
        history.sync()
        history.sync()
        sandbox.faults.clear()
        caplog.clear()
        history.sync()
        assert history.lacking() <= warned(caplog)


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    "fault",
    [
        RepeatPage("/contact/search"),
        RepeatPage("/contact/search", number=2),
        WrongTotal("/contact/search", elements=5),
        WrongTotal("/contact/search", elements=-5),
        WrongTotal("/contact/search", elements=-40, pages=-4),
        WrongTotal("/contact/search", pages=3),
        WrongTotal("/contact/search", pages=-1),
        WrongTotal("/contact/search", elements=5, probability=0.5),
    ],
    ids=str,
)
def test_a_misleading_server_ends_complete_or_with_a_warning(
    sync: Sync,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    concurrency: int,
) -> None:
    sandbox.max_size = 7
    sandbox.faults.add(fault)
    output = sync(streams=["contacts"], concurrency=concurrency)
    is_short = output.ids("contacts") != sandbox.store.ids("contacts")
    assert not is_short or warned(caplog)
    bookmark = output.bookmark("contacts") or ""
    assert set(output.ids("contacts")) >= {
        record["id"]
        for record in sandbox.store.records("contacts")
        if record["modifiedTime"] <= bookmark
    }
    assert len(sandbox.requests) < 300


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("totals", [(0, 100), (0, 200), (90, 110)], ids=str)
def test_jumping_totals_end_complete_or_with_a_warning(
    width: int, totals: tuple[int, int]
) -> None:
    random = Random(width)  # noqa: S311

    def search(request: PageRequest) -> Page:
        ids = range(100)[request.number * 7 : (request.number + 1) * 7]
        total, last = random.randint(*totals), (request.number + 1) * 7 >= 100
        times = [None] * len(ids)
        now = dt.datetime.now(dt.UTC)
        records = [EncodedRecord(b"", key, None, None) for key in ids]
        return Page(
            request.number, records, ids, times, total, 7, last=last, sent_at=now
        )

    reader = Reader(
        lambda request: lambda: search(request),
        Window(),
        width=lambda: width,
        by_time=False,
    )
    seen = {key for batch in reader for key in batch.page.keys}
    assert len(seen) == 100 or not reader.proof.verdict.is_complete


@pytest.mark.parametrize("page_size", [10, 15, 20, 25, 30])
def test_a_wrong_total_is_accepted_whatever_the_page_size(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, page_size: int
) -> None:
    sandbox.extra_total = 1
    output = sync(streams=["clients"], page_size=page_size)
    assert output.bookmark("clients")
    assert "so the bookmark moves on" in caplog.text


def test_a_single_page_that_lacks_records_is_reported(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.extra_total = 7
    output = sync(streams=["clients"])
    assert output.ids("clients") == sandbox.store.ids("clients")
    assert "clients: 7 records are missing: the server counts more" in caplog.text
    caplog.clear()
    caplog.set_level("INFO")
    sandbox.requests.clear()
    sync(
        streams=["clients"],
        state=output.state,
        full_read_interval_days={"*": None},
    )
    assert "missing" not in caplog.text
    surplus = "clients: the server counts 7 records more than its filter by time lets"
    assert caplog.text.count(surplus) == 1
    # One to learn the time, and two to find that the total is wrong.
    assert len(sandbox.requests) == 4
