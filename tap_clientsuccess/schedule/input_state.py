"""Check the state that was passed in, unwrap it, and say where it has no effect."""

from __future__ import annotations

import typing as t

import msgspec

from tap_clientsuccess.config.validation import (
    Document,
    did_you_mean,
    misfit,
    unwritable,
)
from tap_clientsuccess.errors import config_error
from tap_clientsuccess.schedule.noted import (
    FIRST_READ_BEGAN,
    NOTES,
    misspelled,
    unreadable,
)
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_WRAPPERS = ("value", "singer_state")
"""Members that hold the state in a STATE message, and in what Meltano prints."""

_OF_SDK = {"starting_replication_value", "replication_key_signpost"}


class _Bookmark(msgspec.Struct):
    """What the SDK reads of a bookmark."""

    replication_key_value: str | int | float | bool | None = None
    progress_markers: Document = {}
    partitions: list[Document] = []


def checked_state(document: Mapping[str, t.Any]) -> Document:
    """Return the state itself, whatever it is wrapped in.

    Raises:
        ConfigValidationError: The SDK could not work with it.
    """
    state = dict(document)
    while "bookmarks" not in state:
        wrapped = [state[name] for name in _WRAPPERS if name in state]
        if not wrapped or not isinstance(wrapped[0], dict):
            break
        state = wrapped[0]
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise config_error("bookmarks must be an object", what="state")
    problems = [
        f"the bookmark of {name} has {why}"
        if (why := unwritable({name: bookmark}))
        else misfit(bookmark, _Bookmark, f"bookmarks.{name}")
        for name, bookmark in bookmarks.items()
    ]
    if found := list(filter(None, problems)):
        raise config_error(*found, what="state")
    return state


def usable_state(state: Document) -> Document:
    """Return a state without partitions: the SDK would read once per partition.

    A misspelled note that a first read is unfinished is there under its right name.
    """
    bookmarks: Document = {}
    for name, bookmark in state.get("bookmarks", {}).items():
        bookmarks[name] = {k: v for k, v in bookmark.items() if k != "partitions"}
        for key in bookmark:
            if misspelled(key) == FIRST_READ_BEGAN:
                bookmarks[name].setdefault(FIRST_READ_BEGAN, bookmark[key])
    return {**state, "bookmarks": bookmarks}


def effects_missed(
    state: Document, replication_keys: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """Say where a state will have no effect, and why, in a sentence a stream.

    Args:
        state: The state, as `checked_state` returned it.
        replication_keys: The replication key of each stream that is read incrementally.
        known: The names of all streams.

    Raises:
        ConfigValidationError: A bookmark that would be used is not a time.
    """
    bookmarks = state.get("bookmarks", {})
    unusable = {
        name: _why_unusable(bookmarks.get(name, {}), key)
        for name, key in replication_keys.items()
    }
    if wrong := [
        f"the bookmark of {name} is not a time"
        for name, why in unusable.items()
        if not why and _has_no_time(bookmarks.get(name, {}))
    ]:
        raise config_error(*wrong, what="state")
    for name, bookmark in bookmarks.items():
        if notes := sorted(unreadable(bookmark)):
            yield (
                f"{name}: notes in the state cannot be read, so more is read than has "
                f"to be: {', '.join(notes)}"
            )
        if name not in known:
            hint = did_you_mean(name, known)
            yield f"{name}: bookmark ignored, as there is no such stream{hint}"
        elif why := unusable.get(name):
            yield f"{name}: starts over, as its {why}"
    outside = [name for name in state if name in replication_keys.keys() - bookmarks]
    for name in outside:
        yield (
            f"{name}: starts over, as its bookmark in the state is beside bookmarks, "
            "not in it"
        )
    if state and "bookmarks" not in state and not outside:
        yield "The state has no bookmarks: all streams start over"


def _has_no_time(bookmark: Document) -> bool:
    value = bookmark.get("replication_key_value")
    return value is not None and not (isinstance(value, str) and parse_time(value))


def _why_unusable(bookmark: Document, replication_key: str) -> str | None:
    named = bookmark.get("replication_key")
    if bookmark.get("replication_key_value") is None:
        if bookmark.get("partitions"):
            return "bookmarks in the state are of partitions, which it does not have"
        is_odd = bookmark.keys() - _OF_SDK - NOTES.keys()
        return "bookmark in the state has no replication_key_value" if is_odd else None
    if not named:
        return "bookmark in the state has no replication_key"
    if named != replication_key:
        return f"bookmark in the state is of '{named}', not of '{replication_key}'"
    return None
