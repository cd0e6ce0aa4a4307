"""Clients, contacts, contracts and products."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clientsuccess_sandbox.data import custom_fields, words
from clientsuccess_sandbox.data.company import (
    CLIENT_SEGMENTS,
    CLIENT_STATUSES,
    TENANT,
    Company,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clientsuccess_sandbox.data.seeded import Random
    from clientsuccess_sandbox.jsontext import Record

_CENT = Decimal("0.01")
_REGIONS = ("Nord", "Süd", "Americas", "APAC")
_STAGES = ("Closed Won", "In Renewal", "Verhandlung", "Closed Lost")
_TYPES = (("Customer", "CUSTOMER"), ("Partner", "PARTNER"), ("Prospect", "PROSPECT"))


def client(company: Company, random: Random, _: int) -> Record:
    """Make a client."""
    manager, seller = company.some_employee(random), company.some_employee(random)
    contact, first, last = company.some_contact(random)
    note = random.text(2)
    segment = 1 + random.below(len(CLIENT_SEGMENTS))
    title, key = random.pick(_TYPES)
    face = {"id": segment, "title": CLIENT_SEGMENTS[segment - 1]}
    record: Record = {
        "id": "<<id>>",
        "uuid": "<<uuid>>",
        "tenantId": TENANT,
        "name": "<<client_name>>",
        "status": "<<status>>",
        "active": "<<active>>",
        "siteUrl": "https://www.client<<id>>.example",
        "logoUrl": "https://client<<id>>.example/logo.svg?größe=2",
        **_address(random),
        "currency": random.pick(words.PLACES).currency,
        "externalId": "EXT-<<id>>",
        "externalStatusId": str(1 + random.below(len(CLIENT_STATUSES))),
        "salesforceAccountId": f"001{random.below(10**12):012}",
        "zendeskId": str(random.below(10**9)),
        "freshdeskId": None,
        "usageId": "u<<id>>",
        "stripeId": f"cus_{random.below(10**10):010}",
        "note": f"<p>{note}</p>",
        "noteAsText": note,
        "npsScore": random.below(201) - 100,
        "successScore": 20 + random.decimal(80, 1),
        "activeClientSuccessCycleId": 1 + random.below(9),
        "regionId": 1 + random.below(len(_REGIONS)),
        "inceptionDate": "<<created>>",
        "terminatedDate": "<<terminated>>",
        "lastTouchDateTime": "<<modified>>",
        "lastTouchType": random.pick(("EMAIL", "CALL", "MEETING", "NOTE")),
        "entityType": "CLIENT",
        "clientSegmentId": segment,
        # Sources differ on whether it is an object or a string: both are met here.
        "segment": face["title"] if random.chance(0.1) else face,
        "clientType": {"id": len(key), "title": title, "key": key},
        "assignedSalesRep": seller["name"],
        "createdByEmployeeId": manager["id"],
        "modifiedByEmployeeId": seller["id"],
        "managedByEmployee": manager,
        "assignedSalesRepAssociation": seller,
        "primaryContact": {"id": contact, "firstname": first, "lastname": last}
        if company.sizes["contacts"]
        else None,
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
        "externalSystems": random.systems(),
        "custom": custom_fields.values_for("CLIENT", random),
    }
    return random.thin(record, "active", "clientType")


def client_detail(company: Company, record: Record) -> Record:
    """Add what only the read of a single client gives."""
    number, region = record["id"], record.get("regionId")
    random = company.random("client", number, "detail")
    parent = company.client(1 + random.below(number))
    return record | {
        "region": region
        and {
            "id": region,
            "tenantId": TENANT,
            "name": _REGIONS[region - 1],
            "used": True,
        },
        "parentClient": None
        if parent["id"] == number or random.chance(0.8)
        else {
            **{key: parent[key] for key in ("id", "uuid", "name")},
            "externalId": f"EXT-{parent['id']}",
            "clientTypeId": 1 + random.below(3),
            "managedByEmployeeId": company.some_employee(random)["id"],
            "regionId": None,
            "externalSystems": random.systems(),
        },
        "accTeamingRoles": [
            {
                "id": number * 10 + place,
                "tenantId": TENANT,
                "clientId": number,
                "employee": company.some_employee(random),
                "role": random.pick(("CSM", "Sales", "Support")),
            }
            for place in range(random.below(3))
        ],
        "createdByEmployee": company.some_employee(random),
        "modifiedByEmployee": company.some_employee(random),
    }


def contact(_: Company, random: Random, __: int) -> Record:
    """Make a contact."""
    record: Record = {
        "id": "<<id>>",
        "uuid": "<<uuid>>",
        "tenantId": TENANT,
        "tenantClientId": "<<owner>>",
        "status": random.pick(("ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE")),
        "firstName": "<<first_name>>",
        "lastName": "<<last_name>>",
        "title": random.pick(words.JOB_TITLES),
        "email": "contact<<id>>@client.example",
        "phone": f"+49 89 {random.below(10**7):07}",
        "mobile": f"(801) 555-{random.below(10**4):04}",
        "salesforceId": f"003{random.below(10**12):012}",
        "linkedinUrl": "https://social.example/in/contact-<<id>>",
        "externalId": "C-<<id>>",
        "usageId": None,
        "advocate": random.chance(0.2),
        "champion": random.chance(0.2),
        "executiveSponsor": random.chance(0.1),
        "starred": random.chance(0.1),
        "keyContact": random.chance(0.3),
        **_address(random),
        "notes": random.text(2),
        "entityType": "CONTACT",
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
        "engagementCount": random.below(40),
        "lastEngagementDate": "<<modified>>",
        "tenantClient": "<<owner_face>>",
        "badges": random.some(words.BADGES, 2),
        "npsResult": _nps_result(random),
        "engagements": [
            {
                "interactionTypeId": 1 + random.below(8),
                "interactionCount": random.below(30),
                "engagementCount": random.below(30),
                "lastInteractionDate": "<<modified>>",
                "lastEngagementDate": "<<created>>",
            }
            for _ in range(random.below(3))
        ],
        "externalSystems": random.systems(),
        "custom": custom_fields.values_for("CONTACT", random),
    }
    return random.thin(record)


def contract(company: Company, random: Random, _: int) -> Record:
    """Make a contract."""
    items = [_item(company, random, line) for line in range(1, 3 + random.below(4))]
    ender = company.some_employee(random) if random.chance(0.1) else None
    stage = random.pick(_STAGES)
    older = _relative(random)
    record: Record = {
        "id": "<<id>>",
        "uuid": "<<uuid>>",
        "tenantId": TENANT,
        "tenantClientId": "<<owner>>",
        "name": f"{random.pick(words.PRODUCT_NAMES)} {2020 + random.below(6)}",
        "description": random.text(1),
        "note": f"<p>{random.text(2)}</p>",
        "bookingDate": "<<created>>",
        "termStartDate": "<<created>>",
        "termEndDate": "<<later>>",
        "terminatedDate": ender and "<<modified>>",
        "terminatedEffectiveDate": ender and "<<modified>>",
        "termLengthDays": 365,
        "probability": random.decimal(1, 3),
        "currency": random.pick(words.PLACES).currency,
        **_money(sum((item["total"] for item in items), Decimal(0))),
        "acv": items[0]["total"],
        "otr": random.amount(5000),
        "recurring": random.chance(0.8),
        "autoRenew": random.chance(0.5),
        "externalId": "K-<<id>>",
        "createdByEmployeeId": company.some_employee(random)["id"],
        "modifiedByEmployeeId": company.some_employee(random)["id"],
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
        # Sources differ on whether it is an object or a string: both are met here.
        "stage": stage if random.chance(0.1) else {"id": len(stage), "label": stage},
        "bookedByEmployee": company.some_employee(random),
        "terminatedByEmployee": ender,
        "meta": {
            "id": "<<id>>",
            "type": random.pick(("NEW", "RENEWAL", "ADJUSTMENT")),
            "status": "BOOKED",
            "currentStatus": random.pick(("ACTIVE", "EXPIRED", "FUTURE")),
            "externalSystems": random.systems(),
        },
        "client": "<<owner_status>>",
        "externalSystems": random.systems(),
        "renews": older,
        "renewedBy": None,
        "adjusts": None,
        # A list in one source, one object in another: both are met here.
        "adjustedBy": random.pick((older, [older], [], [], [], [])),
        "items": items,
        "custom": custom_fields.values_for("CONTRACT", random),
    }
    return random.thin(record, "description")


def subscriptions(contracts: Iterable[Record]) -> list[Record]:
    """Return the items of contracts as the old API's subscriptions."""
    return [
        {
            "id": item["id"],
            "uuid": item["uuid"],
            "clientId": contract.get("tenantClientId"),
            "name": item["description"],
            "quantity": item["quantity"],
            "amount": item["total"],
            "startDate": item["termStartDate"],
            "endDate": item["termEndDate"],
        }
        for contract in contracts
        for item in contract.get("items") or ()
    ]


