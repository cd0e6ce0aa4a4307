"""A function for each kind of records. It makes a variant: see `variants.py`.

It chooses what all records of the variant share. What is a record's own is a function
of `Own`, wherever it stands: `_ID` is one, and so is each `lambda own: ...`.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape
from operator import attrgetter
from typing import Final

from clientsuccess_sandbox.data.choices import Choices, Own, money
from clientsuccess_sandbox.data.seeded import WORDS
from clientsuccess_sandbox.jsontext import Record

TENANT: Final = {"id": 4711, "name": "Sandbox & Söhne"}
_TENANT_ID: Final = TENANT["id"]
_LONG: Final = 300
_ID, _UUID, _OWNER = attrgetter("id"), attrgetter("uuid"), attrgetter("owner")
_CREATED, _MODIFIED = attrgetter("created"), attrgetter("modified")
_TERM: Final = {"termStartDate": _CREATED, "termEndDate": attrgetter("term_end")}
_CHANGES: Final = {"createdTime": _CREATED, "modifiedTime": _MODIFIED}


def client(c: Choices) -> Record:
    """Make a client."""
    manager, seller, person = c.employee(), c.employee(), c.contact()
    note, segment, place = c.text(2), c.word("segments"), c.word("places")
    return {
        "id": _ID,
        "uuid": _UUID,
        "tenantId": _TENANT_ID,
        "name": lambda own: own.client["name"],
        "status": lambda own: own.client["status"],
        "active": lambda own: own.client["status"] in {"ACTIVE", "TRIAL"},
        "siteUrl": lambda own: f"https://www.client{own.id}.example",
        "logoUrl": lambda own: f"https://client{own.id}.example/logo.svg?größe=2",
        **c.address(place),
        "currency": place["currency"],
        "externalId": lambda own: f"EXT-{own.id}",
        "externalStatusId": c.digits(1),
        "salesforceAccountId": f"001{c.digits(12)}",
        "zendeskId": c.digits(9),
        "freshdeskId": None,
        "usageId": lambda own: f"u{own.id}",
        "stripeId": f"cus_{c.digits(10)}",
        "note": f"<p>{note}</p>",
        "noteAsText": note,
        "npsScore": c.below(101),
        "successScore": c.decimal(100, 1),
        "activeClientSuccessCycleId": c.count(9),
        "regionId": c.count(len(WORDS["regions"])),
        "inceptionDate": _CREATED,
        "terminatedDate": lambda own: (
            own.modified if own.client["status"] == "TERMINATED" else None
        ),
        "lastTouchDateTime": _MODIFIED,
        "lastTouchType": c.pick(("EMAIL", "CALL", "MEETING", "NOTE")),
        "entityType": "CLIENT",
        "clientSegmentId": segment["id"],
        "segment": segment["title"] if c.chance(0.2) else segment,
        "clientType": c.word("client_types"),
        "assignedSalesRep": seller["name"],
        "createdByEmployeeId": manager["id"],
        "modifiedByEmployeeId": seller["id"],
        "managedByEmployee": manager,
        "assignedSalesRepAssociation": seller,
        "primaryContact": person
        and {
            "id": person["id"],
            "firstname": person["firstName"],
            "lastname": person["lastName"],
        },
        **_CHANGES,
        "externalSystems": c.systems(),
        "custom": c.custom("CLIENT"),
    }


def client_detail(c: Choices, shown: Record) -> Record:
    """Make what only the read of a single client gives."""
    number, region = shown["id"], shown.get("regionId")
    older = c.count(number)
    parent = c.company.client(older) if older < number and c.chance(0.2) else None
    return {
        "region": next((r for r in WORDS["regions"] if r["id"] == region), None),
        "parentClient": parent
        and {
            **{key: parent[key] for key in ("id", "uuid", "name")},
            "externalId": f"EXT-{parent['id']}",
            "clientTypeId": c.count(3),
            "managedByEmployeeId": c.employee()["id"],
            "regionId": None,
            "externalSystems": c.systems(),
        },
        "accTeamingRoles": [
            {
                "id": number * 10 + line,
                "tenantId": _TENANT_ID,
                "clientId": number,
                "employee": c.employee(),
                "role": c.pick(("CSM", "Sales", "Support")),
            }
            for line in range(1, c.count(3))
        ],
        "createdByEmployee": c.employee(),
        "modifiedByEmployee": c.employee(),
    }


def contact(c: Choices) -> Record:
    """Make a contact."""
    return {
        "id": _ID,
        "uuid": _UUID,
        "tenantId": _TENANT_ID,
        "tenantClientId": _OWNER,
        "status": c.pick(("ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE")),
        "firstName": lambda own: own.person["firstName"],
        "lastName": lambda own: own.person["lastName"],
        "title": c.word("job_titles"),
        "email": lambda own: own.person["email"],
        "phone": f"+49 89 {c.digits(7)}",
        "mobile": f"(801) 555-{c.digits(4)}",
        "salesforceId": f"003{c.digits(12)}",
        "linkedinUrl": lambda own: f"https://social.example/in/contact-{own.id}",
        "externalId": lambda own: f"C-{own.id}",
        "usageId": None,
        **c.chances(advocate=0.2, champion=0.2, executiveSponsor=0.1),
        **c.chances(starred=0.1, keyContact=0.3),
        **c.address(c.word("places")),
        "notes": c.text(2),
        "entityType": "CONTACT",
        **_CHANGES,
        "engagementCount": c.below(40),
        "lastEngagementDate": _MODIFIED,
        "tenantClient": lambda own: own.customer("id", "uuid", "name", "status"),
        "badges": c.words("badges", 2),
        "npsResult": _nps(c, asked=c.chance(0.4)),
        "engagements": [
            {
                "interactionTypeId": c.count(8),
                **c.numbers(interactionCount=30, engagementCount=30),
                "lastInteractionDate": _MODIFIED,
                "lastEngagementDate": _CREATED,
            }
            for _ in range(c.below(3))
        ],
        "externalSystems": c.systems(),
        "custom": c.custom("CONTACT"),
    }


def _nps(c: Choices, *, asked: bool) -> Record:
    return {
        "lastCampaignResponseId": c.below(1_000_000) if asked else None,
        "lastCampaignResponseDate": _MODIFIED if asked else None,
        "lastCampaignScore": c.below(11) if asked else None,
        "lastCampaignComment": c.text(1) if asked else None,
        **dict.fromkeys(("lastResentResponseId", "lastResentTime", "lastResentScore")),
        **dict.fromkeys(("lastResentComment", "lastResentCampaign")),
        "lastCampaign": {"uuid": "cmp_2", "name": f"NPS 202{c.below(6)}"},
    }


def contact_detail(_: Choices, __: Record) -> Record:
    """Make what only the read of a single contact gives."""
    return {"tenant": TENANT}


def contract(c: Choices) -> Record:
    """Make a contract with its items."""
    items = [_item(c, line) for line in range(1, 3 + c.below(4))]
    total = money(sum((item["total"] for item in items), Decimal(0)))
    stage, ended, older = c.word("stages"), c.chance(0.1), _older(c)
    return {
        "id": _ID,
        "uuid": _UUID,
        "tenantId": _TENANT_ID,
        "tenantClientId": _OWNER,
        "name": _contract_name(c),
        "description": c.text(1),
        "note": f"<p>{c.text(2)}</p>",
        "bookingDate": _CREATED,
        **_TERM,
        "terminatedDate": _MODIFIED if ended else None,
        "terminatedEffectiveDate": _MODIFIED if ended else None,
        "termLengthDays": 365,
        "probability": c.decimal(1, 3),
        "currency": c.word("places")["currency"],
        **total,
        "tcv": total["total"],
        "assignedArr": total["arr"],
        "assignedMrr": total["mrr"],
        "acv": total["total"],
        "otr": c.amount(5000),
        **c.chances(recurring=0.8, autoRenew=0.5),
        "externalId": lambda own: f"K-{own.id}",
        "createdByEmployeeId": c.employee()["id"],
        "modifiedByEmployeeId": c.employee()["id"],
        **_CHANGES,
        "stage": stage["label"] if c.chance(0.2) else stage,
        "bookedByEmployee": c.employee(),
        "terminatedByEmployee": c.employee() if ended else None,
        "meta": {
            "id": _ID,
            "type": c.pick(("NEW", "RENEWAL", "ADJUSTMENT")),
            "status": "BOOKED",
            "currentStatus": c.pick(("ACTIVE", "EXPIRED", "FUTURE")),
            "externalSystems": c.systems(),
        },
        "client": lambda own: own.customer("id", "status"),
        "externalSystems": c.systems(),
        "renews": older,
        "renewedBy": None,
        "adjusts": None,
        # One object or a list: sources differ.
        "adjustedBy": c.pick((older, [older], [], [], [], [])),
        "items": items,
        "custom": c.custom("CONTRACT"),
    }


def _contract_name(c: Choices) -> str:
    return f"{c.word('products')} 202{c.below(6)}"


def _older(c: Choices) -> Record:
    """Return what a contract shows of the one before it."""
    return {
        "id": attrgetter("previous"),
        "uuid": lambda own: own.company.uuid(own.kind, own.previous),
        "name": _contract_name(c),
        "tcv": c.amount(),
        "arr": c.amount(),
        "bookingDate": _CREATED,
        **_TERM,
    }


def _item(c: Choices, line: int) -> Record:
    product, each, quantity = c.product(), c.amount(900), c.count(40)
    price = money(each * quantity)
    return {
        "id": lambda own: own.id * 10 + line,
        "uuid": lambda own: f"itm_{own.id}_{line}",
        "tenantId": _TENANT_ID,
        "tenantContractId": _ID,
        "lineNumber": line,
        "productCode": f"SKU-{product['id']}",
        "description": product["name"],
        "quantity": quantity,
        "pricePer": each,
        **price,
        "assignedArr": price["arr"],
        "assignedMrr": price["mrr"],
        "recurring": c.chance(0.8),
        **_TERM,
        "termLengthDays": 365,
        "termLengthMonths": 12,
        "externalId": None,
        "externalSystems": {},
        **_CHANGES,
    }


def product(c: Choices) -> Record:
    """Make a product."""
    return {
        "id": _ID,
        "uuid": _UUID,
        "tenantId": _TENANT_ID,
        "name": lambda own: own.company.product(own.id)["name"],
        "description": c.text(2),
        "sku": lambda own: f"SKU-{own.id}",
        **c.chances(active=0.9, recurring=0.7, isPulse=0.3),
        **c.numbers(contractUsageCount=500, subscriptionUsageCount=500),
        **c.numbers(productPulseUsageCount=50),
        **_CHANGES,
        "salesforceId": f"01t{c.digits(12)}",
        "logo": lambda own: f"https://img.vendor.example/product/{own.id}.png",
    }


def client_note(c: Choices) -> Record:
    """Make a note about a client; one variant has tens of kilobytes."""
    author, email, tags = c.employee(), c.chance(0.2), c.words("tags", 2)
    people = [person for _ in range(c.below(3)) if (person := c.contact())]
    prose = c.text(6) * (_LONG if c.is_long else 1)
    subject = c.word("subjects")
    meta = {"messageId": lambda own: f"<{own.id}@mail.example>", "size": 2048}
    return {
        "id": _ID,
        "clientId": _OWNER,
        "subject": lambda own: f"{subject} #{own.id}",
        "note": f"<div><p>{escape(prose)}</p><ul><li>✓</li></ul>&nbsp;</div>",
        "sanitizedNote": prose,
        "author": author["name"],
        "interactionTypeId": c.count(8),
        "createdTime": _CREATED,
        "createdByEmployeeId": author["id"],
        "contactIds": [person["id"] for person in people],
        "employeeIds": [author["id"]],
        "tagIds": [tag["id"] for tag in tags],
        "contacts": people,
        "employees": [{key: author[key] for key in ("id", "name", "email")}],
        "tags": tags,
        "to": [_participant(c, "to", 1, line) for line in range(1, c.count(3))],
        "cc": [_participant(c, "cc", 2, line) for line in range(1, c.count(2))],
        "from": {"name": c.word("first_names"), "email": "from@vendor.example"}
        if email
        else None,
        "threadId": (lambda own: f"thread-{own.id}") if email else None,
        "emailMessageMeta": meta if email else None,
        "externalSystemId": None,
        "sourceId": lambda own: f"s-{own.id}",
        "url": lambda own: f"https://app.vendor.example/notes/{own.id}",
        "filePath": None,
        "googleCalendarEvent": None,
        "modifiedTime": _MODIFIED,
    }


def _participant(c: Choices, role: str, type_id: int, line: int) -> Record:
    email = f"{role}{line}@client.example"
    return {
        "id": line,
        "name": c.word("first_names"),
        "email": email,
        "typeId": type_id,
    }


def pulse(c: Choices) -> Record:
    """Make a health pulse."""
    disposition, risk = c.word("dispositions"), c.word("risks")
    start, current = c.decimal(100, 1), c.decimal(100, 1)
    return {
        "id": _ID,
        "uuid": _UUID if c.chance(0.8) else None,
        "clientId": _OWNER,
        "dispositionType": disposition["type"],
        "dispositionId": disposition["id"],
        "note": c.text(3),
        "nextSteps": c.text(1),
        "startingScore": start,
        "currentScore": current,
        "totalScoreChange": current - start,
        "createdTimestamp": _CREATED,
        "createdByEmployeeId": c.employee()["id"],
        "productId": c.product()["id"] if c.chance(0.2) else None,
        "riskLevelId": risk["id"],
        "riskLevelScore": risk["score"],
        "riskLevel": risk["level"],
        "numberOfDaysAtThisPosition": c.below(400),
        "reasonCodes": c.words("reasons", 3),
        "modifiedTime": _MODIFIED,
    }


def task(c: Choices) -> Record:
    """Make a task."""
    status, person = c.word("task_statuses"), c.employee()
    return {
        "id": _ID,
        "uuid": _UUID,
        "name": c.word("task_names"),
        "description": c.text(2),
        "completed": status["completed"],
        "status": {key: status[key] for key in ("id", "description")},
        "priority": c.word("priorities"),
        "dueDate": lambda own: own.later(14),
        "clientId": _OWNER,
        "client": lambda own: own.customer("id", "name"),
        "assignedToEmployee": {
            "id": person["id"],
            "firstName": person["firstname"],
            "lastName": person["lastname"],
            "user": {"email": person["email"]},
        },
        **_CHANGES,
    }


def employee(c: Choices) -> Record:
    """Make an employee, whose times are numbers."""
    return {
        "id": _ID,
        "uuid": _UUID,
        "type": "EMPLOYEE",
        "email": lambda own: own.company.employee(own.id)["email"],
        "userId": lambda own: own.id * 100,
        "title": c.word("job_titles"),
        "department": c.word("departments"),
        "roleId": c.count(4),
        "statusId": c.count(2),
        "active": c.chance(0.9),
        "firstName": lambda own: own.company.employee(own.id)["firstname"],
        "lastName": lambda own: own.company.employee(own.id)["lastname"],
        "lastUsedTime": attrgetter("times.modified"),
        "createdTime": attrgetter("times.created"),
        "modifiedTime": attrgetter("times.modified"),
    }


def client_status(_: Choices) -> Record:
    """Make a status that clients may have."""
    return {
        "id": _ID,
        "code": lambda own: _word("client_statuses", own)["code"],
        "description": lambda own: _word("client_statuses", own)["description"],
    }


def _word(kind: str, own: Own) -> Record:
    """Return one of the words for a kind; they begin anew after the last."""
    words = WORDS[kind]
    word: Record = words[(own.id - 1) % len(words)]
    return word


def client_segment(c: Choices) -> Record:
    """Make a segment of clients."""
    return {
        "id": _ID,
        "tid": _TENANT_ID,
        "title": lambda own: _word("segments", own)["title"],
        "description": c.text(1),
        "defaultSuccessCycleMapId": c.count(9),
        "successCycles": [],
    }
