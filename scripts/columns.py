"""The part of the demonstration about the account's own fields: typed columns."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import duckdb
from meltano_runs import ROOT, Meltano

if t.TYPE_CHECKING:
    from clientsuccess_sandbox import Sandbox

OUTPUT = ROOT / "output"
WAREHOUSE = OUTPUT / "demo-columns.duckdb"
SCHEMA = "flattened"
NEW_FIELD = {
    "fieldId": 9001,
    "fieldKey": "seats__cs",
    "fieldLabel": "Seats",
    "fieldTypeName": "INTEGER",
}


class NoColumnError(Exception):
    """A custom field did not become a column of its type."""


def show_columns(sandbox: Sandbox, meltano: Meltano) -> None:
    """Show custom fields as columns, and one that is added to the account.

    Raises:
        NoColumnError: The field that was added did not arrive.
    """
    print("Meltano reads the clients with flattening, into another file:\n")
    Meltano(_settings()).print_exports()
    flattened = replace(meltano, settings=meltano.settings | _settings())
    _load(flattened, "demo-run-3.log")
    print("\nThe account's own fields are columns with types:\n")
    for name, column_type in _columns().items():
        print(f"  {name:<32} {column_type}")
    print(
        "\nkickoff_date is VARCHAR because target-duckdb 0.8.0 stores dates as text;\n"
        "the tap declares it as a date.\n"
    )

    sandbox.store.add_custom_field("CLIENT", NEW_FIELD)
    sandbox.store.edit("clients", 1, custom={"seats__cs": 250})
    _load(flattened, "demo-run-4.log")
    kind, seats = _columns().get("custom__seats__cs"), _seats()
    if kind != "HUGEINT" or seats != [(1, 250)]:
        raise NoColumnError(f"custom__seats__cs is {kind}, with the values {seats}.")
    print(
        "\nA field added to the account is there after the next discovery\n"
        f"(--refresh-catalog): custom__seats__cs, {kind}, is 250 for client 1.\n"
    )


def _settings() -> dict[str, str]:
    return {
        "TARGET_DUCKDB_FILEPATH": str(WAREHOUSE),
        "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": SCHEMA,
    }


def _load(meltano: Meltano, log: str) -> None:
    meltano.call(
        "--environment=flattened",
        "run",
        "--no-install",
        "--refresh-catalog",
        "tap-clientsuccess",
        "target-duckdb",
        log=OUTPUT / log,
    )


def _query(sql: str) -> list[tuple[t.Any, ...]]:
    with duckdb.connect(str(WAREHOUSE), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def _columns() -> dict[str, str]:
    """Return the types of the columns that are custom fields."""
    rows = _query(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_name = 'clients' AND column_name LIKE 'custom\\_\\_%' ESCAPE '\\'"
    )
    return dict(rows)


def _seats() -> list[tuple[t.Any, ...]]:
    return _query(
        "SELECT id, custom__seats__cs FROM flattened.clients "
        "WHERE custom__seats__cs IS NOT NULL"
    )
