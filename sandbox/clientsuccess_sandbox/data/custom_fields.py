"""Custom fields: their definitions, and values that fit them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from clientsuccess_sandbox.clock import to_iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clientsuccess_sandbox.data.seeded import Random
    from clientsuccess_sandbox.jsontext import Record

RESOURCES: Final = (
    *("CLIENT", "CONTACT", "EMPLOYEE", "CONTRACT_PRODUCT", "OPPORTUNITY"),
    *("SUBSCRIPTION", "TICKET", "FEEDBACK", "ENGAGEMENT_NOTE", "ENGAGEMENT_MEETING"),
    *("ENGAGEMENT_CALL", "ENGAGEMENT_EMAIL", "CLIENT_REV_METRICS", "CONTRACT"),
    *("CONTRACT_ITEM", "SURVEY_RESPONSE", "CLIENT_DISPOSITION_ACTIVITY"),
    *("ENGAGEMENT_CHAT", "GOAL", "USAGE", "CLIENT_NOTE"),
    "PRODUCT_DISPOSITION_ACTIVITY",
)


class Field(NamedTuple):
    """A custom field that the company defined."""

    label: str
    type: str
    choices: tuple[str, ...] = ()


# Each resource spells the type names in its own way: how the real server spells
# them is unknown, so a reader must cope with all.
FIELDS: Final[dict[str, tuple[Field, ...]]] = {
    "CLIENT": (
        Field("Industry", "PICKLIST", ("Retail", "Health", "Bau & Handwerk", "金融")),
        Field("Total Users", "INTEGER"),
        Field("Account Code", "STRING"),
        Field("Onboarding Notes", "TEXT"),
        Field("Health Weight", "DECIMAL"),
        Field("Annual Budget", "CURRENCY"),
        Field("Reference Customer", "BOOLEAN"),
        Field("Kickoff Date", "DATE"),
        Field("Last Audit", "DATE_TIME"),
        Field("Regions Served", "MULTI_PICKLIST", ("EMEA", "APAC", "LATAM", "NA")),
        Field("Billing Portal", "HYPERLOOM"),
    ),
    "CONTACT": (
        Field("Preferred Language", "picklist", ("de", "en", "ja", "pt-BR")),
        Field("Seats Managed", "integer"),
        Field("Badge Number", "string"),
        Field("Influence", "number"),
        Field("Speaks At Events", "boolean"),
        Field("Birthday", "date"),
        Field("Last Survey", "date-time"),
        Field("Interests", "multi-picklist", ("Betas", "Events", "Webinars", "Swag")),
    ),
    "CONTRACT": (
        Field("Discount Reason", "Picklist", ("Volume", "Loyalty", "Pilot")),
        Field("Purchase Order", "String"),
        Field("Special Terms", "Text"),
        Field("Discount Rate", "Decimal"),
        Field("Legal Hold", "Currency"),
        Field("Signed Digitally", "Boolean"),
        Field("Countersigned", "Date Time"),
        Field("Payment Terms (days)", "Integer"),
    ),
    "CONTRACT_ITEM": (Field("Cost Centre", "STRING"),),
    "EMPLOYEE": (Field("Certified", "BOOLEAN"),),
    "OPPORTUNITY": (Field("Forecast", "PICKLIST", ("Commit", "Upside")),),
}

_NULL_BELOW = 0.1
_ABSENT_BELOW = 0.25


@lru_cache
def definitions(resource: str) -> list[Record]:
    """Return the definitions of a resource type's fields."""
    first = 9000 + RESOURCES.index(resource) * 100
    return [
        {
            "fieldId": first + place,
            "fieldKey": _key_of(label),
            "fieldName": label,
            "fieldLabel": label,
            "fieldTypeId": _TYPE_IDS.get(normal_type(kind), 99),
            "fieldTypeName": kind,
            "enum": bool(choices),
            "required": place == 0,
            "requiredEditable": True,
            "system": False,
            "placeholder": None,
            "sequence": place,
            "picklistValues": _picklist(first + place, choices),
        }
        for place, (label, kind, choices) in enumerate(FIELDS.get(resource, ()))
    ]


def _key_of(label: str) -> str:
    return re.sub(r"\W+", "_", label.lower()).strip("_") + "__cs"


def _picklist(number: int, choices: tuple[str, ...]) -> list[Record] | None:
    return [
        {
            "id": number * 100 + place,
            "customFieldId": number,
            "label": choice,
            "value": choice,
            "archived": False,
            "default": place == 0,
            "usageCount": 7 * place,
        }
        for place, choice in enumerate(choices)
    ] or None


@lru_cache
def normal_type(name: str) -> str:
    """Spell a type name in one way: `Date Time` and `date-time` as `datetime`."""
    return re.sub(r"[^a-z]", "", name.lower())


def value_for(definition: Mapping[str, Any], random: Random) -> Any:
    """Make up a value that fits a definition."""
    kind = normal_type(str(definition.get("fieldTypeName", "")))
    choices = [item["value"] for item in definition.get("picklistValues") or ()]
    return _MAKERS.get(kind, _anything)(random, choices)


def values_for(resource: str, random: Random) -> Record:
    """Make up a record's custom values: some null, some absent."""
    custom: Record = {}
    for definition in definitions(resource):
        throw = random.random()
        if throw < _NULL_BELOW:
            custom[definition["fieldKey"]] = None
        elif throw >= _ABSENT_BELOW:
            custom[definition["fieldKey"]] = value_for(definition, random)
    return custom


def _anything(random: Random, _: list[str]) -> Any:
    options = ("https://portal.example/ü", 7, Decimal("0.25"), True, {"href": "/a"})
    return random.pick(options)


def _moment(random: Random) -> str:
    return to_iso(1_600_000_000_000 + random.below(150_000_000_000))


_MAKERS: Final[dict[str, Callable[[Random, list[str]], Any]]] = {
    "string": lambda random, _: f"№ {random.below(10**6):06}",
    "text": lambda random, _: random.text(3),
    "integer": lambda random, _: random.below(100_000),
    "decimal": lambda random, _: random.decimal(100, 6),
    "number": lambda random, _: random.decimal(100, 6),
    "currency": lambda random, _: random.amount(),
    "boolean": lambda random, _: random.chance(0.5),
    "date": lambda random, _: _moment(random)[:10],
    "datetime": lambda random, _: _moment(random),
    "picklist": lambda random, choices: random.pick(choices) if choices else None,
    "multipicklist": lambda random, choices: random.some(choices, 3),
}
_TYPE_IDS: Final = {name: place for place, name in enumerate(_MAKERS, start=1)}
