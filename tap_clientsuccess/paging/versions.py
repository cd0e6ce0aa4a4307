"""Which versions of records were sent: an older one never follows a newer one."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

    from tap_clientsuccess.paging.page import Page

_FEW = 5_000
"""So many recent versions are always remembered."""


class Versions:
    """Which versions of records were sent lately: see rule 5.

    Attributes:
        settled: What changed before this is not requested again, so it is forgotten;
            None while the list is read by number, where nothing says so.
    """

    def __init__(self, lookback: dt.timedelta) -> None:
        self.settled: dt.datetime | None = None
        self._lookback = lookback
        self._sent: dict[Hashable, tuple[dt.datetime | None, int]] = {}
        """The time of each, and the number of the page that showed it."""
        self._most = _FEW

    def take(self, page: Page, number: int, pages_before: int) -> list[t.Any]:
        """Return the records of a page that are news.

        Args:
            page: The page.
            number: How many pages came, with this one.
            pages_before: How many had come when it was requested.
        """
        if len(self._sent) > self._most:
            self._forget(page, pages_before)
            self._most = 2 * (len(self._sent) + len(page.keys))
        records, sent = [], self._sent
        for record, key, time in zip(page.records, page.keys, page.times, strict=True):
            if key is not None:
                if key in sent and not _is_news(time, sent[key][0]):
                    continue
                sent[key] = time, number
            records.append(record)
        return records

    def _forget(self, page: Page, pages_before: int) -> None:
        """Forget what neither a page in flight nor a replica that lags can show."""
        until = page.sent_at - self._lookback
        if self.settled:
            until = min(until, self.settled)
        self._sent = {
            key: (time, number)
            for key, (time, number) in self._sent.items()
            if number >= pages_before or (time and time >= until)
        }


def _is_news(time: dt.datetime | None, before: dt.datetime | None) -> bool:
    if time is None or before is None:
        return time is not before
    return time > before
