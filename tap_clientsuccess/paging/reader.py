"""One read of a paged search: by time if possible, else by number."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.by_number import NumberReader
from tap_clientsuccess.paging.by_time import TimeReader
from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.filter_check import FURTHER_BACK
from tap_clientsuccess.paging.page import Completeness

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_clientsuccess.paging.page import Batch, Outcome, Submit, Window


class Reader:
    """Reads a search once; iterate over it.

    Yields batches of records. A record may come more than once.

    Attributes:
        why_by_number: Why a read by time continued by number; empty if it did not.
    """

    def __init__(
        self,
        submit: Submit,
        window: Window,
        *,
        width: Callable[[], int],
        by_time: bool = True,
    ) -> None:
        """Prepare to read.

        Args:
            submit: Sends a request for a page in the background.
            window: Which records are wanted.
            width: Returns how many requests may be in flight now.
            by_time: Whether to try to read by time.
        """
        self.why_by_number = ""
        start = window.start and window.start - FURTHER_BACK
        self._by_time = TimeReader(submit, window, width=width)
        self._by_number = NumberReader(submit, start=start, width=width)
        self._reader = self._by_time if by_time else self._by_number

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._reader
        except NotByTimeError as reason:
            self.why_by_number = str(reason)
        # Not in the `except` block: its traceback keeps pages in memory.
        if self.why_by_number:
            self._reader = self._by_number
            yield from self._reader

    @property
    def outcome(self) -> Outcome:
        """How the read ended, after the iteration."""
        return self._reader.outcome

    @property
    def is_by_number(self) -> bool:
        """Whether it is read by number."""
        return self._reader is self._by_number

    @property
    def must_go_back(self) -> bool:
        """Whether the bookmark must return to where it was before this read.

        It does if the read continued by number and is incomplete: the missing records
        may be older than what the read by time had reached.
        """
        is_complete = self.outcome.completeness is Completeness.COMPLETE
        return self.is_by_number and not is_complete