def product(_: Company, random: Random, __: int) -> Record:
    """Make a product."""
    record: Record = {
        "id": "<<id>>",
        "uuid": "<<uuid>>",
        "tenantId": TENANT,
        "name": "<<product_name>>",
        "description": random.text(2),
        "sku": "SKU-<<id>>",
        "active": random.chance(0.9),
        "recurring": random.chance(0.7),
        "isPulse": random.chance(0.3),
        "contractUsageCount": random.below(500),
        "subscriptionUsageCount": random.below(500),
        "productPulseUsageCount": random.below(50),
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
        "salesforceId": f"01t{random.below(10**12):012}",
        "logo": "https://img.vendor.example/product/<<id>>.png",
    }
    return random.thin(record, "description", "sku")


def _address(random: Random) -> Record:
    place = random.pick(words.PLACES)
    street = f"{place.street} {1 + random.below(280)}"
    return {
        "street": street,
        "city": place.city,
        "state": place.state,
        "zip": place.zip,
        "country": place.country,
        "address": f"{street}\n{place.zip} {place.city}",
        "timezone": place.timezone,
    }


def _nps_result(random: Random) -> Record:
    asked = random.chance(0.4)
    return {
        "lastCampaignResponseId": random.below(10**6) if asked else None,
        "lastCampaignResponseDate": "<<modified>>" if asked else None,
        "lastCampaignScore": random.below(11) if asked else None,
        "lastCampaignComment": random.text(1) if asked else None,
        "lastResentResponseId": None,
        "lastResentTime": None,
        "lastResentScore": None,
        "lastResentComment": None,
        "lastCampaign": {"uuid": "cmp_2", "name": f"NPS {2020 + random.below(6)}"},
        "lastResentCampaign": None,
    }


