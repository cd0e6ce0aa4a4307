"""Custom fields: their definitions, and values that fit them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data.seeded import Random, load
from clientsuccess_sandbox.jsontext import Record

# Each resource spells the type names in its own way: how the real server spells
# them is unknown, so a reader must cope with all.
_FIELDS: Final[dict[str, list[list[Any]]]] = load("custom_fields")
RESOURCES: Final = tuple(_FIELDS)
_NULL_BELOW = 0.1
_ABSENT_BELOW = 0.25


@lru_cache
def definitions(resource: str) -> list[Record]:
    """Return the definitions of a resource type's fields."""
    first = 9000 + RESOURCES.index(resource) * 100
    return [
        definition(first + place, place, *field)
        for place, field in enumerate(_FIELDS.get(resource, ()))
    ]


def definition(
    number: int, place: int, label: str, kind: str, choices: Sequence[str] = ()
) -> Record:
    """Return the definition of a field: its id, place, label, type and choices."""
    return {
        "fieldId": number,
        "fieldKey": re.sub(r"\W+", "_", label.lower()).strip("_") + "__cs",
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
        "picklistValues": [_choice(number, *pair) for pair in enumerate(choices)]
        or None,
    }


def _choice(number: int, rank: int, choice: str) -> Record:
    shown = dict.fromkeys(("label", "value"), choice)
    ids = {"id": number * 100 + rank, "customFieldId": number}
    return {**ids, **shown, "archived": False, "default": not rank, "usageCount": rank}


@lru_cache
def normal_type(name: str) -> str:
    """Spell a type name in one way: `Date Time` and `date-time` as `datetime`."""
    return re.sub(r"[^a-z]", "", name.lower())


def value_for(field: Mapping[str, Any], random: Random) -> Any:
    """Return a random value for a field, given its definition."""
    make = _MAKERS.get(normal_type(str(field.get("fieldTypeName", ""))))
    return make(random, field) if make else random.pick(_ANYTHING)


def values_for(resource: str, random: Random) -> Record:
    """Return a record's random custom values: some null, some missing."""
    custom: Record = {}
    for field in definitions(resource):
        throw = random.random()
        if throw < _NULL_BELOW:
            custom[field["fieldKey"]] = None
        elif throw >= _ABSENT_BELOW:
            custom[field["fieldKey"]] = value_for(field, random)
    return custom


_ANYTHING = ("https://portal.example/ü", 7, Decimal("0.25"), True, {"href": "/a"})


def _moment(random: Random) -> str:
    return to_iso(1_600_000_000_000 + random.below(150_000_000_000))


def _listed(field: Mapping[str, Any]) -> list[str]:
    return [item["value"] for item in field.get("picklistValues") or ()]


_MAKERS: Final[dict[str, Callable[[Random, Mapping[str, Any]], Any]]] = {
    "string": lambda random, _: f"№ {random.below(10**6):06}",
    "text": lambda random, _: random.text(3),
    "integer": lambda random, _: random.below(100_000),
    "decimal": lambda random, _: random.decimal(100, 6),
    "number": lambda random, _: random.decimal(100, 6),
    "currency": lambda random, _: random.amount(),
    "boolean": lambda random, _: random.chance(0.5),
    "date": lambda random, _: _moment(random)[:10],
    "datetime": lambda random, _: _moment(random),
    "picklist": lambda random, field: random.pick(_listed(field) or [None]),
    "multipicklist": lambda random, field: random.some(_listed(field), 3),
}
_TYPE_IDS: Final = {name: place for place, name in enumerate(_MAKERS, start=1)}
