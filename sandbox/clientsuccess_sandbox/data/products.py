"""Products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data.company import TENANT, Company, Times

if TYPE_CHECKING:
    from clientsuccess_sandbox.jsontext import Record

_OPTIONAL = (
    *("active", "recurring", "isPulse", "contractUsageCount"),
    *("subscriptionUsageCount", "productPulseUsageCount", "salesforceId", "logo"),
)


def sku(number: int) -> str:
    """Tell the code by which contract items name a product."""
    return f"SKU-{number:05}"


def make(company: Company, number: int, times: Times) -> Record:
    """Make a product."""
    dice = company.dice("products", number)
    record: Record = {
        "id": number,
        "uuid": company.uuid("products", number),
        "tenantId": TENANT,
        "name": company.product_name(number),
        "description": dice.text(2),
        "sku": sku(number),
        "active": dice.chance(0.9),
        "recurring": dice.chance(0.7),
        "isPulse": dice.chance(0.3),
        "contractUsageCount": dice.below(500),
        "subscriptionUsageCount": dice.below(500),
        "productPulseUsageCount": dice.below(50),
        "createdTime": to_iso(times.created),
        "modifiedTime": to_iso(times.modified),
        "salesforceId": f"01t{dice.below(10**12):012}",
        "logo": f"https://img.vendor.example/product/{number}.png",
    }
    return dice.thin(record, _OPTIONAL)
