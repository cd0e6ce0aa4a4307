"""What each sync did, stream by stream: the proof of completeness in the warehouse."""

from __future__ import annotations

import typing as t
import uuid
from functools import cached_property

from singer_sdk.helpers._batch import SDKBatchMessage

from tap_clientsuccess.config.settings import package_version
from tap_clientsuccess.singer.batch_files import written
from tap_clientsuccess.singer.progress import BROKEN_OFF, Status
from tap_clientsuccess.streams.base import ClientSuccessStream
from tap_clientsuccess.timestamps import format_time

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.singerlib.encoding.simple import Message

    from tap_clientsuccess.singer.stream import Lines
    from tap_clientsuccess.streams.scheduled import ScheduledStream


class SyncLog(ClientSuccessStream):
    """One row per stream and run; none of a record's content (source: the tap itself).

    A row leaves when a stream's news have been read, and again, with the same key,
    after a full read. It is never deleted: its version is 1, and is not activated.
    """

    name = "sync_log"
    path = ""
    primary_keys = ("run_id", "stream")

    @property
    def example(self) -> dict[str, t.Any]:  # type: ignore[override]
        """A row, to try stream maps on."""
        values = {"string": "x", "integer": 1, "boolean": False}
        columns = self.schema["properties"].items()
        return {name: values[_type(column)] for name, column in columns}

    @cached_property
    def run_id(self) -> str:
        """Identifies this run of the tap."""
        return str(uuid.uuid4())

    def read_part(self) -> None:
        """Do nothing: the rows come as other streams end."""

    def read_lines(self) -> Iterator[Lines]:
        """Return nothing."""
        yield from ()

    def messages(self, stream: ScheduledStream) -> Iterator[Message]:
        """Make the messages of the row about a stream."""
        if not self.selected:
            return
        self.version = 1 if self.emit_activate_version_messages else None
        row = self._row(stream).items()
        messages = self._generate_record_messages(
            {name: value for name, value in row if self.mask["properties", name]}
        )
        if not (batch_config := self.get_batch_config(self.config)):
            yield from messages
            return
        rows = [message.record for message in messages]
        for manifest in [*written(self.tap_name, self.name, batch_config, rows)]:
            yield SDKBatchMessage(
                stream=self.stream_maps[0].stream_alias,
                encoding=batch_config.encoding,
                manifest=manifest,
            )

    def _row(self, stream: ScheduledStream) -> dict[str, t.Any]:
        outcome, schedule, parts = stream.outcome, stream.schedule, stream.parts
        status, next_at = _status(stream), schedule.next_at
        is_broken_off = status in BROKEN_OFF
        total = outcome.everything if stream.reads_everything else None
        new = [part.new for part in parts if part.new is not None]
        return {
            "run_id": self.run_id,
            "stream": stream.name,
            "started_at": format_time(stream.started_at),
            "ended_at": format_time(stream.ended_at),
            "kind": schedule.kind.value if schedule.has_begun else None,
            "resumed": schedule.is_resumed,
            "reason": schedule.reason or None,
            "status": status.value,
            "why": outcome.why or None,
            "records": sum(part.records for part in parts),
            "new_records": sum(new) if new else None,
            "distinct_records": None if is_broken_off else outcome.distinct,
            # Where the read did not end, only the server told.
            "server_total": total or parts[-1].total,
            "missing": None if is_broken_off else outcome.missing,
            "bookmark_before": stream.bookmark_at_start,
            "bookmark_after": parts[-1].bookmark,
            "version": stream.version,
            "requests": sum(part.requests.requests for part in parts),
            "retries": sum(part.requests.retries for part in parts),
            "next_full_read_at": next_at and format_time(next_at),
            "tap_version": package_version(),
        }


def _status(stream: ScheduledStream) -> Status:
    status = stream.outcome.status
    is_half = stream.schedule.has_second_half and not stream.reads_everything
    # The news are complete, the full read is not.
    return Status.IN_PROGRESS if is_half and status is Status.COMPLETE else status


def _type(column: dict[str, t.Any]) -> str:
    types = column["type"]
    return str(types if isinstance(types, str) else types[0])
