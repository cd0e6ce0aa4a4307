"""The last part of the demo: custom fields as typed columns, including a new one."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import duckdb
from commands import ROOT
from meltano_runs import Meltano

if t.TYPE_CHECKING:
    from pathlib import Path

    from clientsuccess_sandbox import Sandbox

OUTPUT = ROOT / "output"
WAREHOUSE = OUTPUT / "demo-columns.duckdb"
PLUGINS = ("tap-clientsuccess", "target-duckdb")
RUN = ("--environment=flattened", "run", "--no-install", "--refresh-catalog", *PLUGINS)
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


class DemoError(Exception):
    """The warehouse is not what the sandbox is; the message says where."""


def show_columns(sandbox: Sandbox, meltano: Meltano) -> None:
    """Show custom fields as columns, then add a field to the account.

    Raises:
        DemoError: The added field did not arrive.
    """
    warehouse = {
        "TARGET_DUCKDB_FILEPATH": str(WAREHOUSE),
        "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": "flattened",
    }
    print("Read the clients with flattening, into another file:\n")
    Meltano(warehouse).print_exports()
    meltano = replace(meltano, settings=meltano.settings | warehouse)
    meltano.call(*RUN, log=OUTPUT / "demo-run-3.log")
    print("\nCustom fields are typed columns:\n")
    for name, column_type in query(WAREHOUSE, COLUMNS):
        print(f"  {name:<32} {column_type}")
    print(
        "\nkickoff_date is VARCHAR because target-duckdb 0.8.0 stores dates as text;\n"
        "the tap declares it as a date.\n"
    )

    sandbox.store.add_custom_field("CLIENT", NEW_FIELD)
    sandbox.store.edit("clients", 1, custom={"seats__cs": 250})
    meltano.call(*RUN, log=OUTPUT / "demo-run-4.log")
    kind, seats = (
        dict(query(WAREHOUSE, COLUMNS)).get("custom__seats__cs"),
        query(WAREHOUSE, SEATS),
    )
    if kind != "HUGEINT" or seats != [(1, 250)]:
        raise DemoError(f"custom__seats__cs is {kind}, with the values {seats}.")
    print(
        "\nA field added to the account appears after the next discovery\n"
        f"(--refresh-catalog): custom__seats__cs, {kind}, is 250 for client 1.\n"
    )


def query(warehouse_file: Path, sql: str) -> list[tuple[t.Any, ...]]:
    """Query a warehouse of the demo."""
    with duckdb.connect(str(warehouse_file), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()
