"""Records without a time, which a filter may hide: how many there are.

Rule 3 of `proof`: two counts at the same moment, of all records and of those with a
time, tell that without any memory of earlier reads.
"""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging.keys import Tally
from tap_clientsuccess.paging.page import DEPTH, EPOCH, PageRequest

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Chain, Page

_PAIRS = 4
_MOST_COUNTS = 40


class Undated:
    """Counts the records without a time.

    They can be deleted, or get a time by an edit: those that were sent before a count
    need not be among those that it counted. So they are looked for anew whenever the
    count changed.

    Attributes:
        seen: Those that were sent, and are among those that were counted.
        total: How many there are; None if that is not known.
        why_unknown: Why that is not known, in words for the log.
        is_open: Whether they were counted, and no two pairs agreed.
    """

    def __init__(self) -> None:
        self.seen = Tally()
        self.total: int | None = None
        self.why_unknown = ""
        self.is_open = False

    @property
    def missing(self) -> int:
        """How many are known to be there and were not sent."""
        return max(0, (self.total or 0) - len(self.seen))

    def add(self, page: Page) -> None:
        """Take a page."""
        if None in page.times:
            pairs = zip(page.keys, page.times, strict=True)
            self.seen.add(key for key, time in pairs if time is None)

    def count(self, *known: int | None, most: int = _MOST_COUNTS) -> Chain[None]:
        """Count until two pairs in a row agree.

        Args:
            known: The total of the page that was just taken, if that has all records.
            most: How many counts may be tried.
        """
        counts = list(known)
        self.is_open = False
        while len(counts) < most:
            after = EPOCH if len(counts) % 2 else None
            counts.append((yield PageRequest.for_count(after)).total)
            if counts[-1] is None or counts[-1] == DEPTH:
                self.why_unknown = "the server does not count all records"
                return
            if len(counts) >= _PAIRS and counts[-4:-2] == counts[-2:]:
                timed, everything = sorted(t.cast("list[int]", counts[-2:]))
                is_same = self.total == everything - timed
                self.total = everything - timed
                if not is_same and not (known and len(counts) == _PAIRS):
                    self.seen = Tally()
                return
        self.is_open = True
