"""Custom fields: their definitions, and values that fit them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data.schedule import HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from clientsuccess_sandbox.data.dice import Dice
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
_FIRST_FIELD_ID = 9000
_FIELD_IDS_PER_RESOURCE = 100


def key_of(label: str) -> str:
    """Derive a field's key from its label, as in `total_users__cs`."""
    return re.sub(r"\W+", "_", label.lower()).strip("_") + "__cs"


def definitions(resource: str) -> list[Record]:
    """List the definitions of a resource type's fields."""
    first = _FIRST_FIELD_ID + RESOURCES.index(resource) * _FIELD_IDS_PER_RESOURCE
    return [
        _definition(first + place, place, custom)
        for place, custom in enumerate(FIELDS.get(resource, ()))
    ]


def _definition(number: int, place: int, custom: Field) -> Record:
    return {
        "fieldId": number,
        "fieldKey": key_of(custom.label),
        "fieldName": custom.label,
        "fieldLabel": custom.label,
        "fieldTypeId": _TYPE_IDS.get(normal_type(custom.type), 99),
        "fieldTypeName": custom.type,
        "enum": bool(custom.choices),
        "required": place == 0,
        "requiredEditable": True,
        "system": False,
        "placeholder": None,
        "sequence": place,
        "picklistValues": _picklist(number, custom.choices),
    }


def _picklist(number: int, choices: tuple[str, ...]) -> list[Record] | None:
    if not choices:
        return None
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
    ]


@lru_cache
def normal_type(name: str) -> str:
    """Spell a type name in one way: `Date Time` and `date-time` as `datetime`."""
    return re.sub(r"[^a-z]", "", name.lower())


def value_for(definition: Mapping[str, Any], dice: Dice) -> Any:
    """Make up a value that fits a definition."""
    kind = normal_type(str(definition.get("fieldTypeName", "")))
    listed = definition.get("picklistValues")
    choices = [item["value"] for item in listed] if listed else []
    return _MAKERS.get(kind, _anything)(dice, choices)


def values_for(known: Iterable[Mapping[str, Any]], dice: Dice) -> Record:
    """Make up a record's custom values: some null, some absent."""
    custom: Record = {}
    for definition in known:
        throw = dice.random()
        if throw < _NULL_BELOW:
            custom[definition["fieldKey"]] = None
        elif throw >= _ABSENT_BELOW:
            custom[definition["fieldKey"]] = value_for(definition, dice)
    return custom


def _anything(dice: Dice, _: list[str]) -> Any:
    return dice.pick(
        ("https://portal.example/ü", 7, Decimal("0.25"), True, {"href": "/a", "n": 1})
    )


def _moment(dice: Dice) -> int:
    return 1_600_000_000_000 + int(HISTORY * dice.random())


_MAKERS: Final[dict[str, Callable[[Dice, list[str]], Any]]] = {
    "string": lambda dice, _: f"№ {dice.below(10**6):06}",
    "text": lambda dice, _: dice.text(3),
    "integer": lambda dice, _: dice.below(100_000),
    "decimal": lambda dice, _: Decimal(dice.below(10**8)).scaleb(-6),
    "number": lambda dice, _: Decimal(dice.below(10**8)).scaleb(-6),
    "currency": lambda dice, _: dice.amount(),
    "boolean": lambda dice, _: dice.chance(0.5),
    "date": lambda dice, _: to_iso(_moment(dice))[:10],
    "datetime": lambda dice, _: to_iso(_moment(dice)),
    "picklist": lambda dice, choices: dice.pick(choices) if choices else None,
    "multipicklist": lambda dice, choices: dice.some(choices, 3),
}
_TYPE_IDS: Final = {name: place for place, name in enumerate(_MAKERS, start=1)}
