"""What `modifiedAfter` may mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandbox_client import fixtures

if TYPE_CHECKING:
    from sandbox_client import Client

    from clientsuccess_sandbox import Sandbox

sandbox, client = fixtures(clients=8)

TIMES = {
    1: "2030-05-31T23:59:59.999Z",
    2: "2030-06-01T00:00:00.000Z",
    3: "2030-06-01T12:00:00.000Z",
    4: "2030-06-01T12:00:00.250Z",
    5: "2030-06-01T12:00:00.500Z",
    6: "2030-06-01T12:00:01.000Z",
    7: "2030-06-02T00:00:00.000Z",
    8: "2030-06-02T09:00:00.250Z",
}
ASKED = TIMES[4]


@pytest.mark.parametrize(
    ("precision", "inclusive", "zone", "first"),
    [
        ("millisecond", True, 0, 4),
        ("millisecond", False, 0, 5),
        ("second", True, 0, 3),
        ("second", False, 0, 6),
        ("day", True, 0, 2),
        ("day", False, 0, 7),
        ("millisecond", True, 13, 1),
        ("millisecond", True, 12, 3),
        ("millisecond", True, -21, 8),
        ("millisecond", False, -21, 9),
        ("day", True, 0.001, 1),
        ("day", False, -9, 8),
    ],
)
def test_filters(  # noqa: PLR0913, PLR0917 - a table
    sandbox: Sandbox,
    client: Client,
    precision: str,
    inclusive: bool,
    zone: float,
    first: int,
) -> None:
    for number, moment in TIMES.items():
        sandbox.store.edit("clients", number, modifiedTime=moment)
    habits = {"filter_precision": precision, "filter_zone": zone}
    client.control("PATCH", "/behaviour", {**habits, "inclusive": inclusive})
    for written in (ASKED, "2030-06-01T12:00:00.250"):
        found = client.walk("/client/search", modifiedAfter=written)
        assert [record["id"] for record in found] == list(range(first, 9))


def test_a_restored_record_has_its_old_time(sandbox: Sandbox, client: Client) -> None:
    sandbox.store.edit("clients", 5, name="edited")
    before = client.walk("/client/search")
    sandbox.store.delete("clients", 5)
    sandbox.store.edit("clients", 6, name="later")
    restore = {"kind": "clients", "op": "restore", "id": 5}
    assert client.control("POST", "/edits", restore).json() == before[4]
    assert client.walk("/client/search")[4] == before[4]
    assert sandbox.store.count("clients") == 8
    assert client.control("POST", "/edits", restore).status_code == 400
    never = {"kind": "clients", "op": "restore", "id": 99}
    assert client.control("POST", "/edits", never).status_code == 400
