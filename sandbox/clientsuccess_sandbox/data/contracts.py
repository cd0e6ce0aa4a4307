"""Contracts, and the subscriptions that the old API derives from them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import custom_fields, words
from clientsuccess_sandbox.data.company import TENANT, Company, Times
from clientsuccess_sandbox.data.products import sku

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.jsontext import Record

_DAY = 24 * 3600 * 1000
_DEFINITIONS = custom_fields.definitions("CONTRACT")
_STAGES = ("Closed Won", "In Renewal", "Verhandlung", "Closed Lost")
_CENT = Decimal("0.01")
_MONTHS = 12
_OPTIONAL = (
    *("note", "bookingDate", "termStartDate", "termEndDate", "terminatedDate"),
    *("terminatedEffectiveDate", "termLengthDays", "probability", "currency"),
    *("total", "acv", "arr", "mrr", "tcv", "otr", "assignedArr", "assignedMrr"),
    *("recurring", "autoRenew", "externalId", "createdByEmployeeId"),
    *("modifiedByEmployeeId", "stage", "bookedByEmployee", "terminatedByEmployee"),
    *("meta", "client", "externalSystems", "renews", "renewedBy", "adjusts"),
    *("adjustedBy", "items", "custom"),
)


def make(company: Company, number: int, times: Times) -> Record:
    """Make a contract as the search gives it."""
    dice = company.dice("contracts", number)
    owner = company.client_of("contracts", number)
    days = dice.pick((30, 90, 365, 730, 1095))
    items = [
        _item(company, number, line, times, dice)
        for line in range(1, dice.between(2, 5))
    ]
    record: Record = {
        "id": number,
        "uuid": company.uuid("contracts", number),
        "tenantId": TENANT,
        "tenantClientId": owner,
        "name": f"{dice.pick(words.PRODUCT_NAMES)} {2020 + dice.below(6)}",
        "description": dice.text(1),
        "note": f"<p>{dice.text(2)}</p>",
        **_terms(days, times, dice),
        **_money([item["total"] for item in items], dice),
        "externalId": f"K-{number:06}",
        "createdByEmployeeId": company.some_employee(dice),
        "modifiedByEmployeeId": company.some_employee(dice),
        "createdTime": to_iso(times.created),
        "modifiedTime": to_iso(times.modified),
        **_people(company, dice),
        "meta": _meta(number, dice),
        "client": owner and {"id": owner, "status": company.client(owner).status},
        "externalSystems": dice.systems(),
        **_relatives(company, number, dice),
        "items": items,
        "custom": custom_fields.values_for(_DEFINITIONS, dice),
    }
    return dice.thin(record, _OPTIONAL)


def subscriptions(contracts: Iterable[Record]) -> list[Record]:
    """List the items of contracts as the old API's subscriptions."""
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


def _terms(days: int, times: Times, dice: Dice) -> Record:
    ended = dice.chance(0.1)
    return {
        "bookingDate": to_iso(times.created - 5 * _DAY),
        "termStartDate": to_iso(times.created),
        "termEndDate": to_iso(times.created + days * _DAY),
        "terminatedDate": to_iso(times.modified) if ended else None,
        "terminatedEffectiveDate": to_iso(times.modified) if ended else None,
        "termLengthDays": days,
        "probability": Decimal(dice.below(1001)).scaleb(-3),
        "currency": dice.pick(words.PLACES).currency,
        "recurring": dice.chance(0.8),
        "autoRenew": dice.chance(0.5),
    }


def _money(totals: list[Decimal], dice: Dice) -> Record:
    total = sum(totals, Decimal(0))
    month = (total / _MONTHS).quantize(_CENT)
    return {
        "total": total,
        "acv": total,
        "arr": month * _MONTHS,
        "mrr": month,
        "tcv": total,
        "otr": dice.amount(5000),
        "assignedArr": month * _MONTHS,
        "assignedMrr": month,
    }


def _people(company: Company, dice: Dice) -> Record:
    stage = dice.pick(_STAGES)
    ended = dice.chance(0.1)
    ender = company.some_employee(dice)
    return {
        # Sources differ on whether it is an object or a string: both are met here.
        "stage": stage if dice.chance(0.1) else {"id": len(stage), "label": stage},
        "bookedByEmployee": company.employee(company.some_employee(dice)),
        "terminatedByEmployee": company.employee(ender) if ended else None,
    }


def _meta(number: int, dice: Dice) -> Record:
    return {
        "id": number,
        "type": dice.pick(("NEW", "RENEWAL", "ADJUSTMENT")),
        "status": "BOOKED",
        "currentStatus": dice.pick(("ACTIVE", "EXPIRED", "FUTURE")),
        "externalSystems": dice.systems(),
    }


def _relatives(company: Company, number: int, dice: Dice) -> Record:
    older = [n for n in (number - 1, number - 2) if n > 0]
    adjusted = [_relative(company, n, dice) for n in older] if dice.chance(0.1) else []
    return {
        "renews": _relative(company, number - 1, dice) if number > 1 else None,
        "renewedBy": None,
        "adjusts": None,
        # A list in one source, one object in another: both are met here.
        "adjustedBy": adjusted[0] if adjusted and dice.chance(0.5) else adjusted,
    }


def _relative(company: Company, number: int, dice: Dice) -> Record:
    amount = dice.amount()
    booked = company.now - dice.below(1500) * _DAY
    return {
        "id": number,
        "uuid": company.uuid("contracts", number),
        "name": f"{dice.pick(words.PRODUCT_NAMES)} {2020 + dice.below(6)}",
        "tcv": amount,
        "arr": amount,
        "bookingDate": to_iso(booked),
        "termStartDate": to_iso(booked),
        "termEndDate": to_iso(booked + 365 * _DAY),
    }


def _item(
    company: Company, contract: int, line: int, times: Times, dice: Dice
) -> Record:
    number = contract * 10 + line
    product = company.some_product(dice)
    price, quantity = dice.amount(900), dice.between(1, 40)
    total = price * quantity
    month = (total / _MONTHS).quantize(_CENT)
    return {
        "id": number,
        "uuid": company.uuid("items", number),
        "tenantId": TENANT,
        "tenantContractId": contract,
        "lineNumber": line,
        "productCode": sku(product),
        "description": company.product_name(product),
        "quantity": quantity,
        "total": total,
        "arr": month * _MONTHS,
        "mrr": month,
        "assignedArr": month * _MONTHS,
        "assignedMrr": month,
        "pricePer": price,
        "recurring": dice.chance(0.8),
        "termStartDate": to_iso(times.created),
        "termEndDate": to_iso(times.created + 365 * _DAY),
        "termLengthDays": 365,
        "termLengthMonths": _MONTHS,
        "externalId": None,
        "externalSystems": {},
        "createdTime": to_iso(times.created),
        "modifiedTime": to_iso(times.modified),
    }
