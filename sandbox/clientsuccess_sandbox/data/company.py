"""The company: its clients, employees and contacts, which records refer to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data.seeded import WORDS, Random
from clientsuccess_sandbox.jsontext import Record

DAY: Final = 24 * 3600 * 1000
_HISTORY = 5 * 365 * DAY
_BULK_UPDATES = 12
_KNOWN = 1 << 17
_SOME_UNOWNED = ("contracts", "tasks")


class Times(NamedTuple):
    """When a record was created and modified, in milliseconds since 1970."""

    created: int
    modified: int


@dataclass(eq=False)
class Company:
    """The parts of the company that records refer to.

    Attributes:
        sizes: How many records of each kind there are.
        seed: The same seed makes the same company.
        now: When its data end, ISO 8601.
        ties: Share of records that share a modification time with others.
        end: When its data end, in milliseconds since 1970.
    """

    sizes: Mapping[str, int]
    seed: int
    now: str
    ties: float

    def __post_init__(self) -> None:
        self.end = from_iso(self.now)
        self.client = lru_cache(_KNOWN)(self._client)
        self.employee = lru_cache(_KNOWN)(self._employee)

    def topic(self, *topic: object) -> str:
        """Return the seed of a topic, such as a kind and an id."""
        return "/".join(map(str, (self.seed, *topic)))

    def uuid(self, kind: str, number: int) -> str:
        """Return a record's uuid."""
        digest = blake2b(f"{self.seed}/{kind}/{number}".encode(), digest_size=16)
        h = digest.hexdigest()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def times(self, kind: str) -> Iterator[Times]:
        """Return the times of a kind's records; ids rise with the creation."""
        random, count = Random(self.topic(kind, "times")), self.sizes[kind]
        begin, step = self.end - _HISTORY, _HISTORY // max(1, count)
        gap = _HISTORY // (_BULK_UPDATES + 1)
        updates = [begin + gap * (place + 1) for place in range(_BULK_UPDATES)]
        for number in range(count):
            created = modified = begin + number * step + random.below(step)
            if random.chance(self.ties):
                later = updates[bisect_left(updates, created) :]
                modified = random.pick(later) if later else created
            elif random.chance(0.8):
                modified += random.below(self.end - created)
            yield Times(created, modified)

    def owner(self, kind: str, number: int) -> int | None:
        """Return the client a record belongs to; some clients have many records."""
        clients = self.sizes["clients"]
        if not clients or (kind in _SOME_UNOWNED and number % 20 == 0):
            return None
        digest = blake2b(f"{self.seed}/{kind}/{number}/owner".encode(), digest_size=8)
        share = int.from_bytes(digest.digest()) / (1 << 64)
        return 1 + int(clients * share * share)

    def _client(self, number: int) -> Record:
        """Return what other records show of a client."""
        random = Random(self.topic("client", number))
        parts = ("company_stems", "company_trades", "company_forms")
        any_status = random.word("client_statuses")["description"]
        return {
            "id": number,
            "uuid": self.uuid("clients", number),
            "name": " ".join(map(random.word, parts)),
            "status": "ACTIVE" if random.chance(0.7) else any_status,
        }

    def _employee(self, number: int) -> Record:
        """Return what other records show of an employee."""
        random = Random(self.topic("employee", number))
        first, last = random.word("first_names"), random.word("last_names")
        return {
            "id": number,
            "firstname": first,
            "lastname": last,
            "email": f"employee{number}@vendor.example",
            "name": f"{first} {last}",
            "reportTo": 1 + random.below(number - 1) if number > 1 else None,
            "picture": f"https://img.vendor.example/{number}.png",
            "externalSystems": {"SALESFORCE": f"{random.below(10**9):09}"},
        }

    @staticmethod
    def person(number: int) -> Record:
        """Return what other records show of a contact."""
        first, last = WORDS["first_names"], WORDS["last_names"]
        return {
            "id": number,
            "firstName": first[number * 11 % len(first)],
            "lastName": last[number * 17 % len(last)],
            "email": f"contact{number}@client.example",
        }

    @staticmethod
    def product(number: int) -> Record:
        """Return a product; a number makes repeated names unique."""
        turn, place = divmod(number - 1, len(WORDS["products"]))
        name = WORDS["products"][place]
        return {"id": number, "name": f"{name} {turn + 1}" if turn else name}
