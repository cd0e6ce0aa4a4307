"""The demo: sandbox, Meltano, DuckDB; runs with edits in between.

It starts from scratch, leaves nothing running, and touches neither Meltano's state in
this project nor a developer's own settings. Exit code 1 if a count is wrong.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
import typing as t
from collections import Counter
from pathlib import Path

import duckdb
from commands import ROOT, records_in

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.store import Change

MELTANO = ROOT / ".venv-meltano" / "bin" / "meltano"
FOREIGN = ("MELTANO_", "TAP_CLIENTSUCCESS_", "TARGET_")
OUTPUT = ROOT / "output"
WAREHOUSE = OUTPUT / "demo.duckdb"
PLUGINS = ("tap-clientsuccess", "target-duckdb")
RUN = ("run", "--no-install", *PLUGINS)
RUN_FLATTENED = ("--environment=flattened", *RUN[:2], "--refresh-catalog", *PLUGINS)
EDITS = {
    "clients": ("insert",),
    "contacts": ("edit", "edit", "edit", "insert"),
    "contracts": ("edit", "edit", "edit", "insert"),
    "client_notes": ("edit", "edit", "edit", "insert"),
    "pulses": ("insert", "insert"),
}
RENAMED_CLIENTS = (1, 2, 3)
READ = """\
SELECT stream, coalesce(records, 0) FROM clientsuccess.sync_log
WHERE run_id = (SELECT arg_max(run_id, started_at) FROM clientsuccess.sync_log)
ORDER BY stream"""
FLATTENED = OUTPUT / "demo-columns.duckdb"
NEW_FIELD = {
    "fieldId": 9001,
    "fieldKey": "seats__cs",
    "fieldLabel": "Seats",
    "fieldTypeName": "INTEGER",
}
COLUMNS = """\
SELECT column_name, data_type FROM information_schema.columns
WHERE table_name = 'clients' AND starts_with(column_name, 'custom__')"""
SEATS = """\
SELECT id, custom__seats__cs FROM flattened.clients
WHERE custom__seats__cs IS NOT NULL"""
QUERY = """\
SELECT name, status, successscore FROM clientsuccess.clients
WHERE active AND successscore IS NOT NULL ORDER BY successscore DESC LIMIT 5"""
FAREWELL = """\
The data is in output/demo.duckdb, next to Meltano's logs. To repeat a command by hand,
run `make sandbox` in another shell, paste the exports above, then those it prints.
"""


class DemoError(Exception):
    """Meltano failed, or the warehouse is not what the sandbox is."""


def main() -> int:
    """Run the demo; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        for old in OUTPUT.glob("demo*"):
            old.unlink()
        with Sandbox(seed=1) as sandbox:
            show(sandbox)
        print(FAREWELL)
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("\nStopped.", file=sys.stderr)
        return 130
    except DemoError as error:
        sys.stdout.flush()
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def show(sandbox: Sandbox) -> None:
    """Run all steps of the demo."""
    settings = {
        "TAP_CLIENTSUCCESS_BASE_URL": sandbox.base_url,
        "TAP_CLIENTSUCCESS_API_KEY": sandbox.api_key,
        "TARGET_DUCKDB_FILEPATH": str(WAREHOUSE),
        "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": "clientsuccess",
        "MELTANO_DATABASE_URI": f"sqlite:///{OUTPUT / 'demo-meltano.db'}",
    }
    print(f"The sandbox, a simulated ClientSuccess, runs at {sandbox.base_url}.\n")
    print_exports(settings)
    print()
    with step("Install the tap and a DuckDB loader with Meltano"):
        meltano(settings, "install", *PLUGINS, log="demo-install.log")
    with step("First run: read everything"):
        meltano(settings, *RUN, log="demo-run-1.log")
    compare(sandbox)

    changes = edit(sandbox)
    print(f"{len(changes)} records are now edited or added in the sandbox.\n")
    with step("Second run: read the changes"):
        meltano(settings, *RUN, log="demo-run-2.log")
    compare(sandbox, changes)
    print(
        f"All {len(changes)} changes arrived. A run starts five minutes before the\n"
        "bookmark (lookback_seconds), so it reads a few more records. Streams without\n"
        "modification times are read in full.\n"
    )
    show_columns(sandbox, settings)
    show_query()


def show_query() -> None:
    """Print a query and its result."""
    print("The clients with the highest success scores:\n")
    print("  $ .venv/bin/python")
    print("  >>> import duckdb")
    print(f"  >>> demo = duckdb.connect('{WAREHOUSE.relative_to(ROOT)}')")
    print(f'  >>> demo.sql("""{QUERY}""")\n')
    with duckdb.connect(str(WAREHOUSE), read_only=True) as warehouse:
        print(warehouse.sql(QUERY))


