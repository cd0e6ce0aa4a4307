"""A target in memory, and the syncs that fill it."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.paging import Walk
from tap_clientsuccess.replication import IncrementalRead

if t.TYPE_CHECKING:
    import datetime as dt

    from server_model import ServerModel


def after_three_syncs_under_edits(
    server: ServerModel, width: int, changes: int
) -> Warehouse:
    """Return a warehouse after these, and a fourth when nothing changes any more."""
    warehouse = Warehouse()
    server.changes_per_read = changes
    for _ in range(3):
        warehouse.sync(server, width)
    server.changes_per_read = 0
    warehouse.sync(server, width)
    return warehouse


class Warehouse:
    """What a target holds after some syncs."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, t.Any]] = {}
        self.bookmark: dt.datetime | None = None
        self.missing = 0
        self.in_doubt = False

    def sync(self, server: ServerModel, width: int) -> None:
        start = self.bookmark
        read = IncrementalRead(start, creation_key=None, server_filters=lambda: True)
        walk = Walk(lambda wanted: server.fetch(wanted, start), width=width)
        for page in walk:
            for record in page.records:
                if read.wants(record):
                    self.rows[record["id"]] = record
        self.missing = walk.missing
        self.in_doubt = walk.in_doubt
        if not self.is_told:
            reached = read.bookmark(walk.certain_until)
            self.bookmark = max(filter(None, [reached, start]), default=None)

    @property
    def is_told(self) -> bool:
        return bool(self.missing or self.in_doubt)

    def lacks(self, server: ServerModel) -> list[int]:
        return [
            key for key in server.versions if self.rows.get(key) != server.record(key)
        ]
