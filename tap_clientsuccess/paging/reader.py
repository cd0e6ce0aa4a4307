"""One read of a paged search: by time if possible, else by number."""

from __future__ import annotations

import typing as t
from functools import cached_property

from tap_clientsuccess.paging.by_number import read_by_number
from tap_clientsuccess.paging.by_time import TimeReader
from tap_clientsuccess.paging.chains import run
from tap_clientsuccess.paging.evidence import NotByTimeError, far_future
from tap_clientsuccess.paging.page import (
    FURTHER_BACK,
    Batch,
    PageRequest,
    is_undated,
)
from tap_clientsuccess.paging.proof import Proof
from tap_clientsuccess.paging.undated import Undated
from tap_clientsuccess.paging.versions import Versions

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator

    from tap_clientsuccess.paging.chains import Phase
    from tap_clientsuccess.paging.page import Chain, Page, Submit, Window


class Reader:
    """Reads a search once; iterate over it.

    Yields batches of records. A record may come more than once, but never in an older
    version.

    Attributes:
        proof: What came, and whether that is everything.
        versions: What was sent.
        by_time: How it is read by time.
        trusts_times: Whether what has a time is read by time; else everything is by
            number, and what a read by time has reached proves nothing.
    """

    def __init__(
        self,
        submit: Submit,
        window: Window,
        *,
        width: Callable[[], int],
        by_time: bool = True,
        versions: Versions | None = None,
    ) -> None:
        """Prepare to read a window.

        Args:
            submit: Requests a page in the background.
            window: Which records are wanted.
            width: How many requests may be in flight now.
            by_time: Whether to try to read by time.
            versions: What was sent just before, by another reader.
        """
        self.trusts_times = self._tries_times = by_time
        self.versions = versions or Versions()
        self._submit = submit
        self._window = window
        self._width = width
        self.proof = Proof(self.versions, window)
        self.by_time = TimeReader(window, self.proof, width)
        self._why_by_number = ""

    def __iter__(self) -> Iterator[Batch]:
        if self._tries_times:
            try:
                yield from self._batches(self.by_time.phases())
            except NotByTimeError as reason:
                self._why_by_number = str(reason)
                self.trusts_times = False
            else:
                if not self.proof.verdict.missing:
                    return
                self._why_by_number = self.proof.verdict.why
                self.trusts_times = not self.proof.unfound
        # Not in the `except` block: its traceback keeps pages in memory.
        after = None
        if not self.trusts_times:
            self.proof.distrust_times()
            # A filter would hide what has no time from a first read.
            if self._window.start and not self._window.wants_undated:
                after = self._window.start - FURTHER_BACK
        yield from self._batches(read_by_number(self.proof, after))

    def _batches(self, phases: Iterable[Phase]) -> Iterator[Batch]:
        for phase in phases:
            for page, new in run(phase, self._submit, self._width, self.proof):
                records = self._wanted(page, new)
                if len(records) < len(new):
                    # The next reader with these versions must not take them for sent.
                    kept = {record.key for record in records}
                    self.versions.drop(r.key for r in new if r.key not in kept)
                reached = self.by_time.bookmark() if self.trusts_times else None
                yield Batch(page, records, reached)

    def _wanted(self, page: Page, records: list[t.Any]) -> list[t.Any]:
        """Return the records that are to be sent: what has no time, or a late one.

        Where only the creation time is known and the server filters, it returned the
        record for a reason, perhaps an edit whose time it does not show.
        """
        window = self._window
        if self.proof.passes and self.trusts_times:
            # Only what has no time is missing, and what came since.
            reached = self.proof.coverage.reached
            records = [
                each
                for each in records
                if is_undated(each.time) or each.time >= reached
            ]
        # A first read by number starts over.
        start = window.start_date if window.wants_undated else window.start
        if not (start and page.oldest and page.oldest < start):
            return records
        return [
            record
            for record in records
            if record.time is None
            or record.time >= start
            or (record.modified is None and self._server_filters)
        ]

    @cached_property
    def _server_filters(self) -> bool:
        """Whether a filter by a time in the future lowers the total, or may do so."""
        totals: list[int | None] = []

        def count() -> Chain[None]:
            totals.append((yield PageRequest.for_count()).total)
            future = yield from far_future()
            totals.append(future.total if future else None)

        list(run([count()], self._submit, self._width, self.proof))
        everything, later = totals
        return everything is None or later is None or later < everything

    def count_undated(self) -> int | None:
        """Count the records without a time now; None if the server does not tell."""
        undated = Undated()
        list(run([undated.count()], self._submit, self._width, self.proof))
        return undated.total

    @property
    def passes(self) -> int:
        """How often the list was begun: by time, and each pass by number."""
        return len(self.proof.passes) + self._tries_times

    @property
    def why_again(self) -> str:
        """Why the list was begun again."""
        if len(self.proof.passes) == 1:
            return self._why_by_number
        return "the pass before does not prove that nothing is missing"

    @property
    def bookmark(self) -> dt.datetime | None:
        """The bookmark that the read allows, after the iteration; None for none."""
        if self.trusts_times:
            return self.by_time.bookmark(is_final=True)
        if self.proof.verdict.is_unfinished:
            return None
        return self.proof.passes[-1].bookmark(self.proof.newest)
