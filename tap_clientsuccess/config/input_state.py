"""Check a state, unwrap it, and say where it will have no effect."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.config.validation import nearest, unwritable
from tap_clientsuccess.errors import config_error
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Document = dict[str, t.Any]

_WRAPPERS = ("value", "singer_state")
"""Members that hold the state in a STATE message, and in what Meltano prints."""

_INTERIM = {
    "starting_replication_value",
    "replication_key_signpost",
    "first_read_began",
    "full_read",
    "full_read_in_progress",
    "table_version",
    "column_owners",
}
"""What the SDK and the streams note in a bookmark besides its time."""

_LONGEST_TIME = 100


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
    if problems := list(_state_problems(state)):
        raise config_error(*problems, what="state")
    return state


def _state_problems(state: Document) -> Iterator[str]:
    """Find what the SDK cannot work with in a state.

    Yields:
        One sentence a problem, with the name of the stream.
    """
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        yield "bookmarks must be an object"
        return
    for name, bookmark in bookmarks.items():
        if why := unwritable({name: bookmark}):
            yield f"the bookmark of {name} has {why}"
        elif not isinstance(bookmark, dict):
            yield f"the bookmark of {name} must be an object"
        else:
            yield from _bookmark_problems(name, bookmark)


def _bookmark_problems(name: str, bookmark: Document) -> Iterator[str]:
    value = bookmark.get("replication_key_value")
    if isinstance(value, list | dict) or len(str(value)) > _LONGEST_TIME:
        yield f"the bookmark of {name} is not a time"
    if not isinstance(bookmark.get("progress_markers", {}), dict):
        yield f"progress_markers of {name} must be an object"
    partitions = bookmark.get("partitions", [])
    if not isinstance(partitions, list) or not all(
        isinstance(partition, dict) for partition in partitions
    ):
        yield f"partitions of {name} must be a list of objects"


def without_partitions(state: Document) -> Document:
    """Return a state without partitions, once for each of which the SDK would read."""
    bookmarks = {
        name: {key: value for key, value in bookmark.items() if key != "partitions"}
        for name, bookmark in state.get("bookmarks", {}).items()
    }
    return {**state, "bookmarks": bookmarks}


def effects_missed(
    state: Document, replication_keys: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """Say where a state will have no effect, and why.

    Args:
        state: The state, as `checked_state` returned it.
        replication_keys: The replication key of each stream that is read incrementally.
        known: The names of all streams.

    Yields:
        One sentence a stream.
    """
    bookmarks = state.get("bookmarks", {})
    for name, bookmark in bookmarks.items():
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else ""
            yield f"{name}: bookmark ignored, as there is no such stream{hint}"
        elif name in replication_keys and (
            why := _why_unusable(bookmark, replication_keys[name])
        ):
            yield f"{name}: starts over, as {why}"
    outside = [name for name in state if name in replication_keys.keys() - bookmarks]
    for name in outside:
        yield (
            f"{name}: starts over, as its bookmark in the state is beside bookmarks, "
            "not in it"
        )
    if state and "bookmarks" not in state and not outside:
        yield "The state has no bookmarks: all streams start over"


def _why_unusable(bookmark: Document, replication_key: str) -> str | None:
    named = bookmark.get("replication_key")
    if bookmark.get("replication_key_value") is None:
        if bookmark.get("partitions"):
            return (
                "its bookmarks in the state are of partitions, which it does not have"
            )
        if bookmark.keys() - _INTERIM:
            return "its bookmark in the state has no replication_key_value"
        return None
    if not named:
        return "its bookmark in the state has no replication_key"
    if named != replication_key:
        return f"its bookmark in the state is of '{named}', not of '{replication_key}'"
    return None


def wrong_bookmarks(
    state: Document, replication_keys: Mapping[str, str]
) -> Iterator[str]:
    """Find bookmarks of streams that are read which are not times."""
    for name, key in replication_keys.items():
        bookmark = state.get("bookmarks", {}).get(name, {})
        value = bookmark.get("replication_key_value")
        is_used = value is not None and bookmark.get("replication_key") == key
        if is_used and not (isinstance(value, str) and parse_time(value)):
            yield f"the bookmark of {name} is not a time"