def _money(total: Decimal) -> dict[str, Decimal]:
    month = (total / 12).quantize(_CENT)
    return {
        "total": total,
        "tcv": total,
        "arr": month * 12,
        "mrr": month,
        "assignedArr": month * 12,
        "assignedMrr": month,
    }


def _relative(random: Random) -> Record:
    amount = random.amount()
    return {
        "id": "<<previous>>",
        "uuid": "<<previous_uuid>>",
        "name": f"{random.pick(words.PRODUCT_NAMES)} {2020 + random.below(6)}",
        "tcv": amount,
        "arr": amount,
        "bookingDate": "<<created>>",
        "termStartDate": "<<created>>",
        "termEndDate": "<<later>>",
    }


def _item(company: Company, random: Random, line: int) -> dict[str, Any]:
    product = 1 + random.below(company.sizes["products"])
    price, quantity = random.amount(900), 1 + random.below(40)
    money = _money(price * quantity)
    del money["tcv"]
    return {
        "id": f"<<id>>{line}",
        "uuid": f"itm_<<id>>_{line}",
        "tenantId": TENANT,
        "tenantContractId": "<<id>>",
        "lineNumber": line,
        "productCode": f"SKU-{product}",
        "description": company.product_name(product),
        "quantity": quantity,
        **money,
        "pricePer": price,
        "recurring": random.chance(0.8),
        "termStartDate": "<<created>>",
        "termEndDate": "<<later>>",
        "termLengthDays": 365,
        "termLengthMonths": 12,
        "externalId": None,
        "externalSystems": {},
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
    }
