"""Which records an incremental read wants, and how far the bookmark may go after it."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

MODIFICATION_KEY = "modifiedTime"


class IncrementalRead:
    """One incremental read of a stream.

    Attributes:
        start: Records changed before this are not wanted; None wants all.
        undated: How many records had no time at all.
    """

    def __init__(
        self,
        start: dt.datetime | None,
        *,
        modification_key: str = MODIFICATION_KEY,
        creation_key: str | None,
        server_filters: Callable[[], bool],
    ) -> None:
        """Begin a read.

        Args:
            start: Where it starts.
            modification_key: The field with the modification time.
            creation_key: The field with the creation time, for streams whose records
                may lack a modification time.
            server_filters: Tells whether the server heeds ``modifiedAfter``. Asked at
                most once, and only when a record needs it.
        """
        self.start = start
        self.undated = 0
        self._modification_key = modification_key
        self._creation_key = creation_key
        self._server_filters = server_filters
        self._newest: dt.datetime | None = None

    def wants(self, record: Mapping[str, t.Any]) -> bool:
        """Tell whether a record belongs to this read, and note its time.

        A record with a modification time is judged by it. One without is judged by its
        creation time only where the server does not filter: a server that does has
        chosen the record for a reason, perhaps an edit whose time it does not show.
        """
        changed = modified = parse_time(record.get(self._modification_key))
        if self._creation_key:
            changed = _later(modified, parse_time(record.get(self._creation_key)))
        if changed is None:
            self.undated += 1
            return True
        self._newest = _later(self._newest, changed)
        if self.start is None or changed >= self.start:
            return True
        return modified is None and self._server_filters()

    def bookmark(self, certain_until: dt.datetime | None) -> dt.datetime | None:
        """Return the bookmark that this read, when complete, allows.

        Args:
            certain_until: Records changed later may have escaped, so the bookmark never
                passes this moment.

        Returns:
            The newest change that was seen, or `certain_until` where that is earlier;
            None where there is nothing to go by.
        """
        if self._newest is None or certain_until is None:
            return self._newest
        return min(self._newest, certain_until)


def _later(one: dt.datetime | None, other: dt.datetime | None) -> dt.datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
