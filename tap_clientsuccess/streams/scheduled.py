"""A stream's run: what is new, then the rest if a full read is due, and how it ended.

`Schedule` decides; here is what follows: the version of the records, its activation,
the STATE that says so, and the row of `sync_log`. The order of these is a promise: a
version is activated before the STATE that calls the read complete.
"""

from __future__ import annotations

import abc
import datetime as dt
import time
import typing as t
from contextlib import suppress
from functools import cached_property

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_clientsuccess.errors import ApiError, config_error, counted
from tap_clientsuccess.schedule.schedule import Facts, Kind, Schedule
from tap_clientsuccess.singer.outputs import Outputs
from tap_clientsuccess.singer.progress import Outcome, Status
from tap_clientsuccess.singer.stream import RecordStream
from tap_clientsuccess.singer.stream_maps import maps_for
from tap_clientsuccess.singer.writer import OutputError
from tap_clientsuccess.timestamps import format_time, parse_time

if t.TYPE_CHECKING:
    from collections.abc import Generator

    from tap_clientsuccess.context import ContextTap
    from tap_clientsuccess.singer.progress import StreamProgress

_MAP_OPTIONS = ("stream_map_config", "faker_config")


class ScheduledStream(RecordStream, abc.ABC):
    """A stream that is read in full when that is due.

    Attributes:
        clock: The server's clock.
        parts: How far each of its reads in this run came.
        started_at: When the run began to read it, by that clock.
        ended_at: When its last read ended.
    """

    _tap: ContextTap
    reads_at_once = False
    """Whether a full read has no second half: it is all that a run reads."""
    started_at: dt.datetime
    ended_at: dt.datetime
    _started: float
    _has_noted_columns = False
    bookmark_at_start: str | None = None
    """The bookmark at the start of the run, if any."""

    def __init__(self, tap: ContextTap) -> None:
        """Create the stream."""
        self.settings = tap.context.settings
        self.reporter = tap.context.reporter
        self.clock = tap.context.client.clock
        self.parts: list[StreamProgress] = []
        super().__init__(tap)

    @cached_property
    def schedule(self) -> Schedule:
        """Decides what is read."""
        return Schedule(self.stream_state)

    @property
    def is_incremental(self) -> bool:
        """Whether the stream has a bookmark."""
        return self.replication_method == REPLICATION_INCREMENTAL

    @property
    def is_whole(self) -> bool:
        """Whether every run reads all of it."""
        return not self.is_incremental

    @property
    def comes_late(self) -> bool:
        """Whether the news of other streams come first, as this one takes long."""
        schedule = self.schedule
        is_begun = self.is_incremental and self.has_bookmark
        return (
            not is_begun or schedule.first_read_is_unfinished or schedule.past.by_number
        )

    @property
    def _is_second_half(self) -> bool:
        return bool(self.part)

    @property
    def reads_everything(self) -> bool:
        """Whether the current read is a full one, or its second half."""
        schedule = self.schedule
        return schedule.kind is not Kind.INCREMENTAL and (
            self._is_second_half or not schedule.has_second_half
        )

    def begin(self) -> None:
        """Decide what is read; once a run, before the first record leaves."""
        if self.schedule.has_begun:
            return
        seconds = int(self.clock.likely_now().timestamp())
        version = max(seconds, self._tap.version_floor + 1)
        self.schedule.begin(self._facts, self.clock.now(), version)
        self.version = self.schedule.version
        shared = self._tap.mapper.shared_names
        if any(each.stream_alias in shared for each in self.stream_maps):
            self.schedule.bar("another stream is sent under the same name")

    def write_state(self, *, is_due: bool = False) -> None:
        """Write a STATE message, if one is due; note the columns that left before."""
        if self.progress.records and not self._has_noted_columns:
            self._has_noted_columns = True
            self.schedule.note_columns()
        super().write_state(is_due=is_due)

    @property
    def _facts(self) -> Facts:
        uses_batch = bool(self.get_batch_config(self.config))
        maps = maps_for(self.config.get("stream_maps") or {}, self.name)
        options = [self.config.get(name) for name in _MAP_OPTIONS]
        return Facts(
            outputs=Outputs(self.stream_maps, maps, options),
            interval=self.settings.full_read_interval(self.name),
            start_date=self.settings.start_date if self.is_incremental else None,
            is_whole=self.is_whole,
            reads_at_once=self.reads_at_once,
            replication_key=self.replication_key,
            has_bookmark=self.has_bookmark,
            is_new=self._tap.has_no_state,
            uses_versions=self.emit_activate_version_messages and not uses_batch,
            uses_batch=uses_batch,
        )

    def _move(self, time: dt.datetime) -> None:
        """Move the bookmark forward; it never goes back."""
        self._set_bookmark(max(time, self._bookmark or time))

    def _set_bookmark(self, time: dt.datetime | None) -> None:
        state = self.stream_state
        # Null, not absent: Meltano would keep what the STATE before said.
        state["replication_key"] = self.replication_key
        state["replication_key_value"] = time and format_time(time)

    @property
    def has_bookmark(self) -> bool:
        """Whether an earlier run read the stream."""
        return self._bookmark is not None

    @property
    def _bookmark(self) -> dt.datetime | None:
        """Return the bookmark in the state, if there is one.

        Raises:
            ConfigValidationError: It is not a time.
        """
        state = self.stream_state
        value = state.get("replication_key_value")
        key = self.replication_key
        if value is None or not key or state.get("replication_key") != key:
            return None
        if (bookmark := parse_time(value)) is None:
            problem = f"the bookmark of {self.name} is not a time"
            raise config_error(problem, what="state")
        return bookmark

    def sync_second_half(self) -> None:
        """Read what a full read lacks, after the news of all streams."""
        self.logger.info("%s: full read: %s", self.name, self.schedule.reason)
        self.part = "full read"
        self.schedule.note(turn=self.schedule.now)
        self.read_part()

    def _sync_records(self, *_: t.Any, **__: t.Any) -> Generator[t.Any]:
        """Read what is new, where the SDK would read everything in its own way."""
        self.read_part()
        yield from ()

    def _sync_batches(self, *_: t.Any, **__: t.Any) -> None:
        """Do the same with BATCH: `send_records` writes the files."""
        self.read_part()

    def read_part(self) -> None:
        """Read a part of the run, and conclude it.

        That is: the state, an activation, the row of `sync_log`, a STATE.
        """
        if self.ABORT_AT_RECORD_COUNT is not None:  # A sample, for `--test=all`.
            try:
                self.send_records()
            finally:  # No STATE has to follow it, and the process may end.
                self._writer.flush()
            return
        if not self._is_second_half:
            self._started = time.monotonic()
            self.bookmark_at_start = self._bookmark_text
        try:
            self.send_records()
            self._settle_full_read()
        except BaseException as error:
            self.outcome = Outcome(status=Status.after(error), why=_reason(error))
            self._note_times()
            # After a signal, the tap writes both, and does not wait for long.
            if isinstance(error, Exception) and not isinstance(error, OutputError):
                with suppress(Exception):  # The first error counts.
                    self._write_row()
            raise
        self._note_times()
        self._write_row()

    def _write_row(self) -> None:
        """Write the row of `sync_log`, and the STATE that it belongs to."""
        for message in self._tap.log_row(self):
            self._tap.write_message(message)
        self.write_state(is_due=True)

    def _note_times(self) -> None:
        self.ended_at = self.clock.now()
        if not self._is_second_half:
            # Not before, as the clock may be known only now. Both rows have the same.
            seconds = time.monotonic() - self._started
            self.started_at = self.ended_at - dt.timedelta(seconds=seconds)
        self.parts.append(self.progress)

    def _settle_full_read(self) -> None:
        """Note how a full read ended, and activate its version."""
        self.begin()
        schedule, outcome = self.schedule, self.outcome
        is_over = outcome.status is not Status.SKIPPED and not outcome.is_unfinished
        if not (is_over and self.reads_everything):
            return
        is_activated = self._activate()
        is_comparable = outcome.is_complete and not outcome.uncounted
        if is_comparable and not self.emit_activate_version_messages:
            self._compare(outcome.everything)
        schedule.end(outcome, is_activated=is_activated)
        if next_at := schedule.next_at:
            is_every_run = self.settings.full_read_interval(self.name) == dt.timedelta()
            due = f"; the next full read is due on {next_at:%Y-%m-%d}"
            self.logger.info(
                "%s: read in full (%s)%s",
                self.name,
                schedule.reason,
                "" if is_every_run else due,
            )

    def _activate(self) -> bool:
        """Activate the version of a full read, if nothing speaks against it."""
        if not self.emit_activate_version_messages:
            return False
        if why := self.schedule.objection(self.outcome):
            self.logger.warning(
                "%s: no ACTIVATE_VERSION after this full read, so deleted records stay "
                "in the target: %s",
                self.name,
                why,
            )
            return False
        version = t.cast("int", self.version)
        self.activate_version(version)
        self.logger.info(
            "%s: version %d activated: targets delete the rows of lower versions, as "
            "their records no longer exist",
            self.name,
            version,
        )
        return True

    def _compare(self, records: int) -> None:
        """Say how many fewer records there are, as no target deletes their rows."""
        past = self.schedule.past
        if past.records and past.began and records < past.records:
            self.logger.info(
                "%s: %s fewer than at the last full read, on %s",
                self.name,
                counted(past.records - records),
                f"{past.began:%Y-%m-%d}",
            )


def _reason(error: BaseException) -> str:
    if isinstance(error, ConfigValidationError):
        return "; ".join(error.errors)
    return str(error) if isinstance(error, ApiError) else type(error).__name__
