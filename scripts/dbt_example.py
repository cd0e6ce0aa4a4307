"""Build the dbt example on DuckDB and PostgreSQL, and compare it with Python's figures.

The sandbox's account gets contracts with a history. The tap reads it, both targets load
it, dbt builds. The account changes, and all is done again: snapshots get two states.
Name a target, `duckdb` or `postgres`, to do that one only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from datetime import date, timedelta
from pathlib import Path

import duckdb
import postgres
from commands import ROOT, Messages, Row, SkippedError, run_tap
from known_targets import TARGETS
from target import Target

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.store import Store

DAY = "2026-01-01"
"""The day on which the sandbox's data ends."""

LEAST = 25
"""The fewest contracts that make a renewal rate: one health has less."""

EXAMPLE = ROOT / "examples" / "dbt"
CHECKS = str(EXAMPLE / "checks" / "test_marts.py")
OUTPUT = ROOT / "output" / "dbt"
WAREHOUSE = OUTPUT / "dbt.duckdb"
CLIENTS, YEARS, FIRST_YEAR = 40, 5, 2021
SCHEMA = "clientsuccess"
WAYS = ("included", "replaced", "added")
"""The values of `adjusted_contracts`; the default is last, for the charts."""

_CURRENCIES = ("EUR", "USD", None)


def main() -> None:
    """Build and check."""
    named = sys.argv[1:] or ["duckdb", "postgres"]
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    nights = read_twice()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name in named:
                check(TARGETS[name], Path(folder), nights)
        except SkippedError as problem:
            sys.exit(f"{problem}. To leave it out: make test-dbt ARGS=duckdb")


def read_twice() -> list[Messages]:
    """Read the account on two nights; everything is read, there is no state."""
    settings = {"emit_activate_version_messages": True}
    with Sandbox(seed=1, clients=CLIENTS) as sandbox:
        add_history(sandbox.store)
        nights = [run_tap(OUTPUT / "1.jsonl", sandbox, **settings)]
        change(sandbox.store)
        # Versions of tables are seconds of the server's clock, which it tells without
        # fractions, and without a state no run knows the last one.
        time.sleep(2.1)
        return [*nights, run_tap(OUTPUT / "2.jsonl", sandbox, **settings)]


def add_history(store: Store) -> None:
    """Give the account contracts that follow, adjust or forecast each other."""
    for number in store.ids("contracts"):
        store.edit("contracts", number, renews=None, adjustedBy=[])
    for client in range(1, CLIENTS + 1):
        add_contracts(store, client)


def add_contracts(store: Store, client: int) -> None:
    """Give a client a contract a year, with gaps, and what belongs to it."""
    arr = 1000.0 * (client % 7 + 3)
    start = date(FIRST_YEAR, 1, 1) + timedelta(days=17 * client)
    before: int | None = None
    for year in range(YEARS):
        begin, end = start + timedelta(365 * year), start + timedelta(365 * year + 364)
        turn = (client + year) % 6
        if turn == 0:
            before = None
            continue
        arr *= {1: 1.3, 2: 0.8}.get(turn, 1.0)
        values = contract(client, begin, end, before) | {"arr": round(arr, 2)}
        made = store.insert("contracts", **values)["id"]
        if before and client % 2:
            store.edit("contracts", before, renewedBy={"id": made})
        add_what_belongs(store, values, made, client + year)
        before = made


def contract(client: int, begin: date, end: date, before: int | None) -> Row:
    """Return the values of a contract that follows the one before."""
    return {
        "tenantClientId": client,
        "client": {"id": client, "status": "ACTIVE"},
        "currency": _CURRENCIES[client % 3],
        "termStartDate": f"{begin}T00:00:00Z",
        "termEndDate": f"{end}T00:00:00Z",
        **dict.fromkeys(("terminatedDate", "terminatedEffectiveDate")),
        "probability": 1,
        # Some accounts may only fill the pointer of the older contract.
        "renews": {"id": before} if before and not client % 2 else None,
        **dict.fromkeys(("renewedBy", "adjusts")),
        "adjustedBy": [],
        "meta": {"type": "RENEWAL" if before else "NEW", "currentStatus": "ACTIVE"},
    }


