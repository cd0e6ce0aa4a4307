"""What a stream's bookmark keeps of its full reads.

What cannot be read, as in a state that somebody edited, counts as absent, with a
warning. That is the safe reading: without a note of earlier full reads, one is due;
without one of a read in progress, it begins anew, and without a number to compare, no
version is activated. Only a first read would seem to be over without its note: so that
is taken for one whatever its value, and where its name is merely misspelled.
"""

from __future__ import annotations

import datetime as dt
import typing as t

import msgspec
from msgspec.structs import replace

from tap_clientsuccess.config.validation import misfit, nearest
from tap_clientsuccess.singer.mapper import OWNERS
from tap_clientsuccess.timestamps import format_time

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAST = "full_read"
UNDERWAY = "full_read_in_progress"
VERSION = "table_version"
FIRST_READ_BEGAN = "first_read_began"
RESOURCES = "resource_types"
"""The types that had custom fields when these were last read."""

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)

Time = t.Annotated[dt.datetime, msgspec.Meta(tz=True)]


class Past(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of earlier full reads.

    Attributes:
        began: When the last complete one began; None if there was none.
        version: Its version.
        start_date: From when it read.
        shape: What left then, see `Outputs.shape`.
        columns: The columns that left in every run since.
        records: How many records it brought.
        activated: How many the next one is measured against: as many as the last one
            brought that was activated, or the first that could be.
        undated: How many of its records had no time.
        tried: When the last one began that ended without being complete.
        failed: How many did so, one after the other.
        due: Why one is due next time, if something came up.
        turn: When one last had its turn.
        by_number: Whether the stream was last read by page number.
        accepted: How many records are missing by a total that is taken to be wrong.
    """

    began: Time | None = None
    version: int = 0
    start_date: Time | None = None
    shape: str = ""
    columns: str = ""
    records: int | None = None
    activated: int | None = None
    undated: int = 0
    tried: Time | None = None
    failed: int = 0
    due: str = ""
    turn: Time | None = None
    by_number: bool = False
    accepted: int = 0

    @property
    def latest(self) -> dt.datetime:
        """When the read began from which the interval counts; `NEVER` for none."""
        tried = self.tried if self.failed > 1 else None
        return max(self.began or NEVER, tried or NEVER)


class Underway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A full read that is in progress.

    Attributes:
        began: When it began; None if none is in progress.
        version: The version of its records, whether they carry it or not.
        place: What changed up to this time has been read; None: nothing.
        basis: What must not change in the meantime, as a hash.
        columns: The columns that left in each of its runs.
        barred: Why it must not be activated, if so.
        runs: How many runs began it from the start, where it cannot be resumed.
    """

    began: Time | None = None
    version: int = 0
    place: Time | None = None
    basis: str = ""
    columns: str = ""
    barred: str = ""
    runs: int = 0


NOTES: Mapping[str, t.Any] = {
    PAST: Past,
    UNDERWAY: Underway,
    VERSION: int | None,
    FIRST_READ_BEGAN: str | None,
    RESOURCES: list[str],
    OWNERS: dict[str, list[str]],
}
"""All that the tap keeps in a bookmark beside its time, with the type of each."""


def unreadable(bookmark: Mapping[str, t.Any]) -> Iterator[str]:
    """Say which notes in a bookmark cannot be read, and why, without their values."""
    for name in bookmark.keys() - NOTES.keys():
        if near := misspelled(name):
            yield f"{name} (did you mean {near}?)"
    for name in bookmark.keys() & NOTES.keys():
        if why := misfit(bookmark[name], NOTES[name], name):
            yield why


def misspelled(name: str) -> str | None:
    """Return the note whose misspelled name this is; None for any other name."""
    return None if name in NOTES else nearest(name, NOTES)


class Noted:
    """The notes in a stream's bookmark; setting one changes the bookmark."""

    def __init__(self, bookmark: dict[str, t.Any]) -> None:
        self._state = bookmark

    @property
    def past(self) -> Past:
        """What is known of earlier full reads."""
        return _read(self._state.get(PAST), Past) or Past()

    @past.setter
    def past(self, past: Past) -> None:
        self._state[PAST] = msgspec.to_builtins(past)

    @property
    def underway(self) -> Underway | None:
        """The full read in progress, if any: one that is newer than the last."""
        found = _read(self._state.get(UNDERWAY), Underway)
        is_new = found and found.began and found.version > self.past.version
        return found if is_new else None

    @underway.setter
    def underway(self, underway: Underway | None) -> None:
        if underway or UNDERWAY in self._state:
            self._state[UNDERWAY] = msgspec.to_builtins(underway or Underway())

    def note(self, **values: t.Any) -> None:
        """Change what is known of earlier full reads: fields of `Past`."""
        if (changed := replace(self.past, **values)) != self.past:
            self.past = changed

    def go_on(self, **values: t.Any) -> None:
        """Change the full read in progress, if any: fields of `Underway`."""
        if underway := self.underway:
            self.underway = replace(underway, **values)

    @property
    def place(self) -> dt.datetime | None:
        """Up to where the full read in progress has come."""
        return self.underway.place if self.underway else None

    @property
    def first_read_is_unfinished(self) -> bool:
        """Whether the first read is unfinished, though there is a bookmark."""
        return self._state.get(FIRST_READ_BEGAN) is not None

    def note_unfinished(self, now: dt.datetime) -> None:
        """Note that the first read is unfinished, where there is a bookmark."""
        has_bookmark = self._state.get("replication_key_value")
        if has_bookmark and not self.first_read_is_unfinished:
            self._state[FIRST_READ_BEGAN] = format_time(now)

    def note_first_read_over(self) -> None:
        """Note that the first read is over."""
        if FIRST_READ_BEGAN in self._state:
            # Not absent: Meltano would keep what the STATE before said.
            self._state[FIRST_READ_BEGAN] = None

    @property
    def latest_version(self) -> int | None:
        """The latest version that the stream's records carried."""
        version = self._state.get(VERSION)
        return version if type(version) is int else None

    @latest_version.setter
    def latest_version(self, version: int) -> None:
        self._state[VERSION] = version


def greatest_version(
    bookmarks: Mapping[str, t.Any], now: dt.datetime
) -> tuple[int, bool]:
    """Return the greatest version in a state, and whether one was from the future.

    One that is more than a day ahead is an error of a clock: the state forgets it.
    """
    greatest, has_future = 0, False
    latest = (now + _DAY).timestamp()
    for bookmark in bookmarks.values():
        for place, key, nothing in (
            (bookmark, VERSION, None),
            (bookmark.get(PAST), "version", 0),
            (bookmark.get(UNDERWAY), "version", 0),
        ):
            version = place.get(key) if isinstance(place, dict) else None
            if type(version) is int and version > latest:
                place[key], has_future = nothing, True
            elif type(version) is int:
                greatest = max(greatest, version)
    return greatest, has_future


S = t.TypeVar("S", bound=msgspec.Struct)


def _read(value: t.Any, kind: type[S]) -> S | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
