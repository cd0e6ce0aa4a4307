"""The table of the kinds of records.

A kind is a function in a file beside this one, which makes a record, and a field of
`Sizes`: how many there are, and where the API has them. All else follows from it: a
table in the store, searches, details, lists of v1, edits, controls, the argument
`Sandbox(contacts=7)`, the option `--contacts` and its row in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from clientsuccess_sandbox.data.activities import client_note, pulse, task
from clientsuccess_sandbox.data.choices import TENANT, Choices
from clientsuccess_sandbox.data.clients import (
    client,
    client_detail,
    contact,
    drift_score,
)
from clientsuccess_sandbox.data.contracts import (
    contract,
    follow_dates,
    product,
    subscription,
)
from clientsuccess_sandbox.data.lists import client_segment, client_status, employee
from clientsuccess_sandbox.data.seeded import WORDS
from clientsuccess_sandbox.jsontext import Record

_CLIENTS_PER_EMPLOYEE = 12
_TIMELESS: Final = {"created": "", "modified": ""}


class Kind(NamedTuple):
    """What the sandbox needs to know about a kind of records.

    Attributes:
        make: Makes a record.
        size: How many there are by default: a number, or a function of the clients'.
        name: Name of the kind, that of the tap's stream.
        always: Keys that are never null or missing, besides `id`, `uuid`, the times and
            the owner; None if no key ever is.
        least: How many there are at least, as other kinds refer to them.
        v2: Path of its list in API v2, which is paged.
        key: What one record is read by, beside that list: `uuid`, `id` or nothing.
        detail: Makes what only the read of a single record gives.
        v1: Path of its list in API v1.
        owner: Key that holds the id of the client it belongs to.
        created: Key of the creation time; empty if it shows none.
        modified: Key of the modification time; empty if it shows none.
        shows_modification: Default of `modification_times`; `None` where it is known.
        numeric_times: Times are milliseconds since 1970, not ISO 8601.
        text: Key of a text that a random edit rewrites.
        sortable: Keys to sort by, besides the times and `id`.
        custom: Resource type of its custom fields.
        nightly: Applies what a night changes to a record; is given its end, ISO 8601.
    """

    make: Callable[[Choices], Record]
    size: Any
    name: str = ""
    always: Collection[str] | None = None
    least: int = 0
    v2: str = ""
    key: str = ""
    detail: Callable[[Choices, Record], Record] | None = None
    v1: str = ""
    owner: str = ""
    created: str = "createdTime"
    modified: str = "modifiedTime"
    shows_modification: bool | None = None
    numeric_times: bool = False
    text: str = "name"
    sortable: Collection[str] = ()
    custom: str = ""
    nightly: Callable[[str, Record], None] | None = None

    @property
    def path(self) -> str:
        """Path of its list; in API v2, below the base URL."""
        return self.v2 or f"/v1{self.v1}"


def kind(make: Callable[[Choices], Record], size: Any, **traits: Any) -> Any:
    """Declare a kind by the fields of `Kind`."""
    default, made = None if callable(size) else size, Kind(make, size, **traits)
    if made.always is not None:
        always = ("id", "uuid", made.owner, made.created, made.modified, *made.always)
        made = made._replace(always=frozenset(always))
    return field(default=default, metadata={"kind": made})


@dataclass(kw_only=True)
class Sizes:
    """How many records of each kind there are; `None` is as many as fit the clients."""

    clients: int = kind(
        client,
        120,
        always=("name", "status", "active", "clientType"),
        v2="/client/search",
        key="uuid",
        detail=client_detail,
        sortable=("name", "status"),
        custom="CLIENT",
        nightly=drift_score,
    )
    contacts: int | None = kind(
        contact,
        lambda clients: 3 * clients,
        always=("firstName", "lastName", "status"),
        v2="/contact/search",
        key="uuid",
        detail=lambda *_: {"tenant": TENANT},
        owner="tenantClientId",
        text="title",
        sortable=("firstName", "lastName", "email"),
        custom="CONTACT",
    )
    contracts: int | None = kind(
        contract,
        lambda clients: 3 * clients // 2,
        always=("name", "description"),
        v2="/contract/search",
        owner="tenantClientId",
        sortable=("name", "termStartDate", "termEndDate"),
        custom="CONTRACT",
        nightly=follow_dates,
    )
    products: int = kind(
        product,
        12,
        least=1,
        always=("name", "description", "sku"),
        v2="/product/search",
        v1="/products",
        sortable=("name",),
    )
    client_notes: int | None = kind(
        client_note,
        lambda clients: 5 * clients,
        always=("subject", "note", "sanitizedNote", "author", "interactionTypeId"),
        v2="/clientNote/search",
        key="id",
        owner="clientId",
        text="subject",
        sortable=("subject",),
        shows_modification=True,
    )
    pulses: int | None = kind(
        pulse,
        lambda clients: 2 * clients,
        always=("dispositionType",),
        v2="/pulse/search",
        key="uuid",
        owner="clientId",
        created="createdTimestamp",
        text="nextSteps",
        sortable=("nextSteps", "createdTimestamp"),
        shows_modification=False,
    )
    tasks: int | None = kind(
        task,
        lambda clients: 2 * clients,
        always=("name", "status", "completed", "priority"),
        v2="/task/all",
        key="id",
        owner="clientId",
        sortable=("name", "dueDate"),
    )
    employees: int | None = kind(
        employee,
        lambda clients: min(3 + clients // _CLIENTS_PER_EMPLOYEE, 400),
        least=1,
        always=("firstName", "lastName", "type", "email", "userId"),
        v1="/employees",
        numeric_times=True,
        text="title",
    )
    client_statuses: int = kind(
        client_status,
        len(WORDS["client_statuses"]),
        v1="/client-statuses",
        text="description",
        **_TIMELESS,
    )
    client_segments: int = kind(
        client_segment,
        len(WORDS["segments"]),
        v1="/client-segments",
        text="title",
        **_TIMELESS,
    )
    subscriptions: int | None = kind(
        subscription,
        lambda clients: 5 * clients,
        v1="/subscriptions",
        owner="clientId",
        text="productName",
        **_TIMELESS,
    )


KINDS: Final[dict[str, Kind]] = {
    each.name: each.metadata["kind"]._replace(name=each.name) for each in fields(Sizes)
}


def custom_kind(name: str) -> Kind:
    """Return the kind of a search that is only made for the custom streams of a tap."""
    return KINDS["client_notes"]._replace(name=name, v2=f"/{name}/search")


def sizes(settings: Sizes) -> dict[str, int]:
    """Return the number of records of each kind; `ValueError` if it cannot be."""
    found = {name: getattr(settings, name) for name in KINDS}
    for name, kind in KINDS.items():
        if found[name] is None:
            found[name] = kind.size(settings.clients)
        if found[name] < kind.least:
            raise ValueError(f"{name}: a size of {found[name]} makes no sense.")
    if not settings.clients and any(found[k.name] for k in KINDS.values() if k.owner):
        raise ValueError("Without clients, no record has anything to belong to.")
    return found