def add_what_belongs(store: Store, values: Row, made: int, turn: int) -> None:
    """Adjust a contract, terminate it, lose another, or forecast its renewal."""
    middle = date.fromisoformat(values["termStartDate"][:10]) + timedelta(days=150)
    after = date.fromisoformat(values["termEndDate"][:10]) + timedelta(days=1)
    adjusts = {"adjusts": {"id": made}, "renews": None}
    if turn % 5 == 0:
        starts = {"termStartDate": f"{middle}T00:00:00Z"}
        store.insert("contracts", **values | adjusts | starts | {"arr": 777.77})
    if (turn + 5) % 9 == 0:
        store.edit("contracts", made, terminatedEffectiveDate=f"{middle}T00:00:00Z")
    if (turn + 4) % 11 == 0:
        meta = {"type": "NEW", "currentStatus": "CHURNED"}
        store.edit("contracts", made, meta=meta)
    if turn % 4 == 0:
        lost = {"meta": {"type": "NEW", "currentStatus": "LOST"}, "renews": None}
        store.insert("contracts", **values | lost)
    if after > date.fromisoformat(DAY) and turn % 2:
        forecast = {
            "meta": {"type": "RENEWAL", "currentStatus": "FORECASTED"},
            "renews": {"id": made},
            "termStartDate": f"{after}T00:00:00Z",
            "termEndDate": f"{after + timedelta(days=364)}T00:00:00Z",
            "probability": 0.35,
        }
        store.insert("contracts", **values | forecast)


def change(store: Store) -> None:
    """Change what history is kept of, and delete a few records."""
    for client in range(1, 8):
        store.edit("clients", client, successScore=10 + client, status="ACTIVE")
    for contract in (5, 6, 7):
        meta = {"type": "NEW", "currentStatus": "CHURNED"}
        store.edit("contracts", contract, meta=meta)
    answer = {
        "lastCampaignScore": 10,
        "lastCampaignResponseDate": "2025-12-01T23:30:00-02:00",
    }
    for contact in range(1, 30):
        store.edit("contacts", contact, npsResult=answer)
    for kind in ("tasks", "clients", "contracts"):
        store.delete(kind, store.ids(kind)[-1])


def check(target: Target, folder: Path, nights: list[Messages]) -> None:
    """Load and build both nights in a warehouse, then run the checks on it."""
    target.install()
    place = folder / f"dbt_{target.name}"
    config = target.prepare(place) | {"default_target_schema": SCHEMA}
    # How dbt and the checks find the warehouse.
    environment = os.environ | {"TODAY": DAY, "WAREHOUSE": target.name}
    environment["LEAST"] = str(LEAST)
    if target.name == "duckdb":
        # Kept, for the charts.
        config["path"] = environment["CLIENTSUCCESS_DUCKDB"] = str(WAREHOUSE)
    else:
        environment |= postgres.environment(place.name)
    for number, messages in enumerate(nights, start=1):
        print(f"{target.title}, {number}. night", flush=True)
        target.load(place, config, messages.path)
        build("build", target, environment)
        if number == 1:
            move_back(target, place)
    for way in WAYS:
        build("run", target, environment, adjusted_contracts=way)
        checks = [sys.executable, "-m", "pytest", "-q", CHECKS]
        given = environment | {"ADJUSTED": way}
        if subprocess.run(checks, cwd=ROOT, env=given, check=False).returncode:
            sys.exit(1)


def move_back(target: Target, place: Path) -> None:
    """Make the first night's snapshots thirty days old."""
    sql = "".join(
        f"UPDATE customer_success.{table} "  # noqa: S608
        "SET dbt_valid_from = dbt_valid_from - INTERVAL '30 days';"
        for table in ("clients_history", "contracts_history", "nps_answers_history")
    )
    if target.name == "duckdb":
        duckdb.connect(str(WAREHOUSE)).execute(sql).close()
    else:
        postgres.query(sql, place.name)


def build(
    command: str, target: Target, environment: dict[str, str], **variables: str
) -> None:
    """Run a command of dbt."""
    dbt = ROOT / ".venv-dbt" / "bin" / "dbt"
    profile = "demo" if target.name == "duckdb" else target.name
    options = ("--quiet", "--profiles-dir", ".", "--target", profile)
    given = json.dumps({"today": DAY, "renewal_rate_contracts": LEAST} | variables)
    call: list[t.Any] = [dbt, command, *options, "--vars", given]
    if subprocess.run(call, cwd=EXAMPLE, env=environment, check=False).returncode:
        sys.exit(f"dbt {command} failed on {target.name}.")


if __name__ == "__main__":
    main()
