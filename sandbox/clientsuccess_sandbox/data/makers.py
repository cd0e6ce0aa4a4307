"""Which function makes the records of which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from clientsuccess_sandbox.data import (
    clients,
    contacts,
    contracts,
    notes,
    products,
    pulses,
    reference,
    tasks,
)
from clientsuccess_sandbox.data.company import Company, Times
from clientsuccess_sandbox.jsontext import Record

Maker: TypeAlias = Callable[[Company, int, Times], Record]

MAKERS: Final[dict[str, Maker]] = {
    "clients": clients.make,
    "contacts": contacts.make,
    "contracts": contracts.make,
    "products": products.make,
    "client_notes": notes.make,
    "pulses": pulses.make,
    "tasks": tasks.make,
    "employees": reference.make_employee,
    "client_statuses": reference.make_status,
    "client_segments": reference.make_segment,
}
