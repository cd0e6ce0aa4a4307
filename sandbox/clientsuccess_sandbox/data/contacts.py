"""Contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import custom_fields, words
from clientsuccess_sandbox.data.company import TENANT, Company, Times

if TYPE_CHECKING:
    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.jsontext import Record

_DEFINITIONS = custom_fields.definitions("CONTACT")
_STATUSES = ("ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE")
_OPTIONAL = (
    *("title", "email", "phone", "mobile", "salesforceId", "linkedinUrl"),
    *("externalId", "usageId", "advocate", "champion", "executiveSponsor"),
    *("starred", "keyContact", "street", "city", "state", "zip", "country"),
    *("address", "timezone", "notes", "entityType", "engagementCount"),
    *("lastEngagementDate", "tenantClient", "badges", "npsResult", "engagements"),
    *("externalSystems", "custom"),
)


def make(company: Company, number: int, times: Times) -> Record:
    """Make a contact as the search gives it."""
    dice = company.dice("contacts", number)
    owner = company.client_of("contacts", number)
    record: Record = {
        "id": number,
        "uuid": company.uuid("contacts", number),
        "tenantId": TENANT,
        "tenantClientId": owner,
        **_person(company, number, dice),
        **_address(dice),
        "notes": dice.text(2),
        "entityType": "CONTACT",
        "createdTime": to_iso(times.created),
        "modifiedTime": to_iso(times.modified),
        "engagementCount": dice.below(40),
        "lastEngagementDate": to_iso(times.modified),
        "tenantClient": owner and company.client(owner)._asdict(),
        "badges": dice.some(words.BADGES, 2),
        "npsResult": _nps_result(company, dice, times),
        "engagements": [_engagement(dice, times) for _ in range(dice.below(3))],
        "externalSystems": dice.systems(),
        "custom": custom_fields.values_for(_DEFINITIONS, dice),
    }
    return dice.thin(record, _OPTIONAL)


def _person(company: Company, number: int, dice: Dice) -> Record:
    first, last = company.contact_name(number)
    return {
        "status": dice.pick(_STATUSES),
        "firstName": first,
        "lastName": last,
        "title": dice.pick(words.JOB_TITLES),
        "email": f"contact{number}@client.example",
        "phone": f"+49 89 {dice.below(10**7):07}",
        "mobile": f"(801) 555-{dice.below(10**4):04}",
        "salesforceId": f"003{dice.below(10**12):012}",
        "linkedinUrl": f"https://social.example/in/contact-{number}",
        "externalId": f"C-{number:08}",
        "usageId": None,
        "advocate": dice.chance(0.2),
        "champion": dice.chance(0.2),
        "executiveSponsor": dice.chance(0.1),
        "starred": dice.chance(0.1),
        "keyContact": dice.chance(0.3),
    }


def _address(dice: Dice) -> Record:
    place = dice.pick(words.PLACES)
    street = f"{place.street} {dice.between(1, 280)}"
    return {
        "street": street,
        "city": place.city,
        "state": place.state,
        "zip": place.zip,
        "country": place.country,
        "address": f"{street}\n{place.zip} {place.city}",
        "timezone": place.timezone,
    }


def _nps_result(company: Company, dice: Dice, times: Times) -> Record:
    campaign = dice.below(50)
    asked = dice.chance(0.4)
    return {
        "lastCampaignResponseId": dice.below(10**6) if asked else None,
        "lastCampaignResponseDate": to_iso(times.modified) if asked else None,
        "lastCampaignScore": dice.between(0, 10) if asked else None,
        "lastCampaignComment": dice.text(1) if asked else None,
        "lastResentResponseId": None,
        "lastResentTime": None,
        "lastResentScore": None,
        "lastResentComment": None,
        "lastCampaign": {
            "uuid": company.uuid("campaigns", campaign),
            "name": f"NPS {2020 + campaign % 6}",
        },
        "lastResentCampaign": None,
    }


def _engagement(dice: Dice, times: Times) -> Record:
    return {
        "interactionTypeId": dice.between(1, 8),
        "interactionCount": dice.below(30),
        "engagementCount": dice.below(30),
        "lastInteractionDate": to_iso(times.modified),
        "lastEngagementDate": to_iso(times.created),
    }
