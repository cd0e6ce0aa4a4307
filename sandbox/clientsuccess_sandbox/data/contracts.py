"""Products, contracts with their items, and subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Final

from clientsuccess_sandbox.data.choices import (
    CHANGES,
    CREATED,
    ID,
    IDENTITY,
    MODIFIED,
    OWNER,
    TENANT,
    Choices,
    Own,
    money,
)
from clientsuccess_sandbox.jsontext import Record

_TERM: Final = {"termStartDate": CREATED, "termEndDate": attrgetter("term_end")}
# What no subscription here has, of what recorded ones had.
_NEVER_SET: Final = dict.fromkeys(
    (
        *("noteId", "clientNoteId", "renewedById", "potentialRenewedById"),
        *("salesforceId", "salesforceProductId", "salesforceOpportunityId"),
        *("salesforceForecastId", "reasonCodesNote", "potentialAmount"),
        *("potentialQuantity", "potentialProbability", "potentialNote"),
        *("potentialStartDate", "potentialEndDate", "renewedDate"),
    )
)


def product(c: Choices) -> Record:
    """Make a product."""
    return {
        **IDENTITY,
        "name": lambda own: own.company.product(own.id)["name"],
        "description": c.text(2),
        "sku": lambda own: f"SKU-{own.id}",
        **c.chances(active=0.9, recurring=0.7, isPulse=0.3),
        **c.numbers(contractUsageCount=500, subscriptionUsageCount=500),
        **c.numbers(productPulseUsageCount=50),
        **CHANGES,
        "salesforceId": f"01t{c.digits(12)}",
        "logo": lambda own: f"https://img.vendor.example/product/{own.id}.png",
    }


def contract(c: Choices) -> Record:
    """Make a contract with its items."""
    items = [_item(c, line) for line in range(1, 3 + c.below(4))]
    total = money(sum((item["total"] for item in items), Decimal(0)))
    stage, ended, older = c.word("stages"), c.chance(0.1), _older(c)
    return {
        **IDENTITY,
        "tenantClientId": OWNER,
        "name": _contract_name(c),
        "description": c.text(1),
        "note": f"<p>{c.text(2)}</p>",
        "bookingDate": CREATED,
        **_TERM,
        "terminatedDate": MODIFIED if ended else None,
        "terminatedEffectiveDate": MODIFIED if ended else None,
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
        **CHANGES,
        "stage": stage["label"] if c.chance(0.2) else stage,
        "bookedByEmployee": c.employee(),
        "terminatedByEmployee": c.employee() if ended else None,
        "meta": {
            "id": ID,
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
        "bookingDate": CREATED,
        **_TERM,
    }


def _item(c: Choices, line: int) -> Record:
    product, each, quantity = c.product(), c.amount(900), c.count(40)
    price = money(each * quantity)
    return {
        "id": lambda own: own.id * 10 + line,
        "uuid": lambda own: f"itm_{own.id}_{line}",
        "tenantId": TENANT["id"],
        "tenantContractId": ID,
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
        **CHANGES,
    }


def subscription(c: Choices) -> Record:
    """Make a subscription: what v1 shows of a contract about one of its products."""
    product, ended = c.product(), c.chance(0.1)
    started = _day("created")
    return {
        "id": ID,
        "clientId": _subscriber,
        "clientName": lambda own: own.company.name_of(_subscriber(own)),
        "productId": product["id"],
        "productName": product["name"],
        "contractId": attrgetter("contract"),
        "csmId": c.employee()["id"],
        "statusId": 1,
        "attachmentIds": [],
        "amount": c.amount(),
        "quantity": c.count(40),
        "probability": c.decimal(1, 3),
        **c.chances(isRecurring=0.8, autoRenew=0.5),
        "isPotential": False,
        "note": c.text(1),
        "reasonCodes": [],
        "startDate": started,
        "endDate": _day("term_end"),
        "createdDate": started,
        "clientAsOfDate": started,
        "terminationDate": _day("modified") if ended else None,
        **_NEVER_SET,
    }


def _subscriber(own: Own) -> int | None:
    return own.company.owner("contracts", own.contract)


def _day(time: str) -> Callable[[Own], str]:
    """Return what writes one of a record's times as a date."""
    return lambda own: str(getattr(own, time))[: len("2018-08-17")]
