"""The company: who there is, so that records refer to somebody who exists."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data import words
from clientsuccess_sandbox.data.seeded import Random

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clientsuccess_sandbox.jsontext import Record
    from clientsuccess_sandbox.settings import CompanySettings

TENANT: Final = 4711
DAY: Final = 24 * 3600 * 1000
CLIENT_STATUSES: Final = (
    *(("A", "ACTIVE"), ("I", "INACTIVE"), ("F", "TRIAL"), ("T", "TERMINATED")),
)
CLIENT_SEGMENTS: Final = (
    *("Enterprise", "Mid-Market", "SMB", "Öffentliche Hand", "VIP ⭐"),
)
_HISTORY = 5 * 365 * DAY
_BULK_UPDATES = 12
_MAY_BE_UNOWNED = ("tasks", "contracts")
_KNOWN = 1 << 17


class Times(NamedTuple):
    """When a record was created and modified, in milliseconds since 1970."""

    created: int
    modified: int


class Company:
    """Who and what there is, as far as records refer to each other."""

    def __init__(self, settings: CompanySettings) -> None:
        self.seed = settings.seed
        self.sizes = {
            **settings.sizes(),
            "client_statuses": len(CLIENT_STATUSES),
            "client_segments": len(CLIENT_SEGMENTS),
        }
        self.shows_modifications = settings.shows_modifications
        self._end = from_iso(settings.now)
        self._ties = settings.ties
        self.client = lru_cache(_KNOWN)(self._client)
        self.employee = lru_cache(_KNOWN)(self._employee)

    def random(self, *topic: object) -> Random:
        """Return a random generator for a topic, such as a kind and an id."""
        return Random("/".join(map(str, (self.seed, *topic))))

    def uuid(self, kind: str, number: int) -> str:
        """Return a record's uuid."""
        digest = blake2b(f"{self.seed}/{kind}/{number}".encode(), digest_size=16)
        return str(UUID(bytes=digest.digest(), version=4))

    def times(self, kind: str) -> Iterator[Times]:
        """Return the times of a kind's records; ids rise with the creation."""
        random, count = self.random(kind, "times"), self.sizes[kind]
        begin, step = self._end - _HISTORY, _HISTORY // max(1, count)
        updates = [
            begin + _HISTORY * place // (_BULK_UPDATES + 1)
            for place in range(1, _BULK_UPDATES + 1)
        ]
        for number in range(count):
            created = begin + number * step + random.below(step)
            modified = created
            if random.chance(self._ties):
                later = updates[bisect_left(updates, created) :]
                modified = random.pick(later) if later else created
            elif random.chance(0.8):
                modified += random.below(self._end - created)
            yield Times(created, modified)

    def owner(self, kind: str, number: int) -> int | None:
        """Return the client a record belongs to; some clients have many records."""
        digest = blake2b(f"{self.seed}/{kind}/{number}/owner".encode(), digest_size=8)
        share = int.from_bytes(digest.digest()) / (1 << 64)
        if kind in _MAY_BE_UNOWNED and number % 20 == 0:
            return None
        clients = self.sizes["clients"]
        return 1 + int(clients * share * share) if clients else None

    def _client(self, number: int) -> dict[str, Any]:
        """Return what other records show of a client."""
        random = self.random("client", number)
        stem, trade = (
            random.pick(words.COMPANY_STEMS),
            random.pick(words.COMPANY_TRADES),
        )
        return {
            "id": number,
            "uuid": self.uuid("clients", number),
            "name": f"{stem} {trade} {random.pick(words.COMPANY_FORMS)}",
            "status": "ACTIVE"
            if random.chance(0.7)
            else random.pick(CLIENT_STATUSES)[1],
        }

    def _employee(self, number: int) -> Record:
        """Return what other records show of an employee."""
        random = self.random("employee", number)
        first, last = random.pick(words.FIRST_NAMES), random.pick(words.LAST_NAMES)
        face: Record = {
            "id": number,
            "firstname": first,
            "lastname": last,
            "email": f"employee{number}@vendor.example",
            "name": f"{first} {last}",
            "reportTo": 1 + random.below(number - 1) if number > 1 else None,
        }
        if random.chance(0.9):
            face["picture"] = f"https://img.vendor.example/{number}.png"
            face["externalSystems"] = random.systems()
        return face

    def some_employee(self, random: Random) -> Record:
        """Choose an employee."""
        return self.employee(1 + random.below(self.sizes["employees"]))

    def some_contact(self, random: Random) -> tuple[int, str, str]:
        """Choose a contact's id, first and last name."""
        number = 1 + random.below(max(1, self.sizes["contacts"]))
        return number, *self.contact_name(number)

    @staticmethod
    def contact_name(number: int) -> tuple[str, str]:
        """Return a contact's first and last name."""
        first = words.FIRST_NAMES[number * 11 % len(words.FIRST_NAMES)]
        return first, words.LAST_NAMES[number * 17 % len(words.LAST_NAMES)]

    @staticmethod
    def product_name(number: int) -> str:
        """Return a product's name; numbers tell apart more than there are words."""
        turn, place = divmod(number - 1, len(words.PRODUCT_NAMES))
        name = words.PRODUCT_NAMES[place]
        return f"{name} {turn + 1}" if turn else name
