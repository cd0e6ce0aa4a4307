"""How the messages of a stream are made of its records.

The SDK does all of it, except where its way is slow, or leaves out what the SCHEMA
message promises. There it overrides private methods of the SDK's stream, which
`tests/test_sdk_private_names.py` lists.
"""

from __future__ import annotations

import abc
import copy
import json
import typing as t
from contextlib import closing, nullcontext
from functools import cached_property

from singer_sdk import metrics
from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage
from singer_sdk.streams import RESTStream

from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.singer.batch_files import written
from tap_clientsuccess.singer.progress import Outcome, Status, StreamProgress
from tap_clientsuccess.singer.stream_maps import transformed

if t.TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from contextlib import AbstractContextManager

    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_clientsuccess.singer.reporter import Reporter
    from tap_clientsuccess.singer.writer import BufferedWriter

Lines = list[bytes]
"""Records as they are sent, each the JSON of an object in one line."""


class RecordStream(RESTStream[t.Any], abc.ABC):
    """A stream whose records are ready to be sent when they come here.

    They are written as they are where nothing is to be done with them. Stream maps,
    flattening, batch files and the deselection of nested fields take the SDK's way.
    """

    # `RecordReader` does it: faster, without loss, and strings such as "false" right.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    outcome = Outcome(status=Status.IN_PROGRESS)
    """How the last read ended."""
    example: t.Mapping[str, t.Any] | None = None
    """A record, where the tap makes them, to try stream maps on."""
    has_records = True
    """Whether responses have its records."""
    part = ""
    """What the log calls the second half of its run, while that is read."""
    version: int | None = None
    """The version that its records carry; None without versions."""
    reporter: Reporter
    """Reports the progress of all streams."""
    _state_sent: dict[str, t.Any] | None = None
    """With BATCH, the stream's state as of the last message."""

    @cached_property
    def progress(self) -> StreamProgress:
        """How far the sync of the stream has come."""
        return StreamProgress(self.name)

    @abc.abstractmethod
    def read_lines(self) -> Iterator[Lines]:
        """Read the records, some at a time; they are written before more are read."""

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002
        """Return the records decoded, for what takes the SDK's way."""
        for lines in self._reported_lines():
            yield from map(decode_json, lines)

    def read_rest(self) -> None:
        """Do what the SDK does after the SCHEMA message, which has left."""
        if batch_config := self.get_batch_config(self.config):
            self._sync_batches(batch_config)
        else:
            for _ in self._sync_records():
                pass

    @abc.abstractmethod
    def concluded(self) -> AbstractContextManager[None]:
        """Do what follows after the last record, or an error."""

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, None, None]:
        if self.has_records:
            # For batch files, or a sample, the caller concludes.
            with self.concluded() if write_messages else nullcontext():
                yield from self._read_records(context, write_messages=write_messages)

    def _read_records(
        self, context: Context | None, *, write_messages: bool
    ) -> Generator[Record, None, None]:
        self.outcome = Outcome(status=Status.IN_PROGRESS)
        self.progress = StreamProgress(self.name, self._bookmark_text, self.part)
        path = self.path.partition("?")[0]  # A query may hold a secret.
        with (
            self.reporter.of(self.progress),
            metrics.http_request_counter(self.name, endpoint=path) as counter,
        ):
            try:
                if write_messages and self._changes_nothing:
                    self._pass_records_on()
                else:
                    yield from super()._sync_records(
                        context, write_messages=write_messages
                    )
                self.progress.status = self.outcome.status.in_log
            except BaseException as error:
                self.progress.status = Status.after(error).in_log
                self._take_state_back()
                raise
            finally:
                self.progress.bookmark = self._bookmark_text
                # `increment` would write another line where the stream took minutes.
                counter.value = self.progress.requests.requests

    @property
    def _bookmark_text(self) -> str | None:
        bookmark = self.stream_state.get("replication_key_value")
        return None if bookmark is None else str(bookmark)

    def _reported_lines(self) -> Iterator[Lines]:
        """Read the records, and count those that have been taken."""
        for lines in self.read_lines():
            self.note_sending(lines)
            self.progress.records += len(lines)
            yield lines
            self.reporter.tick()

    @abc.abstractmethod
    def note_sending(self, lines: Lines) -> None:
        """Note that records are about to leave; there may be none of them."""

    @property
    def _changes_nothing(self) -> bool:
        """Whether the records are sent as `read_lines` gives them."""
        (first, *more) = self.stream_maps
        return (
            self.selected
            and not more
            and type(first) is SameRecordTransform
            and not first.flattening_enabled
            and not self._drops_nested_fields
            and self.ABORT_AT_RECORD_COUNT is None
        )

    @cached_property
    def _drops_nested_fields(self) -> bool:
        return any(
            not chosen and path[2:] and self.mask[path[:2]]
            for path, chosen in self.mask.items()
        )

    def _generate_record_messages(
        self, record: Record
    ) -> Generator[RecordMessage, None, None]:
        # Only then: it looks at each nested value.
        if self._drops_nested_fields:
            pop_deselected_record_properties(record, self.schema, self.mask)
        for stream_map in self.stream_maps:
            if (mapped := transformed(stream_map, record)) is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=utc_now(),
                )

    def _pass_records_on(self) -> None:
        """Do what the SDK does with records, but many at once and not decoded."""
        writer = t.cast("BufferedWriter", self._tap.message_writer)
        name = json.dumps(self.stream_maps[0].stream_alias)
        head = f'{{"type":"RECORD","stream":{name},"record":'.encode()
        with self.get_record_counter() as counter, self.get_sync_timer():
            for lines in self._reported_lines():
                tail = b"" if self.version is None else b',"version":%d' % self.version
                tail += b',"time_extracted":"%b"}\n' % utc_now().isoformat().encode()
                writer.write_records(head, lines, tail)
                self.state_manager.is_flushed = False
                counter.increment(len(lines))
            self._finalize_state(self.stream_state)
        self._write_state_message()

    def get_batches(
        self, batch_config: BatchConfig, context: Context | None = None
    ) -> Generator[tuple[BaseBatchFileEncoding, list[str]], None, None]:
        """Write batch files of what the RECORD messages would hold.

        The SDK would write the records as they were before selection, stream maps and
        flattening, which the SCHEMA message does not describe.
        """
        with closing(self._sync_records(context, write_messages=False)) as records:
            mapped = (
                message.record
                for record in records
                for message in self._generate_record_messages(record)
            )
            for manifest in written(self.tap_name, self.name, batch_config, mapped):
                yield batch_config.encoding, manifest

    def _sync_batches(
        self,
        batch_config: BatchConfig,
        context: Context | None = None,  # noqa: ARG002
    ) -> None:
        """Write batch files, each with the STATE of the records until there.

        The bookmark moves while a file is filled. If that is never sent, the bookmark
        goes back to where the last BATCH message left it.
        """
        if not self.has_records:
            return
        with self.concluded():
            self._state_sent = copy.deepcopy(self.stream_state)
            try:
                with (
                    self.get_batch_counter() as counter,
                    closing(self.get_batches(batch_config)) as batches,
                ):
                    for encoding, manifest in batches:
                        counter.increment()
                        self._write_batch_message(encoding=encoding, manifest=manifest)
                        self._state_sent = copy.deepcopy(self.stream_state)
                        self._write_state_message()
            except BaseException:
                self._take_state_back()
                raise
            self._write_state_message()

    def _take_state_back(self) -> None:
        """Forget what the state says of records that no BATCH message has."""
        if self._state_sent is not None:
            self.stream_state.clear()
            self.stream_state.update(self._state_sent)

    @property
    def _stream_version(self) -> int | None:
        """The version, where the SDK looks for it."""
        return self.version

    @_stream_version.setter
    def _stream_version(self, version: int | None) -> None:
        """Ignore the SDK's, which it takes for streams that are read in full."""

    def activate_version(self, version: int) -> None:
        """Let targets delete the rows of lesser versions."""
        super()._write_activate_version_message(version)

    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Leave it to `activate_version`.

        The SDK would tell it before the first record, and a target would drop what it
        has even where nothing comes in its stead.
        """

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark alone: whoever reads decides how far it may move.

        The SDK would compare times as strings and fail on a record without its
        replication key.
        """

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Write none to the state: the bookmark is where a read starts.

        The SDK would parse it in another way, and only where there is a start_date.
        """

    def write_state(self, *, is_due: bool = False) -> None:
        """Write a STATE message, if one is due, and let all records leave."""
        if is_due:
            self.state_manager.is_flushed = False
        self._write_state_message()

    def _write_state_message(self) -> None:
        """Write it, and flush: without one, the records would wait."""
        super()._write_state_message()
        t.cast("BufferedWriter", self._tap.message_writer).flush()
