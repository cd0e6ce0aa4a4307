"""How the messages of a stream are made of its records.

The SDK does all of it, except where its way is slow, or leaves out what the SCHEMA
message promises. What is used of its insides stands here, and nowhere else.
"""

from __future__ import annotations

import json
import typing as t
from functools import cached_property

from singer_sdk.batch import Batcher
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams import RESTStream

from tap_clientsuccess.errors import ApiError, config_error
from tap_clientsuccess.paging.page import PageRequest
from tap_clientsuccess.singer.signals import Interrupted

if t.TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_clientsuccess.tap import TapClientSuccess


class EmittingStream(RESTStream[PageRequest]):
    """A stream whose records are conformed before they come here."""

    # `Conformer` does it: faster, without loss, and strings such as "false" right.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    _tap: TapClientSuccess
    _extracted: bytes
    _version_to_activate = 0
    is_whole = False
    """Whether the last read got all that there is."""

    def get_batches(
        self,
        batch_config: BatchConfig,
        context: Context | None = None,
    ) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
        """Write batch files of what the RECORD messages would hold.

        The SDK would write the records as they were before selection, stream maps and
        flattening, which the SCHEMA message does not describe.
        """
        if len(self.stream_maps) > 1:
            raise config_error(
                "batch_config cannot be combined with stream_maps that make several "
                f"streams of {self.name}"
            )
        batcher = Batcher(self.tap_name, self.name, batch_config)
        records = (
            message.record
            for record in self._sync_records(context, write_messages=False)
            for message in self._generate_record_messages(record)
        )
        for manifest in batcher.get_batches(records=records):
            yield batch_config.encoding, manifest

    def _write_record_message(self, record: Record) -> None:
        """Write a record; straight out where nothing is to be done with it."""
        if self._sent_as_is is None:
            super()._write_record_message(record)
            return
        head, version = self._sent_as_is
        self._tap.message_writer.write_record(head, record, version + self._extracted)
        self.state_manager.is_flushed = False

    def note_extraction(self) -> None:
        """Note that the records to come were extracted just now."""
        self._extracted = b',"time_extracted":"%b"}\n' % utc_now().isoformat().encode()

    @cached_property
    def _sent_as_is(self) -> tuple[bytes, bytes] | None:
        """What stands around a record whose fields are all sent as they are, or None.

        Deselection, stream maps and flattening take the SDK's way.
        """
        (first, *more) = self.stream_maps
        if (
            more
            or type(first) is not SameRecordTransform
            or first.flattening_enabled
            or not all(self.mask.values())
        ):
            return None
        name = json.dumps(first.stream_alias)
        version = self._stream_version
        return (
            f'{{"type":"RECORD","stream":{name},"record":'.encode(),
            b"" if version is None else b',"version":%d' % version,
        )

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, None, None]:
        self.is_whole = False
        try:
            yield from super()._sync_records(context, write_messages=write_messages)
        except (ApiError, Interrupted):
            bookmark = self.get_context_state(context).get("replication_key_value")
            self.logger.info(
                "%s: not read to its end; the next sync %s",
                self.name,
                f"goes on from {bookmark}" if bookmark else "begins again",
            )
            raise
        if write_messages:
            self._activate_version()

    def _sync_batches(
        self, batch_config: BatchConfig, context: Context | None = None
    ) -> None:
        super()._sync_batches(batch_config, context)
        self._activate_version()

    def _activate_version(self) -> None:
        """Let the target drop what did not come, where all that there is came."""
        if self._version_to_activate and self.is_whole:
            super()._write_activate_version_message(self._version_to_activate)

    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Keep the version until all was read.

        The SDK would tell it before, and a target would drop what it has even where
        nothing comes in its stead.
        """
        self._version_to_activate = full_table_version

    def _write_state_message(self) -> None:
        """Write a STATE message where one is due; the records leave in any case."""
        super()._write_state_message()
        self._tap.message_writer.flush()
