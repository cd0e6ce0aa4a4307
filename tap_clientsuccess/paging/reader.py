"""One read of a paged search: by time where that is possible, else by number."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.by_number import NumberReader
from tap_clientsuccess.paging.by_time import FURTHER_BACK, TimeReader
from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import Completeness, Outcome

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from tap_clientsuccess.paging.page import Batch, Submit


class Reader:
    """Reads a search once; iterate over it.

    Yields batches of records. A record may come more than once.

    Attributes:
        outcome: How the read ended, after the iteration.
        is_by_number: Whether it was read by number.
        why_by_number: Why a read by time went on by number; empty where it did not.
    """

    def __init__(  # noqa: PLR0913 # one for each thing that a caller knows
        self,
        submit: Submit,
        *,
        start: dt.datetime | None,
        bookmark: dt.datetime | None,
        lookback: dt.timedelta,
        width: int,
        by_time: bool = True,
    ) -> None:
        """Prepare to read.

        Args:
            submit: Sends a request for a page in the background.
            start: Records modified before this are not wanted; None wants all.
            bookmark: The newest change that an earlier read has sent, if any.
            lookback: How long a change may take to be visible everywhere.
            width: Requests in flight at once.
            by_time: Whether to try to read by time.
        """
        self.outcome = Outcome()
        self.is_by_number = False
        self.why_by_number = ""
        self._by_time = by_time
        self._time_reader = TimeReader(
            submit, start=start, bookmark=bookmark, lookback=lookback, width=width
        )
        self._number_reader = NumberReader(
            submit, start=start and start - FURTHER_BACK, width=width
        )

    def __iter__(self) -> Iterator[Batch]:
        if self._by_time:
            try:
                yield from self._time_reader
            except NotByTimeError as reason:
                self.why_by_number = str(reason)
            else:
                self.outcome = self._time_reader.outcome
                return
        self.is_by_number = True
        yield from self._number_reader
        self.outcome = self._number_reader.outcome

    @property
    def must_go_back(self) -> bool:
        """Whether the bookmark must go back to where it was before this read.

        What reading by time had reached may lack what then did not come by number.
        """
        is_complete = self.outcome.completeness is Completeness.COMPLETE
        return self.is_by_number and not is_complete