def show_columns(sandbox: Sandbox, settings: dict[str, str]) -> None:
    """Show custom fields as columns, then add a field to the account.

    Raises:
        DemoError: The added field did not arrive.
    """
    warehouse = {
        "TARGET_DUCKDB_FILEPATH": str(FLATTENED),
        "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": "flattened",
    }
    print("Read the clients with flattening, into another file:\n")
    print_exports(warehouse)
    meltano(settings | warehouse, *RUN_FLATTENED, log="demo-run-3.log")
    print("\nCustom fields are typed columns:\n")
    for name, column_type in query(FLATTENED, COLUMNS):
        print(f"  {name:<32} {column_type}")
    print(
        "\nkickoff_date is VARCHAR because target-duckdb 0.8.0 stores dates as text;\n"
        "the tap declares it as a date.\n"
    )
    sandbox.store.add_custom_field("CLIENT", NEW_FIELD)
    sandbox.store.edit("clients", 1, custom={"seats__cs": 250})
    meltano(settings | warehouse, *RUN_FLATTENED, log="demo-run-4.log")
    kind = dict(query(FLATTENED, COLUMNS)).get("custom__seats__cs")
    if kind != "HUGEINT" or query(FLATTENED, SEATS) != [(1, 250)]:
        raise DemoError(f"custom__seats__cs is {kind}, or is not 250 for client 1.")
    print(
        "\nA field added to the account appears after the next discovery\n"
        f"(--refresh-catalog): custom__seats__cs, {kind}, is 250 for client 1.\n"
    )


def meltano(settings: dict[str, str], *arguments: str, log: str) -> None:
    """Print a call of Meltano, and make it; stop all that it started at the end.

    Raises:
        DemoError: It did not end well; the message has the end of its log.
    """
    print(f"  $ {MELTANO.relative_to(ROOT)} {shlex.join(arguments)}", flush=True)
    path = OUTPUT / log
    with (
        path.open("wb") as output,
        subprocess.Popen(
            [MELTANO, f"--env-file={os.devnull}", *arguments],
            cwd=ROOT,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            status = process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGTERM)
    if status:
        last = "\n".join(path.read_text(errors="replace").splitlines()[-15:])
        raise DemoError(f"{last}\n\nMeltano failed; its logs are in output/.")


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Return an environment with these settings, and without a developer's own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    no_proxy = kept.get("no_proxy") or kept.get("NO_PROXY")
    return {
        **kept,
        "no_proxy": ",".join(filter(None, [no_proxy, "127.0.0.1"])),
        "NO_COLOR": "1",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        **settings,
    }


def print_exports(settings: dict[str, str]) -> None:
    """Print settings as a shell takes them, so that a run can be repeated."""
    for name, value in settings.items():
        print(f"  $ export {name}={shlex.quote(value)}")


@contextlib.contextmanager
def step(what: str) -> t.Iterator[None]:
    """Print a step and how long it took."""
    print(f"{what}:\n", flush=True)
    began = time.monotonic()
    yield
    print(f"\nDone in {time.monotonic() - began:.1f} s.\n")


def edit(sandbox: Sandbox) -> list[Change]:
    """Edit and insert a few records of several kinds."""
    for number in RENAMED_CLIENTS:
        name = (sandbox.store.get("clients", number) or {})["name"]
        sandbox.store.edit("clients", number, name=f"{name.rpartition(' ')[0]} Group")
    renamed = [Change("clients", "edit", number) for number in RENAMED_CLIENTS]
    return renamed + [
        change
        for kind, operations in EDITS.items()
        for operation in operations
        for change in sandbox.store.random_edits(kind, operations=(operation,))
    ]


def compare(sandbox: Sandbox, changes: t.Sequence[Change] = ()) -> None:
    """Print what the last run read and what is in the warehouse.

    Raises:
        DemoError: The warehouse and the sandbox differ.
    """
    has = records_in(sandbox)
    read = dict(query(WAREHOUSE, READ))
    changed = Counter(change.kind for change in changes)
    head = ("stream", "changed", "read", "sandbox", "DuckDB")
    table: list[tuple[t.Any, ...]] = [head]
    for stream, count in read.items():
        ((rows,),) = query(WAREHOUSE, f"SELECT count(*) FROM clientsuccess.{stream}")  # noqa: S608
        table.append((stream, changed[stream], count, len(has[stream]), rows))
    for stream, change, *sizes in table:
        cells = [change, *sizes] if changes else sizes
        print(f"  {stream:<16}", *(f"{cell:>8}" for cell in cells))
    print()
    if unread := has.keys() - read.keys():
        raise DemoError(f"Not read: {', '.join(sorted(unread))}.")
    for stream, _, _, records, rows in table[1:]:
        if records != rows:
            told = f"the sandbox has {records} records, DuckDB {rows} rows."
            raise DemoError(f"{stream}: {told}")
    for kind, operation, number in changes:
        text = KINDS[kind].text
        sql = f'SELECT "{text}" FROM clientsuccess.{kind} WHERE id = {number}'  # noqa: S608
        if query(WAREHOUSE, sql) != [((sandbox.store.get(kind, number) or {})[text],)]:
            raise DemoError(f"{kind}: the {operation} of {number} did not arrive.")


def query(warehouse_file: Path, sql: str) -> list[tuple[t.Any, ...]]:
    """Query a warehouse of the demo."""
    with duckdb.connect(str(warehouse_file), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


if __name__ == "__main__":
    sys.exit(main())
