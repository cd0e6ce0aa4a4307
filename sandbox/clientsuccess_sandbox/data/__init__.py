"""The kinds of records and how they differ. Their data comes from templates."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from clientsuccess_sandbox.data.seeded import load


class Kind(NamedTuple):
    """What the store needs to know about a kind of records.

    Attributes:
        name: Name of the kind, that of the tap's stream.
        resource: First segment of its search path; empty if it has no search.
        owner: Key that holds the id of the client it belongs to.
        created: Key of the creation time.
        modified: Key of the modification time.
        numeric_times: Times are milliseconds since 1970, not ISO 8601.
        text: Key of a text that a random edit rewrites.
        days: Days between its creation and its later date, such as its end.
        sortable: Keys to sort by, besides the times and `id`.
        custom: Resource type of its custom fields.
    """

    name: str
    resource: str = ""
    owner: str | None = None
    created: str = "createdTime"
    modified: str = "modifiedTime"
    numeric_times: bool = False
    text: str = "name"
    days: int = 365
    sortable: Collection[str] = ()
    custom: str | None = None


KINDS: Final = {item["name"]: Kind(**item) for item in load("kinds")}
SEARCHES: Final = {kind.resource: kind for kind in KINDS.values() if kind.resource}
