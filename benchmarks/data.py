"""The clients that the server has: those of a small sandbox, over and over.

Each has an id, a uuid and a time of its own, and is the same in every run.
"""

from __future__ import annotations

import random
from functools import cache
from itertools import chain
from typing import Any

from benchmarks.scenarios import Scenario
from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.data.choices import Choices
from clientsuccess_sandbox.jsontext import encode

_VARIANTS = 97
_UUID = "5eed0000-0000-4000-8000-"
_MINUTE = 60_000
_FIRST = 1_704_067_200_000  # 2024-01-01
_NIGHT = 8 * 60 * _MINUTE


def ids(scenario: Scenario) -> list[int]:
    """Return the ids of the clients, in the order of their modification."""
    if not scenario.spread:
        return list(range(1, scenario.records + 1))
    rng = random.Random(scenario.records)
    return [rng.getrandbits(63) for _ in range(scenario.records)]


def times(scenario: Scenario) -> list[int]:
    """Return when the clients were modified, in milliseconds since 1970.

    Those that were changed since the last sync are the last, within eight hours.
    """
    if scenario.tied:
        return [_FIRST] * scenario.records
    changes = scenario.changes or 0
    old = scenario.records - changes
    before = [_FIRST + _MINUTE * place for place in range(old)]
    evening = _FIRST + _MINUTE * old
    return before + [evening + _NIGHT * n // changes for n in range(1, changes + 1)]


def client(number: int, modified: int, *, odd: bool = False) -> bytes:
    """Return a client as a search gives it.

    Args:
        number: The client's id.
        modified: When it was modified.
        odd: Whether `clientType.key` is an integer, which the schema does not expect.
    """
    found, _ = _texts(odd)[number % _VARIANTS]
    own = (number, _UUID.encode(), number, to_iso(modified).encode())
    return b'{"id":%d,"uuid":"%b%012d","modifiedTime":"%b",%b' % (*own, found)


def detail(number: int, client: bytes) -> bytes:
    """Return a client as the read of one client gives it: with more fields."""
    _, more = _texts(odd=False)[number % _VARIANTS]
    return client[:-1] + b"," + more


def number_of(uuid: str) -> int:
    """Return the id of the client with a uuid."""
    return int(uuid.removeprefix(_UUID))


@cache
def _texts(odd: bool) -> list[tuple[bytes, bytes]]:  # noqa: FBT001
    """Return what follows a client's own fields, and the fields of its detail."""
    store = Sandbox(clients=_VARIANTS).store
    kind, texts = KINDS["clients"], []
    records = store.records(kind.name)
    nulls = dict.fromkeys(chain.from_iterable(records))
    assert kind.detail
    for found in records:
        choices = Choices(store.company, kind.name, found["id"], "detail")
        more = kind.detail(choices, found)
        # Only this tap makes nulls of absent fields, and objects of such texts.
        record: dict[str, Any] = nulls | found
        if isinstance(record["segment"], str):
            record["segment"] = {"id": 2, "title": record["segment"]}
        for role in more["accTeamingRoles"]:
            role["role"] = {"name": role["role"]}
        if odd:
            record["clientType"]["key"] = 1
        for own in ("id", "uuid", "modifiedTime"):
            del record[own]
        texts.append((encode(record)[1:], encode(more)[1:]))
    return texts
