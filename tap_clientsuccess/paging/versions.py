"""Which versions of records were sent: an older one never follows a newer one."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Iterable

    from tap_clientsuccess.paging.page import Page

_FEW = 5_000
"""Up to so many versions, none is forgotten."""


class Versions:
    """Which versions of records were sent lately: see rule 5.

    Attributes:
        pages: How many pages came.
    """

    def __init__(self) -> None:
        self.pages = 0
        self._sent: dict[Hashable, tuple[dt.datetime | None, int]] = {}
        """The time of each, and the number of the page that showed it."""
        self._most = _FEW

    def take(self, page: Page, pages_before: int, until: dt.datetime) -> list[t.Any]:
        """Return the records of a page that are news.

        Args:
            page: The page.
            pages_before: How many pages had come when it was requested.
            until: What was modified before this, only pages in flight can show in an
                older version.
        """
        self.pages += 1
        if len(self._sent) > self._most:
            self._sent = {
                key: (time, number)
                for key, (time, number) in self._sent.items()
                if number >= pages_before or (time and time >= until)
            }
            self._most = 2 * (len(self._sent) + len(page.keys))
        records, sent = [], self._sent
        for record, key, time in zip(page.records, page.keys, page.times, strict=True):
            if key is not None:
                if key in sent and not _is_news(time, sent[key][0]):
                    continue
                sent[key] = time, self.pages
            records.append(record)
        return records

    def drop(self, keys: Iterable[Hashable]) -> None:
        """Forget records that were taken and then not sent."""
        for key in keys:
            self._sent.pop(key, None)


def _is_news(time: dt.datetime | None, before: dt.datetime | None) -> bool:
    # An edit gives a time to what had none; nothing loses its time.
    return time is not None and (before is None or time > before)
