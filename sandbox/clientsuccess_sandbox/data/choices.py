"""What the functions of the kinds work with.

Such a function makes a *variant*, which many records share. It is given `Choices`: what
all these records have in common is chosen at random. What differs from record to record
is a function of `Own` in place of a value, anywhere in the variant: `ID` is one, and so
is each `lambda own: ...`.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any, Final

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import custom_fields
from clientsuccess_sandbox.data.company import DAY, Company, Times
from clientsuccess_sandbox.data.seeded import WORDS, Random
from clientsuccess_sandbox.jsontext import Record

TENANT: Final = {"id": 4711, "name": "Sandbox & Söhne"}
ID, UUID, OWNER = attrgetter("id"), attrgetter("uuid"), attrgetter("owner")
CREATED, MODIFIED = attrgetter("created"), attrgetter("modified")
IDENTITY: Final = {"id": ID, "uuid": UUID, "tenantId": TENANT["id"]}
CHANGES: Final = {"createdTime": CREATED, "modifiedTime": MODIFIED}
_CENT: Final = Decimal("0.01")


class Own:
    """What a record has of its own.

    Attributes:
        id: Its number, from 1.
        uuid: Its uuid.
        owner: Id of the client that it belongs to.
        created: When it was created, ISO 8601.
        modified: When it was modified, ISO 8601.
        times: Both, in milliseconds since 1970.
    """

    def __init__(self, company: Company, kind: str, number: int, times: Times) -> None:
        self.company = company
        self.kind = kind
        self.id = number
        self.times = times
        self.uuid = company.uuid(kind, number)
        self.owner = company.owner(kind, number)
        self.created = to_iso(times.created)
        self.modified = to_iso(times.modified)

    @cached_property
    def term_end(self) -> str:
        """A year after the creation, ISO 8601."""
        return self.later(365)

    def later(self, days: int) -> str:
        """Return a time that many days after the creation."""
        return to_iso(self.times.created + days * DAY)

    @property
    def previous(self) -> int:
        """Id of the record before it."""
        return max(1, self.id - 1)

    @property
    def contract(self) -> int:
        """Id of the contract that it is about."""
        return 1 + (self.id - 1) % max(1, self.company.sizes["contracts"])

    @property
    def client(self) -> Record:
        """What other records show of the client with this id."""
        return self.company.client(self.id)

    @property
    def person(self) -> Record:
        """What other records show of the contact with this id."""
        return self.company.person(self.id)

    def word(self, kind: str) -> Record:
        """Return its own word of a kind; they begin anew after the last."""
        words = WORDS[kind]
        word: Record = words[(self.id - 1) % len(words)]
        return word

    def customer(self, *keys: str) -> Record | None:
        """Return what the record shows of that client."""
        if self.owner is None:
            return None
        client = self.company.client(self.owner)
        return {key: client[key] for key in keys}


class Choices(Random):
    """Random choices among what the company has.

    Attributes:
        company: The company.
        is_long: The texts of this variant are very long.
    """

    def __init__(self, company: Company, *topic: object) -> None:
        super().__init__(company.topic(*topic))
        self.company = company
        self.is_long = False

    def words(self, kind: str, most: int) -> list[Any]:
        """Choose up to `most` words of a kind."""
        return self.some(WORDS[kind], most)

    def systems(self) -> dict[str, str | None]:
        """Choose ids in other systems, a few of them unknown."""
        names = self.words("systems", 4)
        return {name: self.digits(9) if self.chance(0.9) else None for name in names}

    def custom(self, resource: str) -> Record:
        """Choose values of a resource type's custom fields."""
        return custom_fields.values_for(resource, self)

    def employee(self) -> Record:
        """Choose an employee."""
        return self.company.employee(self.count(self.company.sizes["employees"]))

    def contact(self) -> Record | None:
        """Choose a contact, if there is any."""
        size = self.company.sizes["contacts"]
        return self.company.person(self.count(size)) if size else None

    def product(self) -> Record:
        """Choose a product."""
        return self.company.product(self.count(self.company.sizes["products"]))

    def address(self, place: Record) -> Record:
        """Write an address in one of the places."""
        street = place["street"]
        keys = ("city", "state", "zip", "country", "timezone")
        return {
            "street": f"{street} {self.count(280)}",
            "address": f"{street}\n{place['zip']} {place['city']}",
            **{key: place[key] for key in keys},
        }


def money(total: Decimal) -> Record:
    """Return a total, and its share of a year and of a month."""
    month = (total / 12).quantize(_CENT)
    return {"total": total, "arr": month * 12, "mrr": month}
