"""What makes the records of a kind, one after the other.

The function of a kind, such as `client`, is given `Choices` and returns a record: what
is the record's own, such as `c.id` and `c.created`, and what is chosen at random. It
runs once a record, some twenty microseconds, so a large account takes seconds.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data.company import DAY, Company, Times
from clientsuccess_sandbox.data.seeded import WORDS, Random
from clientsuccess_sandbox.jsontext import Record

TENANT: Final = {"id": 4711, "name": "Sandbox & Söhne"}
_CENT: Final = Decimal("0.01")
_NULL_BELOW, _ABSENT_BELOW = 0.08, 0.12


class Choices(Random):
    """A record's own values, and random choices among what the company has.

    Attributes:
        company: The company.
        kind: Name of the record's kind.
        id: Its number, from 1.
        owner: Id of the client that it belongs to.
        times: When it was created and modified, in milliseconds since 1970.
        created: When it was created, ISO 8601.
        modified: When it was modified, ISO 8601.
    """

    def __init__(self, company: Company, kind: str, *topic: object) -> None:
        super().__init__(company.topic(kind, *topic))
        self.company = company
        self.kind = kind

    def turn_to(self, number: int, times: Times, owner: int | None) -> None:
        """Begin with another record."""
        self.id = number
        self.owner = owner
        self.times = times
        self.created = to_iso(times.created)
        self.modified = to_iso(times.modified)

    @property
    def uuid(self) -> str:
        """The record's uuid."""
        return self.company.uuid(self.kind, self.id)

    def later(self, days: int) -> str:
        """Return a time that many days after the creation, ISO 8601."""
        return to_iso(self.times.created + days * DAY)

    def identity(self) -> Record:
        """Return what most records begin with."""
        return {"id": self.id, "uuid": self.uuid, "tenantId": TENANT["id"]}

    def changes(self) -> Record:
        """Return the times that most records have."""
        return {"createdTime": self.created, "modifiedTime": self.modified}

    def own_word(self, kind: str) -> Record:
        """Return the record's own word of a kind; they begin anew after the last."""
        words = WORDS[kind]
        word: Record = words[(self.id - 1) % len(words)]
        return word

    def customer(self, *keys: str) -> Record | None:
        """Return what the record shows of the client that it belongs to."""
        if self.owner is None:
            return None
        client = self.company.client(self.owner)
        return {key: client[key] for key in keys}

    def words(self, kind: str, most: int) -> list[Any]:
        """Choose up to `most` words of a kind."""
        return self.some(WORDS[kind], most)

    def systems(self) -> dict[str, str | None]:
        """Choose ids in other systems, a few of them unknown."""
        names = self.words("systems", 4)
        return {name: self.digits(9) if self.chance(0.9) else None for name in names}

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

    def leave_gaps(self, record: Record, always: Collection[str]) -> None:
        """Make some values null, and take out some keys, but those that always are."""
        for key in [key for key in record if key not in always]:
            throw = self.random()
            if throw < _NULL_BELOW:
                record[key] = None
            elif throw < _ABSENT_BELOW:
                del record[key]


def money(total: Decimal) -> Record:
    """Return a total, and its share of a year and of a month."""
    month = (total / 12).quantize(_CENT)
    return {"total": total, "arr": month * 12, "mrr": month}
