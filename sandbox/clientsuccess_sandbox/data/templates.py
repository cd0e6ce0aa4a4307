"""Templates: records as JSON text, with places for what differs from one to the next.

A kind has a few hundred variants at most; each record fills one of them with its id,
its times and the like. That takes a few microseconds, however large a record is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data.company import DAY, Company, Times
from clientsuccess_sandbox.data.makers import MAKERS
from clientsuccess_sandbox.jsontext import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientsuccess_sandbox.data.kinds import Kind

_MOST_VARIANTS: Final = 250
# A value of its own, perhaps with further digits, is filled in with the quotes that
# it needs; within a text, it is filled in bare.
_WHOLE = re.compile(r'"<<(\w+)>>(\d*)"')
_WITHIN = re.compile(r"<<(\w+)>>")


class Templates:
    """The variants of one kind."""

    def __init__(self, kind: Kind, company: Company) -> None:
        self._kind = kind
        self._company = company
        random = company.random(kind.name, "variants")
        variants = max(1, min(_MOST_VARIANTS, company.sizes[kind.name]))
        records = [MAKERS[kind.name](company, random, n) for n in range(variants)]
        if not company.shows_modifications(kind.name):
            for record in records:
                record.pop(kind.modified, None)
        self._texts = [_template(record) for record in records]

    def fill(self, number: int, times: Times) -> str:
        """Make a record."""
        text = self._texts[number % len(self._texts)]
        return text % _Values(self._company, self._kind, number, times)


def _template(record: dict[str, Any]) -> str:
    text = encode(record).decode().replace("%", "%%")
    return _WITHIN.sub(r"%(\1)s", _WHOLE.sub(r"%(\1)s\2", text))


class _Values(dict[str, str]):
    """The values of one record, each made when its template asks for it."""

    def __init__(self, company: Company, kind: Kind, number: int, times: Times) -> None:
        super().__init__()
        self.company = company
        self.kind = kind
        self.number = number
        self.times = times

    def __missing__(self, name: str) -> str:
        text = self[name] = encode(_VALUES[name](self)).decode()
        return text

    def time(self, milliseconds: int) -> str | int:
        """Write a time as its kind does."""
        return milliseconds if self.kind.numeric_times else to_iso(milliseconds)

    def owner(self) -> dict[str, Any] | None:
        """Return the client that the record belongs to."""
        number = self.company.owner(self.kind.name, self.number)
        return None if number is None else self.company.client(number)

    def client(self) -> dict[str, Any]:
        """Return the client that the record itself is."""
        return self.company.client(self.number)


def _of_owner(values: _Values, *keys: str) -> Any:
    owner = values.owner()
    return owner and {key: owner[key] for key in keys}


_VALUES: Final[dict[str, Callable[[_Values], Any]]] = {
    "id": lambda values: values.number,
    "uuid": lambda values: values.company.uuid(values.kind.name, values.number),
    "created": lambda values: values.time(values.times.created),
    "modified": lambda values: values.time(values.times.modified),
    "later": lambda values: values.time(values.times.created + values.kind.days * DAY),
    "owner": lambda values: values.company.owner(values.kind.name, values.number),
    "owner_face": _Values.owner,
    "owner_name": lambda values: _of_owner(values, "id", "name"),
    "owner_status": lambda values: _of_owner(values, "id", "status"),
    "client_name": lambda values: values.client()["name"],
    "status": lambda values: values.client()["status"],
    "active": lambda values: values.client()["status"] in {"ACTIVE", "TRIAL"},
    "terminated": lambda values: (
        values.time(values.times.modified)
        if values.client()["status"] == "TERMINATED"
        else None
    ),
    "first_name": lambda values: values.company.contact_name(values.number)[0],
    "last_name": lambda values: values.company.contact_name(values.number)[1],
    "product_name": lambda values: values.company.product_name(values.number),
    "previous": lambda values: max(1, values.number - 1),
    "previous_uuid": lambda values: values.company.uuid(
        values.kind.name, max(1, values.number - 1)
    ),
    "employee_first": lambda values: values.company.employee(values.number)[
        "firstname"
    ],
    "employee_last": lambda values: values.company.employee(values.number)["lastname"],
}
