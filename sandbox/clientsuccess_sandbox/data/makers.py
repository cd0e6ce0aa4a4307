"""What the variants of each kind look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from clientsuccess_sandbox.data import activity, customers
from clientsuccess_sandbox.data.company import CLIENT_SEGMENTS, CLIENT_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientsuccess_sandbox.data.company import Company
    from clientsuccess_sandbox.data.seeded import Random
    from clientsuccess_sandbox.jsontext import Record


def _status(_: Company, __: Random, number: int) -> Record:
    code, description = CLIENT_STATUSES[(number - 1) % len(CLIENT_STATUSES)]
    return {"id": "<<id>>", "code": code, "description": description}


def _segment(_: Company, __: Random, number: int) -> Record:
    title = CLIENT_SEGMENTS[(number - 1) % len(CLIENT_SEGMENTS)]
    return {"id": "<<id>>", "title": title}


MAKERS: Final[dict[str, Callable[[Company, Random, int], dict[str, Any]]]] = {
    "clients": customers.client,
    "contacts": customers.contact,
    "contracts": customers.contract,
    "products": customers.product,
    "client_notes": activity.note,
    "pulses": activity.pulse,
    "tasks": activity.task,
    "employees": activity.employee,
    "client_statuses": _status,
    "client_segments": _segment,
}
