"""How the messages of a stream are made of its records.

There are three ways out, and one loop around them that counts and reports:

- Records leave as they are, many at once, where nothing is to be done with them.
- Stream maps, flattening and the deselection of nested fields need them one by one.
- With BATCH, they go into files, and messages name those.

The SDK does the rest. The private methods of its stream that are replaced here are
those that are slow, or leave out what the SCHEMA message promises;
`tests/test_sdk_private_names.py` lists them.
"""

from __future__ import annotations

import abc
import copy
import json
import typing as t
from collections.abc import Generator
from functools import cached_property

from singer_sdk import metrics
from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers._util import utc_now
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage
from singer_sdk.streams import Stream

from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.singer.batch_files import written
from tap_clientsuccess.singer.progress import Outcome, Status, StreamProgress
from tap_clientsuccess.singer.stream_maps import transformed

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_clientsuccess.singer.reporter import Reporter
    from tap_clientsuccess.singer.writer import BufferedWriter

Lines = list[bytes]
"""Records as they are sent, each the JSON of an object in one line."""
Messages = Generator[RecordMessage, None, None]


class RecordStream(Stream, abc.ABC):
    """A stream whose records are ready to be sent when they come here."""

    path: str
    """Where its records are, below the base URL."""
    http_method = "GET"
    """How they are requested."""
    outcome = Outcome(status=Status.IN_PROGRESS)
    """How the last read ended."""
    example: t.Mapping[str, t.Any] | None = None
    """A record, where the tap makes them, to try stream maps on."""
    part = ""
    """What the log calls the second half of its run, while that is read."""
    version: int | None = None
    """The version that its records carry; None without versions."""
    reporter: Reporter
    """Reports the progress of all streams."""

    @cached_property
    def progress(self) -> StreamProgress:
        """How far the sync of the stream has come."""
        return StreamProgress(self.name)

    @abc.abstractmethod
    def read_lines(self) -> Iterator[Lines]:
        """Read the records, some at a time; they are written before more are read."""

    @abc.abstractmethod
    def begin(self) -> None:
        """Decide what is read; once a run, before the first record leaves."""

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002
        """Return the records decoded."""
        for lines in self._lines():
            yield from map(decode_json, lines)

    def _lines(self) -> Iterator[Lines]:
        for lines in self.read_lines():
            self.begin()
            yield lines
            self.reporter.tick()

    def send_records(self) -> None:
        """Read the records and send them; `progress` and `outcome` say how that went.

        After an error, the state says nothing of records that did not leave.
        """
        self.outcome = Outcome(status=Status.IN_PROGRESS)
        self.progress = StreamProgress(self.name, self._bookmark_text, self.part)
        path = self.path.partition("?")[0]  # A query may hold a secret.
        with (
            self.reporter.of(self.progress),
            metrics.http_request_counter(self.name, endpoint=path) as counter,
        ):
            try:
                if batch_config := self.get_batch_config(self.config):
                    self._write_files(batch_config)
                else:
                    self._write_records()
                self._finalize_state(self.stream_state)
                self.write_state()
                self.progress.status = self.outcome.status.in_log
            except BaseException as error:
                self.progress.status = Status.after(error).in_log
                raise
            finally:
                self.progress.bookmark = self._bookmark_text
                # `increment` would write another line where the stream took minutes.
                counter.value = self.progress.requests.requests

    @property
    def _bookmark_text(self) -> str | None:
        bookmark = self.stream_state.get("replication_key_value")
        return None if bookmark is None else str(bookmark)

    @property
    def _writer(self) -> BufferedWriter:
        return t.cast("BufferedWriter", self._tap.message_writer)

    def _write_records(self) -> None:
        writer, passes_on = self._writer, self._changes_nothing
        name = json.dumps(self.stream_maps[0].stream_alias)
        head = f'{{"type":"RECORD","stream":{name},"record":'.encode()
        with self.get_record_counter() as counter, self.get_sync_timer():
            for lines in self._lines():
                self.state_manager.is_flushed = False
                if passes_on:
                    tail = f',"time_extracted":"{utc_now().isoformat()}"}}\n'
                    if self.version is not None:
                        tail = f',"version":{self.version}{tail}'
                    writer.write_records(head, lines, tail.encode())
                    self.progress.records += len(lines)
                    counter.increment(len(lines))
                    continue
                for line in lines:
                    self._check_max_record_limit(self.progress.records)
                    for message in self._generate_record_messages(decode_json(line)):
                        writer.write_message(message)
                    self.progress.records += 1
                    counter.increment()

    @property
    def _changes_nothing(self) -> bool:
        """Whether the records are sent as `read_lines` gives them."""
        (first, *more) = self.stream_maps
        return (
            not more
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

    def _generate_record_messages(self, record: Record) -> Messages:
        # Only then: it looks at each nested value.
        if self._drops_nested_fields:
            pop_deselected_record_properties(record, self.schema, self.mask)
        for stream_map in self.stream_maps:
            if (mapped := transformed(stream_map, record)) is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self.version,
                    time_extracted=utc_now(),
                )

    def _write_files(self, batch_config: BatchConfig) -> None:
        """Write batch files, each with the STATE of the records until there.

        They hold what RECORD messages would; the SDK would write the records as they
        were before selection, stream maps and flattening, which the SCHEMA message does
        not describe. The bookmark moves while a file is filled: if that is never sent,
        it goes back to where the last BATCH message left it.
        """
        sent, state = 0, copy.deepcopy(self.stream_state)
        try:
            with (
                self.get_batch_counter() as batches,
                self.get_record_counter() as counter,
                self.get_sync_timer(),
            ):
                records = self._mapped_records(counter)
                for files in written(self.tap_name, self.name, batch_config, records):
                    batches.increment()
                    self._write_batch_message(batch_config.encoding, files)
                    sent = self.progress.records
                    state = copy.deepcopy(self.stream_state)
                    self.write_state()
        except BaseException:
            self.progress.records = sent
            self.stream_state.clear()
            self.stream_state.update(state)
            raise

    def _mapped_records(self, counter: metrics.Counter) -> Iterator[Record]:
        for record in self.get_records(None):
            self._check_max_record_limit(self.progress.records)
            mapped = [each.record for each in self._generate_record_messages(record)]
            self.progress.records += 1
            counter.increment()
            yield from mapped

    def activate_version(self, version: int) -> None:
        """Let targets delete the rows of lesser versions."""
        super()._write_activate_version_message(version)

    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Leave it to `activate_version`.

        The SDK would tell it before the first record, and a target would drop what it
        has even where nothing comes in its stead.
        """

    def write_state(self, *, is_due: bool = False) -> None:
        """Write a STATE message, if one is due, and let all records leave."""
        if is_due:
            self.state_manager.is_flushed = False
        self._write_state_message()
        self._writer.flush()
