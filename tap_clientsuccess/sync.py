"""A sync: what is new in all streams, then what takes long, and how it ends.

1. The streams in an order in which the news of all come before what takes long: first
   reads, and lists that every run reads.
2. The second halves of full reads.
3. On a signal, the rows of `sync_log` that are missing, and a last STATE. The target
   may be gone, so neither waits for long.
"""

from __future__ import annotations

import contextlib
import typing as t
from itertools import chain

from singer_sdk.singerlib import StateMessage
from singer_sdk.tap_base import CliTestOptionValue

from tap_clientsuccess.context import ContextTap
from tap_clientsuccess.errors import IncompleteError, config_error
from tap_clientsuccess.singer.progress import Status
from tap_clientsuccess.singer.signals import (
    LEAVE_WITHIN_SECONDS,
    Interrupted,
    stop_signal,
)
from tap_clientsuccess.singer.writer import BufferedWriter, OutputError
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.sync_log import SyncLog

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.singerlib.encoding.simple import Message

    from tap_clientsuccess.singer.stream import RecordStream
    from tap_clientsuccess.streams.base import ClientSuccessStream


class SyncTap(ContextTap):
    """Reads what is new in all streams, then the rest."""

    message_writer_class = BufferedWriter
    message_writer: BufferedWriter

    def run(self) -> None:
        """Sync all streams; on a signal, write a last STATE and stop.

        Raises:
            ApiError: A stream could not be read.
            IncompleteError: All could, and records are missing.
            Interrupted: A signal was received.
        """
        self._warn_about_catalog()
        stop_signal.defer()
        try:
            self._put_in_order()
            self.sync_all()
            self._read_second_halves()
        except Interrupted:
            self._leave()
            raise
        finally:
            self.context.reporter.end()
        self._check_v1()
        self._check_complete()

    def _check_complete(self) -> None:
        names = [s.name for s in self._all_streams if s.outcome.is_newly_short]
        if names and self.context.settings.on_incomplete == "fail":
            raise IncompleteError(
                f"records are missing, or may be, in {', '.join(names)}: see the "
                "warnings above (on_incomplete is fail)"
            )

    def _put_in_order(self) -> None:
        """Let the news of all streams come before what takes long."""

        def order(stream: ClientSuccessStream) -> tuple[bool, bool]:
            is_late = stream.selected and stream.comes_late
            return not isinstance(stream, SyncLog), is_late

        self._streams = {s.name: s for s in sorted(self._all_streams, key=order)}

    def _read_second_halves(self) -> None:
        """Read the second halves of full reads, after the news of all streams."""
        selected = [each for each in self._all_streams if each.selected]
        due = [each for each in selected if each.schedule.has_second_half]
        # Who has waited the most intervals is first: none that never ends holds up all.
        for stream in sorted(due, key=lambda s: -s.schedule.intervals_waited()):
            stream.sync_second_half()

    @property
    def _all_streams(self) -> list[ClientSuccessStream]:
        return t.cast("list[ClientSuccessStream]", list(self.streams.values()))

    def log_row(self, stream: RecordStream) -> Iterator[Message]:
        """Make the messages of the row of `sync_log` about a stream."""
        sync_log = self.streams.get(SyncLog.name)
        if isinstance(sync_log, SyncLog):
            yield from sync_log.messages(t.cast("ClientSuccessStream", stream))

    def run_test(self, test: str) -> None:
        """Run one of the SDK's tests, on the streams that a sync would read.

        Raises:
            ApiError: A stream could not be read.
        """
        self._warn_about_catalog()
        # The tests of the SDK would select all others.
        self._streams = {s.name: s for s in self._all_streams if s.selected}
        if test == CliTestOptionValue.Schema.value:
            self.write_schemas()
        else:
            self.run_connection_test()
            self._check_v1()

    def _check_v1(self) -> None:
        if self.v1_refusals and self.context.settings.v1_streams == "required":
            raise self.v1_refusals[0]

    def _warn_about_catalog(self) -> None:
        names = self.input_catalog.keys() if self.input_catalog else set()
        for name in sorted(names - self.streams.keys()):
            self.logger.warning("%s: skipped, because there is no such stream", name)
        self._warn_about_details()
        read = {name for name, stream in self.streams.items() if stream.selected}
        if not read - {SyncLog.name}:
            raise config_error(
                "no stream is selected, or the settings leave all of them out: select "
                "some (Meltano: meltano select tap-clientsuccess '*' '*')",
                what="catalog",
            )

    def _warn_about_details(self) -> None:
        """Warn if the catalog was discovered before details were switched on."""
        catalog = self.input_catalog
        details = [s.name for s in self._all_streams if isinstance(s, DetailStream)]
        if details and catalog is not None and not {*details} & catalog.keys():
            self.logger.warning(
                "%s: not read, although read_details is on, as the catalog is from "
                "before that: discover again (Meltano: --refresh-catalog)",
                ", ".join(details),
            )

    def _leave(self) -> None:
        """Write a last STATE, unless the target does not read it in time."""
        streams = self._all_streams
        interrupted = [s for s in streams if s.outcome.status is Status.INTERRUPTED]
        rows = chain.from_iterable(map(self.log_row, interrupted))
        with contextlib.suppress(OutputError):
            for message in (*rows, StateMessage(value=self.state)):
                self.message_writer.write_last(message, within=LEAVE_WITHIN_SECONDS)
