"""Where an incremental read starts, and which records it sends."""

from __future__ import annotations

import datetime as dt
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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

    def of(self, records: Iterable[Record]) -> list[bytes]:
        """Return what to send of these records.

        Their modification time decides. Without one, the creation time decides, unless
        the server filters: then the server returned the record for a reason, perhaps an
        edit whose time it does not show.
        """
        start, bookmark = self._start, self._bookmark
        lines = []
        for record in records:
            changed = record.modified or record.created
            if changed is None:
                self.undated += 1
            elif start and changed < start:
                if record.modified or not self._server_filters():
                    continue
            elif bookmark and changed <= bookmark:
                self.repeated += 1
            lines.append(record.line)
        return lines
