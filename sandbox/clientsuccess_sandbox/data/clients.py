"""Clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import custom_fields, words
from clientsuccess_sandbox.data.company import (
    CLIENT_SEGMENTS,
    CLIENT_STATUSES,
    TENANT,
    Client,
    Company,
    Times,
)

if TYPE_CHECKING:
    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.jsontext import Record

_STATUS_IDS = {name: place for place, (_, name) in enumerate(CLIENT_STATUSES, start=1)}
_REGIONS = ("Nord", "Süd", "Americas", "APAC")
_TYPES = (("Customer", "CUSTOMER"), ("Partner", "PARTNER"), ("Prospect", "PROSPECT"))
_TOUCHES = ("EMAIL", "CALL", "MEETING", "NOTE")
_DEFINITIONS = custom_fields.definitions("CLIENT")
_OPTIONAL = (
    *("siteUrl", "logoUrl", "street", "city", "state", "zip", "country", "address"),
    *("timezone", "externalId", "externalStatusId", "salesforceAccountId"),
    *("zendeskId", "freshdeskId", "usageId", "stripeId", "currency", "note"),
    *("noteAsText", "npsScore", "successScore", "activeClientSuccessCycleId"),
    *("regionId", "inceptionDate", "terminatedDate", "lastTouchDateTime"),
    *("lastTouchType", "entityType", "assignedSalesRep", "createdByEmployeeId"),
    *("modifiedByEmployeeId", "clientSegmentId", "segment"),
    *("managedByEmployee", "assignedSalesRepAssociation", "primaryContact"),
    *("externalSystems", "custom"),
)


def make(company: Company, number: int, times: Times) -> Record:
    """Make a client as the search gives it."""
    dice = company.dice("clients", number)
    face = company.client(number)
    record: Record = {
        "id": number,
        "uuid": face.uuid,
        "tenantId": TENANT,
        "name": face.name,
        "status": face.status,
        "active": face.status in ("ACTIVE", "TRIAL"),
        **_address(number, dice),
        **_other_ids(number, face.status, dice),
        **_standing(dice, times),
        **_people(company, dice),
        "createdTime": to_iso(times.created),
        "modifiedTime": to_iso(times.modified),
        "externalSystems": dice.systems(),
        "custom": custom_fields.values_for(_DEFINITIONS, dice),
    }
    if face.status != "TERMINATED":
        record["terminatedDate"] = None
    return dice.thin(record, _OPTIONAL)


def detail(company: Company, record: Record) -> Record:
    """Add what only the read of a single client gives."""
    number = record["id"]
    dice = company.dice("clients", number, "detail")
    region = record.get("regionId")
    return record | {
        "region": region and _region(region),
        "parentClient": _parent(company, number, dice),
        "accTeamingRoles": [
            {
                "id": number * 10 + place,
                "tenantId": TENANT,
                "clientId": number,
                "employee": company.employee(company.some_employee(dice)),
                "role": dice.pick(("CSM", "Sales", "Support")),
            }
            for place in range(dice.below(3))
        ],
        "createdByEmployee": company.employee(company.some_employee(dice)),
        "modifiedByEmployee": company.employee(company.some_employee(dice)),
    }


def _address(number: int, dice: Dice) -> Record:
    place = dice.pick(words.PLACES)
    street = f"{place.street} {dice.between(1, 280)}"
    host = f"client{number}.example"
    return {
        "siteUrl": f"https://www.{host}",
        "logoUrl": f"https://{host}/logo.svg?größe=2",
        "street": street,
        "city": place.city,
        "state": place.state,
        "zip": place.zip,
        "country": place.country,
        "address": f"{street}, {place.zip} {place.city}",
        "timezone": place.timezone,
        "currency": place.currency,
    }


def _other_ids(number: int, status: str, dice: Dice) -> Record:
    return {
        "externalId": f"EXT-{number:07}",
        "externalStatusId": str(_STATUS_IDS[status]),
        "salesforceAccountId": f"001{dice.below(10**12):012}",
        "zendeskId": str(dice.below(10**9)),
        "freshdeskId": None,
        "usageId": f"u{number}",
        "stripeId": f"cus_{dice.below(10**10):010}",
    }


def _standing(dice: Dice, times: Times) -> Record:
    note = dice.text(2)
    segment = 1 + dice.below(len(CLIENT_SEGMENTS))
    title, key = dice.pick(_TYPES)
    return {
        "note": f"<p>{note}</p>",
        "noteAsText": note,
        "npsScore": dice.between(-100, 100),
        "successScore": dice.amount(100),
        "activeClientSuccessCycleId": dice.between(1, 9),
        "regionId": dice.between(1, len(_REGIONS)),
        "inceptionDate": to_iso(times.created),
        "terminatedDate": to_iso(times.modified),
        "lastTouchDateTime": to_iso(times.modified),
        "lastTouchType": dice.pick(_TOUCHES),
        "entityType": "CLIENT",
        "clientSegmentId": segment,
        "segment": _segment(segment, dice),
        "clientType": {"id": len(key), "title": title, "key": key},
    }


def _segment(number: int, dice: Dice) -> Record | str:
    # Sources differ on whether it is an object or a string: both are met here.
    title = CLIENT_SEGMENTS[number - 1]
    return title if dice.chance(0.1) else {"id": number, "title": title}


def _people(company: Company, dice: Dice) -> Record:
    manager, seller = company.some_employee(dice), company.some_employee(dice)
    return {
        "assignedSalesRep": company.employee(seller)["name"],
        "createdByEmployeeId": manager,
        "modifiedByEmployeeId": seller,
        "managedByEmployee": company.employee(manager),
        "assignedSalesRepAssociation": company.employee(seller),
        "primaryContact": _primary_contact(company, dice),
    }


def _primary_contact(company: Company, dice: Dice) -> Record | None:
    if not company.sizes["contacts"]:
        return None
    number = 1 + dice.below(company.sizes["contacts"])
    first, last = company.contact_name(number)
    return {"id": number, "firstname": first, "lastname": last}


def _region(number: int) -> Record:
    return {
        "id": number,
        "tenantId": TENANT,
        "name": _REGIONS[number - 1],
        "used": True,
    }


def _parent(company: Company, number: int, dice: Dice) -> Record | None:
    if number == 1 or dice.chance(0.8):
        return None
    parent: Client = company.client(1 + dice.below(number - 1))
    return {
        "id": parent.id,
        "uuid": parent.uuid,
        "name": parent.name,
        "externalId": f"EXT-{parent.id:07}",
        "clientTypeId": dice.between(1, 3),
        "managedByEmployeeId": company.some_employee(dice),
        "regionId": None,
        "externalSystems": dice.systems(),
    }
