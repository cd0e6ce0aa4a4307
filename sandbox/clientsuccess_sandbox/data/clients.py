"""Clients and contacts, and what only the read of a single one gives."""

from __future__ import annotations

from decimal import Decimal

from clientsuccess_sandbox.data.choices import TENANT, Choices
from clientsuccess_sandbox.data.custom_fields import values_for
from clientsuccess_sandbox.data.seeded import WORDS
from clientsuccess_sandbox.jsontext import Record


def client(c: Choices) -> Record:
    """Make a client."""
    manager, seller, person = c.employee(), c.employee(), c.contact()
    own = c.company.client(c.id)
    note, segment, place = c.text(2), c.word("segments"), c.word("places")
    return {
        **c.identity(),
        "name": own["name"],
        "status": own["status"],
        "active": own["status"] in {"ACTIVE", "TRIAL"},
        "siteUrl": f"https://www.client{c.id}.example",
        "logoUrl": f"https://client{c.id}.example/logo.svg?größe=2",
        **c.address(place),
        "currency": place["currency"],
        "externalId": f"EXT-{c.id}",
        "externalStatusId": c.digits(1),
        "salesforceAccountId": f"001{c.digits(12)}",
        "zendeskId": c.digits(9),
        "freshdeskId": None,
        "usageId": f"u{c.id}",
        "stripeId": f"cus_{c.digits(10)}",
        "note": f"<p>{note}</p>",
        "noteAsText": note,
        "npsScore": c.below(101),
        "successScore": c.decimal(100, 1),
        "activeClientSuccessCycleId": c.count(9),
        "regionId": c.count(len(WORDS["regions"])),
        "inceptionDate": c.created,
        "terminatedDate": c.modified if own["status"] == "TERMINATED" else None,
        "lastTouchDateTime": c.modified,
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
        **c.changes(),
        "externalSystems": c.systems(),
        "custom": values_for("CLIENT", c),
    }


def drift_score(now: str, client: Record) -> None:
    """Recalculate a client's score, as each night does."""
    score, night = client.get("successScore"), int(now[8:10])
    if score is not None:
        drift = Decimal((client["id"] * 7919 + night * 104729) % 41) / 10 - 2
        client["successScore"] = min(Decimal(100), max(Decimal(0), score + drift))


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
                "tenantId": TENANT["id"],
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
    person = c.company.person(c.id)
    return {
        **c.identity(),
        "tenantClientId": c.owner,
        "status": c.pick(("ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE")),
        "firstName": person["firstName"],
        "lastName": person["lastName"],
        "title": c.word("job_titles"),
        "email": person["email"],
        "phone": f"+49 89 {c.digits(7)}",
        "mobile": f"(801) 555-{c.digits(4)}",
        "salesforceId": f"003{c.digits(12)}",
        "linkedinUrl": f"https://social.example/in/contact-{c.id}",
        "externalId": f"C-{c.id}",
        "usageId": None,
        **c.chances(advocate=0.2, champion=0.2, executiveSponsor=0.1),
        **c.chances(starred=0.1, keyContact=0.3),
        **c.address(c.word("places")),
        "notes": c.text(2),
        "entityType": "CONTACT",
        **c.changes(),
        "engagementCount": c.below(40),
        "lastEngagementDate": c.modified,
        "tenantClient": c.customer("id", "uuid", "name", "status"),
        "badges": c.words("badges", 2),
        "npsResult": _nps(c, asked=c.chance(0.4)),
        "engagements": [
            {
                "interactionTypeId": c.count(8),
                **c.numbers(interactionCount=30, engagementCount=30),
                "lastInteractionDate": c.modified,
                "lastEngagementDate": c.created,
            }
            for _ in range(c.below(3))
        ],
        "externalSystems": c.systems(),
        "custom": values_for("CONTACT", c),
    }


def _nps(c: Choices, *, asked: bool) -> Record:
    return {
        "lastCampaignResponseId": c.below(1_000_000) if asked else None,
        "lastCampaignResponseDate": c.modified if asked else None,
        "lastCampaignScore": c.below(11) if asked else None,
        "lastCampaignComment": c.text(1) if asked else None,
        **dict.fromkeys(("lastResentResponseId", "lastResentTime", "lastResentScore")),
        **dict.fromkeys(("lastResentComment", "lastResentCampaign")),
        "lastCampaign": {"uuid": "cmp_2", "name": f"NPS 202{c.below(6)}"},
    }
