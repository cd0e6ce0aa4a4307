"""The company: who there is, so that records refer to somebody who exists."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from clientsuccess_sandbox.clock import from_iso
from clientsuccess_sandbox.data import words
from clientsuccess_sandbox.data.dice import Dice, digest
from clientsuccess_sandbox.data.schedule import Schedule

if TYPE_CHECKING:
    from clientsuccess_sandbox.jsontext import Record
    from clientsuccess_sandbox.settings import CompanySettings

TENANT: Final = 4711
CLIENT_STATUSES: Final = (
    ("A", "ACTIVE"),
    ("I", "INACTIVE"),
    ("F", "TRIAL"),
    ("T", "TERMINATED"),
)
CLIENT_SEGMENTS: Final = (
    "Enterprise",
    "Mid-Market",
    "SMB",
    "Öffentliche Hand",
    "VIP ⭐",
)
_NODE_BITS = 48
_NODE_MASK = (1 << _NODE_BITS) - 1
_NODE_FACTOR = 0x9E3779B97F4B  # odd, hence it can be undone
_NODE_INVERSE = pow(_NODE_FACTOR, -1, 1 << _NODE_BITS)
_UNOWNED = 20  # one task or contract in so many belongs to no client
_MAY_BE_UNOWNED = ("tasks", "contracts")
_FACES = 4096


class Times(NamedTuple):
    """When a record was created and modified, in milliseconds since 1970."""

    created: int
    modified: int


class Client(NamedTuple):
    """What other records show of a client."""

    id: int
    uuid: str
    name: str
    status: str


class Company:
    """Who and what there is, as far as records refer to each other."""

    def __init__(self, settings: CompanySettings) -> None:
        self.seed = settings.seed
        self.now = from_iso(settings.now)
        self.sizes = {
            **settings.sizes(),
            "client_statuses": len(CLIENT_STATUSES),
            "client_segments": len(CLIENT_SEGMENTS),
        }
        self._ties = settings.ties
        self.carries_modification_times = settings.carries_modification_times
        self.client = lru_cache(_FACES)(self._client)
        self.employee = lru_cache(_FACES)(self._employee)

    def dice(self, kind: str, number: int, topic: str = "") -> Dice:
        """Take the dice of one record (or of one topic about it)."""
        return Dice(digest(self.seed, kind, number, topic))

    def schedule(self, kind: str) -> Schedule:
        """Tell when the records of a kind were created and modified."""
        seed = digest(self.seed, kind, "times")
        return Schedule(self.sizes[kind], self.now, self._ties, seed)

    def uuid(self, kind: str, number: int) -> str:
        """Tell a record's uuid; `number_of` takes it back."""
        high = digest(self.seed, kind, number, "uuid")
        middle = digest(self.seed, kind, number, "uuid2") & 0xFFFF
        node = number * _NODE_FACTOR & _NODE_MASK
        whole = (high << 64) | (middle << _NODE_BITS) | node
        return str(UUID(int=whole, version=4))

    def number_of(self, kind: str, uuid: str) -> int | None:
        """Tell the id that belongs to a uuid, if it is one of ours."""
        try:
            node = UUID(uuid).node
        except ValueError:
            return None
        number = node * _NODE_INVERSE & _NODE_MASK
        return number if self.uuid(kind, number) == uuid else None

    def client_of(self, kind: str, number: int) -> int | None:
        """Tell which client a record belongs to; some clients have many records."""
        throw = digest(self.seed, kind, number, "client")
        if kind in _MAY_BE_UNOWNED and throw % _UNOWNED == 0:
            return None
        clients = self.sizes["clients"]
        part = (throw >> 12) / (1 << 52)
        return 1 + min(clients - 1, int(clients * part * part)) if clients else None

    def _client(self, number: int) -> Client:
        dice = self.dice("clients", number, "face")
        stem, trade = dice.pick(words.COMPANY_STEMS), dice.pick(words.COMPANY_TRADES)
        name = f"{stem} {trade} {dice.pick(words.COMPANY_FORMS)}"
        status = "ACTIVE" if dice.chance(0.7) else dice.pick(CLIENT_STATUSES)[1]
        return Client(number, self.uuid("clients", number), name, status)

    def _employee(self, number: int) -> Record:
        dice = self.dice("employees", number, "face")
        first, last = dice.pick(words.FIRST_NAMES), dice.pick(words.LAST_NAMES)
        face: Record = {
            "id": number,
            "firstname": first,
            "lastname": last,
            "email": f"employee{number}@vendor.example",
            "name": f"{first} {last}",
            "picture": f"https://img.vendor.example/{number}.png",
            "reportTo": 1 + dice.below(number - 1) if number > 1 else None,
            "externalSystems": dice.systems(),
        }
        return dice.thin(face, ("picture", "externalSystems"))

    def contact_name(self, number: int) -> tuple[str, str]:
        """Tell a contact's first and last name."""
        throw = digest(self.seed, "contacts", number, "name")
        first = words.FIRST_NAMES[throw % len(words.FIRST_NAMES)]
        return first, words.LAST_NAMES[(throw >> 32) % len(words.LAST_NAMES)]

    def product_name(self, number: int) -> str:
        """Tell a product's name; the numbers tell apart more than there are words."""
        turn, place = divmod(number - 1, len(words.PRODUCT_NAMES))
        name = words.PRODUCT_NAMES[place]
        return f"{name} {turn + 1}" if turn else name

    def some_employee(self, dice: Dice) -> int:
        """Choose an employee's id."""
        return 1 + dice.below(self.sizes["employees"])

    def some_product(self, dice: Dice) -> int:
        """Choose a product's id."""
        return 1 + dice.below(self.sizes["products"])
