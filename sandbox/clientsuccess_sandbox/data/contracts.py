"""Products, contracts with their items, and subscriptions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from clientsuccess_sandbox.data.choices import TENANT, Choices, money
from clientsuccess_sandbox.data.custom_fields import values_for
from clientsuccess_sandbox.jsontext import Record

_NEVER: Final = "9999"
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
        **c.identity(),
        "name": c.company.product(c.id)["name"],
        "description": c.text(2),
        "sku": f"SKU-{c.id}",
        **c.chances(active=0.9, recurring=0.7, isPulse=0.3),
        **c.numbers(contractUsageCount=500, subscriptionUsageCount=500),
        **c.numbers(productPulseUsageCount=50),
        **c.changes(),
        "salesforceId": f"01t{c.digits(12)}",
        "logo": f"https://img.vendor.example/product/{c.id}.png",
    }


def contract(c: Choices) -> Record:
    """Make a contract with its items."""
    term = {"termStartDate": c.created, "termEndDate": c.later(365)}
    items = [_item(c, line, term) for line in range(1, 3 + c.below(4))]
    total = money(sum((item["total"] for item in items), Decimal(0)))
    stage, ended, older = c.word("stages"), c.chance(0.1), _older(c, term)
    return {
        **c.identity(),
        "tenantClientId": c.owner,
        "name": _contract_name(c),
        "description": c.text(1),
        "note": f"<p>{c.text(2)}</p>",
        "bookingDate": c.created,
        **term,
        "terminatedDate": c.modified if ended else None,
        "terminatedEffectiveDate": c.modified if ended else None,
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
        "externalId": f"K-{c.id}",
        "createdByEmployeeId": c.employee()["id"],
        "modifiedByEmployeeId": c.employee()["id"],
        **c.changes(),
        "stage": stage["label"] if c.chance(0.2) else stage,
        "bookedByEmployee": c.employee(),
        "terminatedByEmployee": c.employee() if ended else None,
        "meta": {
            "id": c.id,
            "type": c.pick(("NEW", "RENEWAL", "ADJUSTMENT")),
            "status": "BOOKED",
            "currentStatus": c.pick(("ACTIVE", "EXPIRED", "FUTURE")),
            "externalSystems": c.systems(),
        },
        "client": c.customer("id", "status"),
        "externalSystems": c.systems(),
        "renews": older,
        "renewedBy": None,
        "adjusts": None,
        # One object or a list: sources differ.
        "adjustedBy": c.pick((older, [older], [], [], [], [])),
        "items": items,
        "custom": values_for("CONTRACT", c),
    }


def _contract_name(c: Choices) -> str:
    return f"{c.word('products')} 202{c.below(6)}"


def _older(c: Choices, term: Record) -> Record:
    """Return what a contract shows of the one before it."""
    number = max(1, c.id - 1)
    return {
        "id": number,
        "uuid": c.company.uuid(c.kind, number),
        "name": _contract_name(c),
        "tcv": c.amount(),
        "arr": c.amount(),
        "bookingDate": c.created,
        **term,
    }


def _item(c: Choices, line: int, term: Record) -> Record:
    product, each, quantity = c.product(), c.amount(900), c.count(40)
    price = money(each * quantity)
    return {
        "id": c.id * 10 + line,
        "uuid": f"itm_{c.id}_{line}",
        "tenantId": TENANT["id"],
        "tenantContractId": c.id,
        "lineNumber": line,
        "productCode": f"SKU-{product['id']}",
        "description": product["name"],
        "quantity": quantity,
        "pricePer": each,
        **price,
        "assignedArr": price["arr"],
        "assignedMrr": price["mrr"],
        "recurring": c.chance(0.8),
        **term,
        "termLengthDays": 365,
        "termLengthMonths": 12,
        "externalId": None,
        "externalSystems": {},
        **c.changes(),
    }


def follow_dates(now: str, contract: Record) -> None:
    """Let a contract's state follow its dates, as each night does."""
    if meta := contract.get("meta"):
        ended, end, start = (
            contract.get(key) or _NEVER
            for key in ("terminatedDate", "termEndDate", "termStartDate")
        )
        states = (("CHURNED", ended), ("OVERDUE", end), ("ACTIVE", start))
        reached = [state for state, time in states if time <= now]
        meta["status"] = reached[0] if reached else "BOOKED"
        current = "FUTURE" if now < start < _NEVER else "ACTIVE"
        meta["currentStatus"] = "EXPIRED" if end <= now else current


def subscription(c: Choices) -> Record:
    """Make a subscription: what v1 shows of a contract about one of its products."""
    contract = 1 + (c.id - 1) % max(1, c.company.sizes["contracts"])
    client = c.company.owner("contracts", contract)
    product, start = c.product(), c.created[:10]
    return {
        "id": c.id,
        "clientId": client,
        "clientName": client and c.company.client(client)["name"],
        "productId": product["id"],
        "productName": product["name"],
        "contractId": contract,
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
        "startDate": start,
        "endDate": c.later(365)[:10],
        "createdDate": start,
        "clientAsOfDate": start,
        "terminationDate": c.modified[:10] if c.chance(0.1) else None,
        **_NEVER_SET,
    }
