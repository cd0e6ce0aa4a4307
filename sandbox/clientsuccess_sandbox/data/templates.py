"""Records as JSON text, with places for what differs from one to the next.

A kind has a few hundred variants at most, made of its template in `templates/`; each
record fills one of them with its id, its times and the like, where the template says
`<<id>>`. That takes a few microseconds, however large a record is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import Kind
from clientsuccess_sandbox.data.company import DAY, Company, Times
from clientsuccess_sandbox.data.seeded import WORDS, load
from clientsuccess_sandbox.data.variation import Variation
from clientsuccess_sandbox.jsontext import Record, encode

_MOST_VARIANTS: Final = 250
# A value of its own, perhaps with further digits, is filled in with the quotes that
# it needs; within a text, it is filled in bare.
_WHOLE = re.compile(r'"<<([\w.]+)>>(\d*)"')
_WITHIN = re.compile(r"<<([\w.]+)>>")


class Templates:
    """The variants of one kind."""

    def __init__(self, kind: Kind, company: Company) -> None:
        self._kind = kind
        self._company = company
        random = company.random(kind.name, "variants")
        source = load(f"templates/{kind.name}")
        self._texts = []
        for number in range(max(1, min(_MOST_VARIANTS, company.sizes[kind.name]))):
            record = Variation(company, random, number).record(source)
            if not company.shows_modifications(kind.name):
                record.pop(kind.modified, None)
            text = encode(record).decode().replace("%", "%%")
            self._texts.append(_WITHIN.sub(r"%(\1)s", _WHOLE.sub(r"%(\1)s\2", text)))

    def fill(self, number: int, times: Times) -> str:
        """Make a record."""
        text = self._texts[number % len(self._texts)]
        return text % _Values(self._company, self._kind, number, times)


def client_detail(company: Company, client: Record) -> Record:
    """Add what only the read of a single client gives."""
    random = company.random("client", client["id"], "detail")
    variation = Variation(company, random, client["id"])
    variation.scope |= client
    detail: Record = variation.fill(load("templates/client_details"))
    return client | detail


class _Values(dict[str, str]):
    """The values of one record, each made when its template asks for it."""

    def __init__(self, company: Company, kind: Kind, number: int, times: Times) -> None:
        super().__init__()
        self.company = company
        self.kind = kind
        self.number = number
        self.times = times

    def __missing__(self, name: str) -> str:
        made, _, key = name.partition(".")
        value = _VALUES[made](self)
        text = self[name] = encode(value[key] if key else value).decode()
        return text

    def time(self, milliseconds: int) -> str | int:
        """Write a time as its kind does."""
        return milliseconds if self.kind.numeric_times else to_iso(milliseconds)

    def uuid(self, number: int) -> str:
        """Return the uuid of a record of the kind."""
        return self.company.uuid(self.kind.name, number)

    def owner(self) -> int | None:
        """Return the id of the client that the record belongs to."""
        return self.company.owner(self.kind.name, self.number)

    def customer(self, *keys: str) -> Record | None:
        """Return what the record shows of that client."""
        owner = self.owner()
        if owner is None:
            return None
        return {key: self.company.client(owner)[key] for key in keys}


def _status(v: _Values) -> str:
    status: str = v.company.client(v.number)["status"]
    return status


_VALUES: Final[dict[str, Callable[[_Values], Any]]] = {
    "id": lambda v: v.number,
    "uuid": lambda v: v.uuid(v.number),
    "previous": lambda v: max(1, v.number - 1),
    "previous_uuid": lambda v: v.uuid(max(1, v.number - 1)),
    "created": lambda v: v.time(v.times.created),
    "modified": lambda v: v.time(v.times.modified),
    "later": lambda v: v.time(v.times.created + v.kind.days * DAY),
    "owner": _Values.owner,
    "customer": lambda v: v.customer("id", "uuid", "name", "status"),
    "customer_name": lambda v: v.customer("id", "name"),
    "customer_status": lambda v: v.customer("id", "status"),
    "client": lambda v: v.company.client(v.number),
    "active": lambda v: _status(v) in {"ACTIVE", "TRIAL"},
    "terminated": lambda v: (
        v.time(v.times.modified) if _status(v) == "TERMINATED" else None
    ),
    "person": lambda v: v.company.person(v.number),
    "product": lambda v: v.company.product(v.number),
    "employee": lambda v: v.company.employee(v.number),
    "client_status": lambda v: WORDS["client_statuses"][v.number - 1],
    "segment": lambda v: WORDS["segments"][v.number - 1],
}
