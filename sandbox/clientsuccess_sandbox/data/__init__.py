"""The kinds of records. A new one is a function in `records.py` and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from clientsuccess_sandbox.data import records as make
from clientsuccess_sandbox.data.choices import Choices
from clientsuccess_sandbox.data.seeded import WORDS
from clientsuccess_sandbox.jsontext import Record
from clientsuccess_sandbox.settings import CompanySettings

_CLIENTS_PER_EMPLOYEE = 12
_NEEDED = ("employees", "products")
# What a night makes of a `body`: SQL, as it changes all records of a kind at once.
_NIGHTLY_SCORE = """
CASE WHEN json_extract(body, '$.successScore') IS NULL THEN body ELSE
  json_set(body, '$.successScore', round(min(100.0, max(0.0,
    json_extract(body, '$.successScore')
    + (id * 7919 + :night * 104729) % 41 / 10.0 - 2)), 1))
END"""
_NIGHTLY_STATE = """
CASE WHEN json_extract(body, '$.meta') IS NULL THEN body ELSE
  json_set(body,
    '$.meta.status', CASE
      WHEN json_extract(body, '$.terminatedDate') <= :now THEN 'CHURNED'
      WHEN json_extract(body, '$.termEndDate') <= :now THEN 'OVERDUE'
      WHEN json_extract(body, '$.termStartDate') <= :now THEN 'ACTIVE'
      ELSE 'BOOKED' END,
    '$.meta.currentStatus', CASE
      WHEN json_extract(body, '$.termEndDate') <= :now THEN 'EXPIRED'
      WHEN json_extract(body, '$.termStartDate') > :now THEN 'FUTURE'
      ELSE 'ACTIVE' END)
END"""


class Kind(NamedTuple):
    """What the sandbox needs to know about a kind of records.

    Attributes:
        name: Name of the kind, that of the tap's stream.
        make: Makes a variant.
        size: How many there are by default for so many clients.
        always: Keys that are never null or missing, besides `id`, `uuid`, the times
            and the owner.
        resource: First segment of its paths in API v2.
        search: Whether `/{resource}/search` lists it.
        key: What `/{resource}/{key}` reads one record by: `uuid`, `id` or nothing.
        detail: Makes what only the read of a single record gives.
        v1: Path of its list in API v1.
        owner: Key that holds the id of the client it belongs to.
        created: Key of the creation time.
        modified: Key of the modification time.
        numeric_times: Times are milliseconds since 1970, not ISO 8601.
        text: Key of a text that a random edit rewrites.
        sortable: Keys to sort by, besides the times and `id`.
        custom: Resource type of its custom fields.
        nightly: SQL for what a night makes of a `body`.
    """

    name: str
    make: Callable[[Choices], Record]
    size: Callable[[int], int]
    always: Collection[str] = ()
    resource: str = ""
    search: bool = True
    key: str = ""
    detail: Callable[[Choices, Record], Record] | None = None
    v1: str = ""
    owner: str = ""
    created: str = "createdTime"
    modified: str = "modifiedTime"
    numeric_times: bool = False
    text: str = "name"
    sortable: Collection[str] = ()
    custom: str = ""
    nightly: str = ""


_ALL = (
    Kind(
        "clients",
        make.client,
        lambda clients: clients,
        always=("name", "status", "active", "clientType"),
        resource="client",
        key="uuid",
        detail=make.client_detail,
        sortable=("name", "status"),
        custom="CLIENT",
        nightly=_NIGHTLY_SCORE,
    ),
    Kind(
        "contacts",
        make.contact,
        lambda clients: 3 * clients,
        always=("firstName", "lastName", "status"),
        resource="contact",
        key="uuid",
        detail=make.contact_detail,
        owner="tenantClientId",
        text="title",
        sortable=("firstName", "lastName", "email"),
        custom="CONTACT",
    ),
    Kind(
        "contracts",
        make.contract,
        lambda clients: 3 * clients // 2,
        always=("name", "description"),
        resource="contract",
        owner="tenantClientId",
        sortable=("name", "termStartDate", "termEndDate"),
        custom="CONTRACT",
        nightly=_NIGHTLY_STATE,
    ),
    Kind(
        "products",
        make.product,
        lambda _: 12,
        always=("name", "description", "sku"),
        resource="product",
        v1="/products",
        sortable=("name",),
    ),
    Kind(
        "client_notes",
        make.client_note,
        lambda clients: 5 * clients,
        always=("subject", "note", "sanitizedNote", "author", "interactionTypeId"),
        resource="clientNote",
        key="id",
        owner="clientId",
        text="subject",
        sortable=("subject",),
    ),
    Kind(
        "pulses",
        make.pulse,
        lambda clients: 2 * clients,
        always=("dispositionType",),
        resource="pulse",
        key="uuid",
        owner="clientId",
        created="createdTimestamp",
        text="nextSteps",
        sortable=("createdTimestamp",),
    ),
    Kind(
        "tasks",
        make.task,
        lambda clients: 2 * clients,
        always=("name", "status", "completed", "priority"),
        resource="task",
        search=False,
        key="id",
        owner="clientId",
        sortable=("name", "dueDate"),
    ),
    Kind(
        "employees",
        make.employee,
        lambda clients: min(3 + clients // _CLIENTS_PER_EMPLOYEE, 400),
        always=("firstName", "lastName", "type", "email", "userId"),
        v1="/employees",
        numeric_times=True,
        text="title",
    ),
    Kind(
        "client_statuses",
        make.client_status,
        lambda _: len(WORDS["client_statuses"]),
        always=("code", "description"),
        v1="/client-statuses",
        created="",
        modified="",
        text="description",
    ),
    Kind(
        "client_segments",
        make.client_segment,
        lambda _: len(WORDS["segments"]),
        always=("title",),
        v1="/client-segments",
        created="",
        modified="",
        text="title",
    ),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
SEARCHES: Final = {k.resource: k for k in _ALL if k.resource and k.search}


def sizes(settings: CompanySettings) -> dict[str, int]:
    """Return the number of records of each kind; `ValueError` if it cannot be."""
    given = {name: getattr(settings, name, None) for name in KINDS}
    found = {
        kind.name: kind.size(settings.clients) if size is None else size
        for kind, size in zip(_ALL, given.values(), strict=True)
    }
    for name, size in found.items():
        if size < (name in _NEEDED):
            raise ValueError(f"{name}: a size of {size} makes no sense.")
    if not settings.clients and any(found[kind.name] for kind in _ALL if kind.owner):
        raise ValueError("Without clients, no record has anything to belong to.")
    return found
