"""The kinds of records, and what tells them apart."""

from __future__ import annotations

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """What the store needs to know of a kind of records.

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
    sortable: tuple[str, ...] = ()
    custom: str | None = None


_ALL = (
    Kind("clients", "client", custom="CLIENT", sortable=("name", "status")),
    Kind(
        "contacts",
        "contact",
        owner="tenantClientId",
        text="title",
        sortable=("firstName", "lastName", "email"),
        custom="CONTACT",
    ),
    Kind(
        "contracts",
        "contract",
        owner="tenantClientId",
        sortable=("name", "termStartDate", "termEndDate"),
        custom="CONTRACT",
    ),
    Kind("products", "product", sortable=("name",)),
    Kind(
        "client_notes",
        "clientNote",
        owner="clientId",
        text="subject",
        sortable=("subject",),
    ),
    Kind(
        "pulses",
        "pulse",
        owner="clientId",
        created="createdTimestamp",
        text="nextSteps",
        sortable=("createdTimestamp",),
    ),
    Kind("tasks", owner="clientId", days=14, sortable=("name", "dueDate")),
    Kind("employees", numeric_times=True, text="title"),
    Kind("client_statuses", created="", modified="", text="description"),
    Kind("client_segments", created="", modified="", text="title"),
)

KINDS: Final = {kind.name: kind for kind in _ALL}
SEARCHES: Final = {kind.resource: kind for kind in _ALL if kind.resource}
