"""The made-up company: the same each time, of one piece, and awkward."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.data.custom_fields import RESOURCES, normal_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientsuccess_sandbox.store import Store

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def store() -> Store:
    return Sandbox(seed=5, clients=150).store


def texts(store: Store) -> list[bytes]:
    return [bytes(raw) for kind in KINDS for raw in store.raws(kind)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second, other = (
        texts(Sandbox(seed=seed, clients=25).store) for seed in (1, 1, 2)
    )
    assert first == second
    assert len(first) == len(other)
    assert first != other


def test_the_bytes_do_not_depend_on_what_was_asked_before() -> None:
    backwards = Sandbox(clients=25).store
    kinds = list(KINDS)[::-1]
    found = {kind: backwards.raws(kind) for kind in kinds}
    store = Sandbox(clients=25).store
    assert all(store.raws(kind) == found[kind] for kind in KINDS)


def test_nothing_of_the_templates_is_left(store: Store) -> None:
    for raw in texts(store):
        assert not re.search(rb"<<|>>\d|\{[a-z_.]+( [^}]*)?\}", raw)


@pytest.mark.parametrize("kind", ["contacts", "contracts", "client_notes", "pulses"])
def test_records_belong_to_clients_that_exist(store: Store, kind: str) -> None:
    owner = KINDS[kind].owner or ""
    clients = set(store.ids("clients"))
    owners = [record.get(owner) for record in store.records(kind)]
    assert {number for number in owners if number is not None} <= clients
    assert len(set(owners)) > len(clients) / 3


def test_references_agree_with_what_they_refer_to(store: Store) -> None:
    clients = {record["id"]: record for record in store.records("clients")}
    for contact in store.records("contacts"):
        face = contact.get("tenantClient")
        if face:
            client = clients[contact["tenantClientId"]]
            assert face == {key: client[key] for key in face}
    skus = {product["sku"] for product in store.records("products")}
    employees = set(store.ids("employees"))
    for contract in store.records("contracts"):
        assert {item["productCode"] for item in contract.get("items") or ()} <= skus
        booked = contract.get("bookedByEmployee")
        assert booked is None or booked["id"] in employees


def test_managers_are_employees(store: Store) -> None:
    emails = {person["email"] for person in store.records("employees")}
    managers = [r.get("managedByEmployee") for r in store.records("clients")]
    assert {manager["email"] for manager in managers if manager} <= emails


def test_times_are_believable(store: Store) -> None:
    for kind in ("clients", "contacts", "contracts", "products", "client_notes"):
        for record in store.records(kind):
            created = record.get("createdTime") or ""
            assert TIME.fullmatch(record["modifiedTime"])
            assert created <= record["modifiedTime"] <= "2026-01-01T00:00:00.000Z"


def test_modification_times_are_a_choice() -> None:
    shown = Sandbox(clients=9).store
    assert all("modifiedTime" in note for note in shown.records("client_notes"))
    assert not any("modifiedTime" in pulse for pulse in shown.records("pulses"))
    turned = {"client_notes": False, "pulses": True}
    other = Sandbox(clients=9, modification_times=turned).store
    assert not any("modifiedTime" in note for note in other.records("client_notes"))
    assert all("modifiedTime" in pulse for pulse in other.records("pulses"))


@pytest.mark.parametrize("resource", ["CLIENT", "CONTACT", "CONTRACT"])
def test_custom_values_fit_their_definitions(store: Store, resource: str) -> None:
    known = {item["fieldKey"]: item for item in store.definitions(resource)}
    kind = next(kind.name for kind in KINDS.values() if kind.custom == resource)
    met: set[str] = set()
    for record in store.records(kind):
        custom = record.get("custom") or {}
        met |= custom.keys()
        for key, value in custom.items():
            assert value is None or fits(value, known[key])
    assert met == known.keys()


def fits(value: Any, definition: dict[str, Any]) -> bool:
    listed = [item["value"] for item in definition["picklistValues"] or ()]
    checks: dict[str, Callable[[Any], bool]] = {
        "picklist": lambda value: value in listed,
        "multipicklist": lambda value: set(value) <= set(listed),
        "integer": lambda value: type(value) is int,
        "boolean": lambda value: isinstance(value, bool),
        "decimal": lambda value: isinstance(value, Decimal),
        "number": lambda value: isinstance(value, Decimal),
        "currency": lambda value: isinstance(value, Decimal),
        "datetime": lambda value: TIME.fullmatch(value) is not None,
        "date": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None,
        "string": lambda value: isinstance(value, str),
        "text": lambda value: isinstance(value, str),
    }
    name = normal_type(definition["fieldTypeName"])
    return checks.get(name, lambda _: True)(value)


def test_every_resource_type_has_a_list(store: Store) -> None:
    assert all(isinstance(store.definitions(name), list) for name in RESOURCES)


def test_data_is_awkward_in_the_ways_of_real_data(store: Store) -> None:
    clients, notes = store.records("clients"), store.records("client_notes")
    assert any("note" not in record for record in clients)
    assert any(record.get("note", "") is None for record in clients)
    assert {type(record.get("segment")) for record in clients} >= {dict, str}
    assert any(len(record["note"]) > 10_000 for record in notes)
    texts = "".join(record["note"] for record in notes)
    assert any(ord(letter) > 0xFFFF for letter in texts)


def test_amounts_leave_as_exact_number_literals(store: Store) -> None:
    text = b"".join(bytes(raw) for raw in store.raws("contracts"))
    assert b"12345678901.12" in text
    assert not re.search(rb"\d\.\d{12}", text)
    assert b"Infinity" not in text


def test_sizes_can_be_set_one_by_one() -> None:
    store = Sandbox(clients=3, pulses=11, tasks=0, employees=2).store
    counts = {kind: store.count(kind) for kind in ("clients", "pulses", "tasks")}
    assert counts == {"clients": 3, "pulses": 11, "tasks": 0}


@pytest.mark.parametrize(
    "sizes", [{"clients": -1}, {"clients": 0, "pulses": 1}, {"employees": 0}]
)
def test_sizes_that_make_no_sense(sizes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Sandbox(**sizes)
