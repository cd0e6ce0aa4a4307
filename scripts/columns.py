"""The last part of the demo: custom fields as typed columns, including a new one."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import duckdb
from meltano_runs import ROOT, Meltano

if t.TYPE_CHECKING:
    from clientsuccess_sandbox import Sandbox

OUTPUT = ROOT / "output"
WAREHOUSE = str(OUTPUT / "demo-columns.duckdb")
RUN = ("--environment=flattened", "run", "--no-install", "--refresh-catalog")
NEW_FIELD = {
    "fieldId": 9001,
    "fieldKey": "seats__cs",
    "fieldLabel": "Seats",
    "fieldTypeName": "INTEGER",
}
COLUMNS = (
    "SELECT column_name, data_type FROM information_schema.columns "
    "WHERE table_name = 'clients' AND starts_with(column_name, 'custom__')"
)
SEATS = (
    "SELECT id, custom__seats__cs FROM flattened.clients "
    "WHERE custom__seats__cs IS NOT NULL"
)


class NoColumnError(Exception):
    """A custom field did not become a column of the expected type."""


def show_columns(sandbox: Sandbox, meltano: Meltano) -> None:
    """Show custom fields as columns, then add a field to the account.

    Raises:
        NoColumnError: The added field did not arrive.
    """
    warehouse = {
        "TARGET_DUCKDB_FILEPATH": WAREHOUSE,
        "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": "flattened",
    }
    print("Read the clients with flattening, into another file:\n")
    Meltano(warehouse).print_exports()
    meltano = replace(meltano, settings=meltano.settings | warehouse)
    plugins = ("tap-clientsuccess", "target-duckdb")
    meltano.call(*RUN, *plugins, log=OUTPUT / "demo-run-3.log")
    print("\nCustom fields are typed columns:\n")
    for name, column_type in query(COLUMNS):
        print(f"  {name:<32} {column_type}")
    print(
        "\nkickoff_date is VARCHAR because target-duckdb 0.8.0 stores dates as text;\n"
        "the tap declares it as a date.\n"
    )

    sandbox.store.add_custom_field("CLIENT", NEW_FIELD)
    sandbox.store.edit("clients", 1, custom={"seats__cs": 250})
    meltano.call(*RUN, *plugins, log=OUTPUT / "demo-run-4.log")
    kind, seats = dict(query(COLUMNS)).get("custom__seats__cs"), query(SEATS)
    if kind != "HUGEINT" or seats != [(1, 250)]:
        raise NoColumnError(f"custom__seats__cs is {kind}, with the values {seats}.")
    print(
        "\nA field added to the account appears after the next discovery\n"
        f"(--refresh-catalog): custom__seats__cs, {kind}, is 250 for client 1.\n"
    )


def query(sql: str) -> list[tuple[t.Any, ...]]:
    """Query the demo's warehouse."""
    with duckdb.connect(WAREHOUSE, read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()
