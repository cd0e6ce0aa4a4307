"""The clients that the server has: made-up, and the same in every run."""

from __future__ import annotations

import datetime as dt
import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.scenarios import Scenario

_VARIANTS = 97
_UUID = "5eed0000-0000-4000-8000-"
_MINUTE = 60_000
_FIRST = 1_704_067_200_000  # 2024-01-01
_NIGHT = 8 * 60 * _MINUTE
_CITIES = ("Provo", "München", "São Paulo", "Łódź", "東京", "Salt Lake City")
_PEOPLE = ("Ada Jansen", "Günther Weiß", "Priya Nguyễn", "Tomás García", "美咲 佐藤")
_NOTES = (
    "Renewal is due; the sponsor wants a report.",
    "Rückfrage zur Rechnung.",
    'Asked for a "quick win" & a training.',
    "来月もう一度話します。",
)


def ids(scenario: Scenario) -> list[int]:
    """Return the ids of the clients, in the order of their modification."""
    if not scenario.spread:
        return list(range(1, scenario.records + 1))
    rng = random.Random(scenario.records)
    return [rng.getrandbits(63) for _ in range(scenario.records)]


def times(scenario: Scenario) -> list[int]:
    """Return when the clients were modified, in milliseconds since 1970.

    Those that were changed since the last sync are the last, within eight hours.
    """
    if scenario.tied:
        return [_FIRST] * scenario.records
    changes = scenario.changes or 0
    old = scenario.records - changes
    before = [_FIRST + _MINUTE * place for place in range(old)]
    evening = _FIRST + _MINUTE * old
    return before + [evening + _NIGHT * n // changes for n in range(1, changes + 1)]


def timestamp(milliseconds: int) -> str:
    """Write a time as the API does."""
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def client(number: int, modified: int, *, odd: bool = False) -> bytes:
    """Return a client as a search gives it.

    Args:
        number: The client's id.
        modified: When it was modified.
        odd: Whether `clientType.key` is an integer, which the schema does not expect.
    """
    template = _templates(odd)[number % _VARIANTS]
    return template % {b"id": number, b"time": timestamp(modified).encode()}


def detail(number: int, client: bytes) -> bytes:
    """Return a client as the read of one client gives it: with more fields."""
    rng = random.Random(number)
    role = {"id": number, "tenantId": 4711, "clientId": number, "role": {"name": "CSM"}}
    more = {
        "region": {"id": 1, "tenantId": 4711, "name": "Nord", "used": 1},
        "parentClient": None,
        "accTeamingRoles": [role | {"employee": _employee(rng)}],
        "createdByEmployee": _employee(rng),
        "modifiedByEmployee": None,
    }
    return client[:-1] + b"," + _encoded(more)[1:]


def number_of(uuid: str) -> int:
    """Return the id of the client with a uuid."""
    return int(uuid.removeprefix(_UUID))


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _templates(odd: bool) -> list[bytes]:  # noqa: FBT001
    templates = [_encoded(_client(random.Random(n), odd)) for n in range(_VARIANTS)]
    return [each.replace(b'"%(id)d"', b"%(id)d") for each in templates]


def _client(rng: random.Random, odd: bool) -> dict[str, Any]:  # noqa: FBT001
    manager, seller = _employee(rng), _employee(rng)
    note = rng.choice(_NOTES)
    status = rng.choice(("ACTIVE", "INACTIVE", "TRIAL", "TERMINATED"))
    salesforce = f"0015e0000{rng.randint(10**8, 10**9 - 1)}"
    return {
        "id": "%(id)d",
        "uuid": f"{_UUID}%(id)012d",
        **dict.fromkeys(("logoUrl", "address", "externalStatusId", "freshdeskId")),
        "tenantId": 4711,
        "name": "Company %(id)d GmbH & Co.",
        "status": status,
        "active": status in {"ACTIVE", "TRIAL"},
        "siteUrl": "https://www.client%(id)d.example",
        "street": f"Main Street {rng.randint(1, 280)}",
        "city": rng.choice(_CITIES),
        "state": rng.choice(("UT", "BY", None)),
        "zip": f"{rng.randint(10000, 99999)}",
        "country": rng.choice(("US", "DE", "JP")),
        "timezone": rng.choice(("America/Denver", "Europe/Berlin")),
        "externalId": "EXT-%(id)d",
        "salesforceAccountId": salesforce,
        "zendeskId": f"{rng.randint(10**8, 10**9)}",
        "usageId": "usage-%(id)d",
        "stripeId": f"cus_{rng.randint(10**8, 10**9)}",
        "currency": rng.choice(("USD", "EUR", None)),
        "note": f"<p>{note}</p>",
        "noteAsText": note,
        "npsScore": rng.randint(-100, 100),
        "successScore": rng.randint(0, 9999) / 100,
        "activeClientSuccessCycleId": rng.choice((None, 3, 8)),
        "regionId": rng.choice((None, 1, 2)),
        "inceptionDate": "2021-03-01T00:00:00.000Z",
        "terminatedDate": rng.choice((None, "2025-02-01T00:00:00.000Z")),
        "createdTime": "2021-02-11T09:14:55.120Z",
        "modifiedTime": "%(time)s",
        "lastTouchDateTime": "2025-05-20T16:40:01.007Z",
        "lastTouchType": rng.choice(("EMAIL", "CALL", "MEETING", None)),
        "entityType": "CLIENT",
        "assignedSalesRep": seller["name"],
        "createdByEmployeeId": seller["id"],
        "modifiedByEmployeeId": manager["id"],
        "clientSegmentId": 2,
        "segment": {"id": 2, "title": "Mid-Market"},
        "clientType": {"id": 1, "title": "Customer", "key": 1 if odd else "CUSTOMER"},
        "managedByEmployee": manager,
        "assignedSalesRepAssociation": rng.choice((seller, None, None)),
        "primaryContact": {"id": 77, "firstname": "Renée", "lastname": "Rossi"},
        "externalSystems": {"SALESFORCE": salesforce, "HUBSPOT": None},
        "custom": {
            "industry__cs": rng.choice(("Retail", "Health", "金融")),
            "total_users__cs": rng.randint(1, 9000),
            "annual_budget__cs": rng.randint(100, 10**7) / 100,
            "reference__cs": rng.choice((True, False)),
            "regions__cs": rng.choice((["EMEA"], ["APAC", "LATAM"], [])),
        },
    }


def _employee(rng: random.Random) -> dict[str, Any]:
    number, name = rng.randint(1, 40), rng.choice(_PEOPLE)
    first, last = name.split()
    return {
        "id": number,
        "firstname": first,
        "lastname": last,
        "email": f"{number}@vendor.example",
        "name": name,
        "picture": None,
        "reportTo": rng.choice((None, 7)),
    }
