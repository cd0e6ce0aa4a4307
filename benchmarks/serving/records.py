"""The clients that the server has, composed of text that was encoded once."""

from __future__ import annotations

import datetime as dt
import json
import random
from functools import cache
from typing import Any

_VARIANTS = 97
_NEWEST = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
_OFFSET = len("+00:00")
_STATUSES = ("ACTIVE", "INACTIVE", "TRIAL", "TERMINATED")
_CITIES = ("Provo", "München", "São Paulo", "Łódź", "東京", "Salt Lake City")
_PEOPLE = ("Ada Jansen", "Günther Weiß", "Priya Nguyễn", "Tomás García", "美咲 佐藤")
_NOTES = (
    "Renewal is due; the sponsor wants a report.",
    "Rückfrage zur Rechnung.",
    'Asked for a "quick win" & a training.',
    "来月もう一度話します。",
)


def modified(number: int) -> str:
    """Say when a client last changed: client 1 last of all, each a second earlier.

    Args:
        number: The client's number, from 1.

    Returns:
        The time as the API writes it.
    """
    moment = _NEWEST - dt.timedelta(seconds=number)
    return moment.isoformat(timespec="milliseconds")[:-_OFFSET] + "Z"


def changed_after(moment: dt.datetime) -> int:
    """Count the clients that changed after a moment, if there were endlessly many.

    Args:
        moment: A time with its offset.

    Returns:
        How many, from number 1 on.
    """
    age = _NEWEST - moment
    return max(0, -(-age // dt.timedelta(seconds=1)) - 1)


def encoded(number: int) -> bytes:
    """Return a client as the search gives it.

    Args:
        number: The client's number, from 1.

    Returns:
        Its JSON.
    """
    template = _templates()[number % _VARIANTS]
    return template % (*(number,) * 6, modified(number).encode())


def uuid(number: int) -> str:
    """Return the uuid of a client.

    Args:
        number: The client's number, from 1.

    Returns:
        The uuid, which ends in the number.
    """
    return f"5eed0000-0000-4000-8000-{number:012}"


@cache
def _templates() -> tuple[bytes, ...]:
    return tuple(_template(variant) for variant in range(_VARIANTS))


def _template(variant: int) -> bytes:
    text = json.dumps(_client(variant), ensure_ascii=False, separators=(",", ":"))
    escaped = text.replace("%", "%%").replace('"<id>"', "%d")
    filled = escaped.replace("<number>", "%d").replace("<time>", "%s")
    return filled.replace("<uuid>", "5eed0000-0000-4000-8000-%012d").encode()


def _client(variant: int) -> dict[str, Any]:
    dice = random.Random(variant)  # noqa: S311 - made-up data wants a seed
    return {
        "id": "<id>",
        "uuid": "<uuid>",
        "name": "Company <number> GmbH & Co.",
        "siteUrl": "https://www.client<number>.example",
        "externalId": "EXT-<number>",
        "usageId": "usage-<number>",
        "modifiedTime": "<time>",
        **_standing(dice),
        **_address(dice),
        **_other_ids(dice),
        **_people(dice),
        **_custom(dice),
    }


def _standing(dice: random.Random) -> dict[str, Any]:
    note, status = dice.choice(_NOTES), dice.choice(_STATUSES)
    return {
        "tenantId": 4711,
        "status": status,
        "active": status in {"ACTIVE", "TRIAL"},
        "note": f"<p>{note}</p>",
        "noteAsText": note,
        "npsScore": dice.randint(-100, 100),
        "successScore": dice.randint(0, 9999) / 100,
        "activeClientSuccessCycleId": dice.choice((None, 3, 8)),
        "regionId": dice.choice((None, 1, 2)),
        "inceptionDate": "2021-03-01T00:00:00.000Z",
        "terminatedDate": dice.choice((None, "2025-02-01T00:00:00.000Z")),
        "createdTime": "2021-02-11T09:14:55.120Z",
        "lastTouchDateTime": "2025-05-20T16:40:01.007Z",
        "lastTouchType": dice.choice(("EMAIL", "CALL", "MEETING", None)),
        "entityType": "CLIENT",
        "clientSegmentId": 2,
        "segment": {"id": 2, "title": "Mid-Market"},
        "clientType": {"id": 1, "title": "Customer", "key": "CUSTOMER"},
    }


def _address(dice: random.Random) -> dict[str, Any]:
    city, house = dice.choice(_CITIES), dice.randint(1, 280)
    return {
        "logoUrl": None,
        "street": f"Main Street {house}",
        "city": city,
        "state": dice.choice(("UT", "BY", None)),
        "zip": f"{dice.randint(10000, 99999)}",
        "country": dice.choice(("US", "DE", "JP")),
        "address": None,
        "timezone": dice.choice(("America/Denver", "Europe/Berlin")),
        "currency": dice.choice(("USD", "EUR", None)),
    }


def _other_ids(dice: random.Random) -> dict[str, Any]:
    salesforce = f"0015e0000{dice.randint(10**8, 10**9 - 1)}"
    return {
        "externalStatusId": None,
        "salesforceAccountId": salesforce,
        "zendeskId": f"{dice.randint(10**8, 10**9)}",
        "freshdeskId": None,
        "stripeId": f"cus_{dice.randint(10**8, 10**9)}",
        "externalSystems": {"SALESFORCE": salesforce, "HUBSPOT": None},
    }


def _people(dice: random.Random) -> dict[str, Any]:
    manager, seller = _employee(dice), _employee(dice)
    return {
        "assignedSalesRep": seller["name"],
        "createdByEmployeeId": seller["id"],
        "modifiedByEmployeeId": manager["id"],
        "managedByEmployee": manager,
        "assignedSalesRepAssociation": dice.choice((seller, None, None)),
        "primaryContact": {"id": 77, "firstname": "Renée", "lastname": "Rossi"},
    }


def _employee(dice: random.Random) -> dict[str, Any]:
    number = dice.randint(1, 40)
    name = dice.choice(_PEOPLE)
    first, last = name.split()
    return {
        "id": number,
        "firstname": first,
        "lastname": last,
        "email": f"{number}@vendor.example",
        "name": name,
        "picture": None,
        "reportTo": dice.choice((None, 7)),
    }


def _custom(dice: random.Random) -> dict[str, Any]:
    custom = {
        "industry__cs": dice.choice(("Retail", "Health", "金融")),
        "total_users__cs": dice.randint(1, 9000),
        "annual_budget__cs": dice.randint(100, 10**7) / 100,
        "reference__cs": dice.choice((True, False)),
        "regions__cs": dice.choice((["EMEA"], ["APAC", "LATAM"], [])),
    }
    return {"custom": custom}


def detail(number: int) -> bytes:
    """Return a client as the read of one client gives it.

    Args:
        number: The client's number, from 1.

    Returns:
        Its JSON: what the search gives, and more.
    """
    more = json.dumps(_more(number), ensure_ascii=False, separators=(",", ":"))
    return encoded(number)[:-1] + b"," + more[1:].encode()


def _more(number: int) -> dict[str, Any]:
    dice = random.Random(number)  # noqa: S311 - made-up data wants a seed
    role = {"id": number, "tenantId": 4711, "clientId": number, "role": "CSM"}
    return {
        "region": {"id": 1, "tenantId": 4711, "name": "Nord", "used": 1},
        "parentClient": None,
        "accTeamingRoles": [role | {"employee": _employee(dice)}],
        "createdByEmployee": _employee(dice),
        "modifiedByEmployee": None,
    }
