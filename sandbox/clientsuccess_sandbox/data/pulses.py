"""Health pulses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import words

if TYPE_CHECKING:
    from clientsuccess_sandbox.data.company import Company, Times
    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.jsontext import Record

_DISPOSITIONS = (
    *("EXTREMELY_SATISFIED", "VERY_SATISFIED", "FAIRLY_SATISFIED"),
    *("SOME_RISK", "HIGH_RISK", "SEVERE_RISK"),
)
_OLD_DISPOSITIONS = (
    *("NEUTRAL", "FAIRLY_DISSATISFIED", "VERY_DISSATISFIED"),
    *("AT_RISK", "LOW_RISK", "NO_SCORE"),
)
_OPTIONAL = (
    *("uuid", "dispositionId", "note", "nextSteps", "startingScore"),
    *("currentScore", "totalScoreChange", "createdByEmployeeId", "productId"),
    *("riskLevelId", "riskLevelScore", "numberOfDaysAtThisPosition", "riskLevel"),
    "reasonCodes",
)


def make(company: Company, number: int, times: Times) -> Record:
    """Make a pulse as the search gives it."""
    dice = company.dice("pulses", number)
    record: Record = {
        "id": number,
        "uuid": company.uuid("pulses", number),
        "clientId": company.client_of("pulses", number),
        **_disposition(dice),
        "note": dice.text(3),
        "nextSteps": dice.text(1),
        **_scores(dice),
        "createdTimestamp": to_iso(times.created),
        "createdByEmployeeId": company.some_employee(dice),
        "productId": company.some_product(dice) if dice.chance(0.2) else None,
        **_risk(dice),
        "reasonCodes": [
            _reason(place) for place in dice.some(range(len(words.REASONS)), 3)
        ],
    }
    if company.carries_modification_times("pulses"):
        record["modifiedTime"] = to_iso(times.modified)
    return dice.thin(record, _OPTIONAL)


def _disposition(dice: Dice) -> Record:
    if dice.chance(0.1):
        old = dice.pick(_OLD_DISPOSITIONS)
        return {"dispositionType": old, "dispositionId": None}
    place = dice.below(len(_DISPOSITIONS))
    return {"dispositionType": _DISPOSITIONS[place], "dispositionId": place + 1}


def _scores(dice: Dice) -> Record:
    start, current = (Decimal(dice.below(1001)).scaleb(-1) for _ in range(2))
    return {
        "startingScore": start,
        "currentScore": current,
        "totalScoreChange": current - start,
    }


def _risk(dice: Dice) -> Record:
    level = dice.between(1, 3)
    return {
        "riskLevelId": level,
        "riskLevelScore": level * 10,
        "numberOfDaysAtThisPosition": dice.below(400),
        "riskLevel": ("LOW", "MEDIUM", "HIGH")[level - 1],
    }


def _reason(place: int) -> Record:
    return {
        "id": place + 1,
        "categoryId": place % 3 + 1,
        "categoryName": ("Product", "People", "Money")[place % 3],
        "name": words.REASONS[place],
        "description": None,
        "reasonFactor": place % 5,
        "sequence": place,
    }
