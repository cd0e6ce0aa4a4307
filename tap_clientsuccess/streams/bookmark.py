"""Where an incremental read starts, and which records it sends."""

from __future__ import annotations

import datetime as dt
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_clientsuccess.records.reader import Record

EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def start_of(
    bookmark: dt.datetime | None,
    start_date: dt.datetime | None,
    lookback: dt.timedelta,
) -> dt.datetime | None:
    """Return where a read starts: the lookback before the bookmark, or start_date."""
    if bookmark is None:
        return start_date
    return max(start_date or EARLIEST, max(bookmark, EARLIEST) - lookback)


class WantedRecords:
    """The records that an incremental read sends.

    Attributes:
        undated: How many had no time at all.
        repeated: How many did not change after the bookmark.
    """

    def __init__(
        self,
        start: dt.datetime | None,
        bookmark: dt.datetime | None = None,
        *,
        server_filters: Callable[[], bool],
    ) -> None:
        """Begin a read.

        Args:
            start: Skip records changed before this; None skips none.
            bookmark: The newest change that an earlier sync has sent, if any.
            server_filters: Tells whether the server applies ``modifiedAfter``. Called
                only when a record needs it.
        """
        self.undated = self.repeated = 0
        self._bookmark = bookmark
        self._start = start
        self._server_filters = server_filters

    def __contains__(self, record: Record) -> bool:
        """Tell whether to send a record.

        Its modification time decides. Without one, its creation time decides, unless
        the server filters: then the server returned the record for a reason, perhaps an
        edit whose time it does not show.
        """
        changed = record.modified or record.created
        if changed is None:
            self.undated += 1
            return True
        if self._start is None or changed >= self._start:
            self.repeated += self._bookmark is not None and changed <= self._bookmark
            return True
        return record.modified is None and self._server_filters()
