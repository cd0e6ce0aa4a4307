"""One read of a paged search: by time if possible, else by number."""

from __future__ import annotations

import contextlib
import typing as t
from functools import cached_property

from tap_clientsuccess.errors import RefusedError
from tap_clientsuccess.paging.by_number import NumberReader
from tap_clientsuccess.paging.by_time import TimeReader
from tap_clientsuccess.paging.chains import run
from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import FAR_FUTURE, Batch, PageRequest
from tap_clientsuccess.paging.proof import Proof
from tap_clientsuccess.paging.undated import Undated
from tap_clientsuccess.paging.versions import Versions
from tap_clientsuccess.paging.window import FURTHER_BACK

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.paging.page import Chain, Page, Record, Submit
    from tap_clientsuccess.paging.proof import Verdict
    from tap_clientsuccess.paging.window import Window


class Reader:
    """Reads a search once; iterate over it.

    Yields batches of records. A record may come more than once, but never in an older
    version.

    Attributes:
        why_by_number: Why a read by time continued by number; empty if it did not.
        undated: How many records were sent that have no time.
        versions: What was sent.
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
        """Prepare to read.

        Args:
            submit: Requests a page in the background.
            window: Which records are wanted.
            width: How many requests may be in flight now.
            by_time: Whether to try to read by time.
            versions: What was sent just before, by another reader.
        """
        self.why_by_number = ""
        self.undated = 0
        self._submit = submit
        self._window = window
        self._width = width
        self.versions = versions or Versions(window.lookback)
        self.versions.settled = None
        self._proof = Proof(self.versions)
        self._by_time = TimeReader(submit, window, self._proof, width)
        self._trusts_times = by_time
        """Whether what has a time is read by time; else everything is by number."""

    def __iter__(self) -> Iterator[Batch]:
        if self._trusts_times:
            try:
                yield from self._batches(self._by_time)
            except NotByTimeError as reason:
                self.why_by_number = str(reason)
                self._trusts_times = False
            else:
                if not self._proof.verdict.missing:
                    return
                self.why_by_number = self._proof.verdict.why
                self._trusts_times = not self._proof.unfound
        # Not in the `except` block: its traceback keeps pages in memory.
        after = None
        if not self._trusts_times:
            # What was counted and sent so far proves nothing.
            self._proof = Proof(self.versions, self._proof.newest)
            # A filter would hide what has no time from a first read.
            if self._window.start and not self._window.is_first:
                after = self._window.start - FURTHER_BACK
        reader = NumberReader(self._submit, self._proof, self._width, after)
        yield from self._batches(reader)

    def _batches(self, pages: t.Iterable[tuple[Page, list[t.Any]]]) -> Iterator[Batch]:
        oldest = self._window.oldest
        for page, records in pages:
            wanted = records
            if self.is_by_number and self._trusts_times:
                reached = self._by_time.coverage.reached
                wanted = [r for r in records if r.time is None or r.time >= reached]
            elif oldest and page.oldest and page.oldest < oldest:
                wanted = [record for record in records if self._wants(record, oldest)]
            if None in page.times:
                self.undated += sum(record.time is None for record in wanted)
            yield Batch(
                page, wanted, self._by_time.bookmark() if self._trusts_times else None
            )

    def _wants(self, record: Record, start: dt.datetime) -> bool:
        """Tell whether a record is to be sent.

        Its modification time decides. Without one, the creation time decides, unless
        the server filters: then the server returned the record for a reason, perhaps
        an edit whose time it does not show. A record without any time is wanted.
        """
        if record.time is None or record.time >= start:
            return True
        return record.modified is None and self._server_filters

    @cached_property
    def _server_filters(self) -> bool:
        """Whether a filter by a time in the future lowers the total."""
        filters = True

        def count() -> Chain[None]:
            nonlocal filters
            everything = (yield PageRequest.for_count()).total
            later = (yield PageRequest.for_count(FAR_FUTURE)).total
            filters = everything is None or later is None or later < everything

        with contextlib.suppress(RefusedError):
            list(run([count()], self._submit, self._width, self._proof))
        return filters

    @property
    def distinct(self) -> int:
        """How many distinct records were sent."""
        return len(self._proof.sent)

    @property
    def everything(self) -> int:
        """How many records there are, after a first or full read."""
        undated = self._proof.undated
        if undated.total is None or undated.timed is None:
            return self.distinct
        return undated.total + undated.timed

    @property
    def without_time(self) -> int:
        """How many records have no time, as far as is known."""
        return self._proof.undated.total or len(self._proof.undated.seen)

    def count_undated(self) -> int | None:
        """Count the records without a time now; None if the server does not tell."""
        undated = Undated()
        list(run([undated.count()], self._submit, self._width, self._proof))
        return undated.total

    @property
    def verdict(self) -> Verdict:
        """Whether everything was sent, after the iteration."""
        return self._proof.verdict

    @property
    def doubt_of_undated(self) -> str:
        """Why it is not known whether records without a time are missing, if so."""
        if not (self._trusts_times and self._window.is_first):
            return ""
        return self._by_time.why_undated_unknown

    @property
    def is_by_number(self) -> bool:
        """Whether it was read by number, in part or as a whole."""
        return bool(self._proof.passes)

    @property
    def started_earlier(self) -> bool:
        """Whether it started earlier than wanted, as the filter may hide records."""
        return self._by_time.started_earlier

    @property
    def distrusts_times(self) -> bool:
        """Whether what a read by time has reached turned out to prove nothing."""
        return bool(self.why_by_number) and not self._trusts_times

    @property
    def bookmark(self) -> dt.datetime | None:
        """The bookmark that the read allows, after the iteration; None for none."""
        if self._trusts_times:
            return self._by_time.bookmark(is_final=True)
        verdict = self._proof.verdict
        if not (verdict.is_complete or verdict.is_accepted):
            return None
        return self._proof.passes[-1].bookmark(self._proof.newest)
