"""The demo: sandbox, Meltano, DuckDB; two runs with edits in between.

It starts from scratch and leaves nothing running. Exit code 1 if a count is wrong.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
import typing as t

import duckdb
from columns import OUTPUT, PLUGINS, DemoError, query, show_columns
from commands import ROOT
from meltano_runs import Meltano, MeltanoError

from clientsuccess_sandbox import Sandbox
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.data.custom_fields import RESOURCES
from clientsuccess_sandbox.store import Change

if t.TYPE_CHECKING:
    from collections import Counter

WAREHOUSE = OUTPUT / "demo.duckdb"
SCHEMA = "clientsuccess"
EDITS = {
    "clients": ("insert",),
    "contacts": ("edit", "edit", "edit", "insert"),
    "contracts": ("edit", "edit", "edit", "insert"),
    "client_notes": ("edit", "edit", "edit", "insert"),
    "pulses": ("insert", "insert"),
}
RENAMED_CLIENTS = (1, 2, 3)
QUERY = """\
SELECT name, status, successscore FROM clientsuccess.clients
WHERE active AND successscore IS NOT NULL ORDER BY successscore DESC LIMIT 5"""
FAREWELL = """\
The data is in output/demo.duckdb, next to Meltano's logs. To repeat a command by hand,
run `make sandbox` in another shell, paste the exports above, then those it prints.
"""


def main() -> int:
    """Run the demo; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    status, reason = 0, ""
    try:
        for old in OUTPUT.glob("demo*"):
            old.unlink()
        with Sandbox(seed=1) as sandbox:
            show(sandbox)
    except KeyboardInterrupt:
        status, reason = 130, "Stopped."
    except MeltanoError as error:
        status, reason = 1, f"{error}\n\nMeltano failed; its logs are in output/."
    except DemoError as error:
        status, reason = 1, str(error)
    if reason:
        sys.stdout.flush()
        print(f"\n{reason}", file=sys.stderr)
    return status


def show(sandbox: Sandbox) -> None:
    """Run all steps of the demo."""
    meltano = Meltano(
        {
            "TAP_CLIENTSUCCESS_BASE_URL": sandbox.base_url,
            "TAP_CLIENTSUCCESS_API_KEY": sandbox.api_key,
            "TARGET_DUCKDB_FILEPATH": str(WAREHOUSE),
            "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": SCHEMA,
            "MELTANO_DATABASE_URI": f"sqlite:///{OUTPUT / 'demo-meltano.db'}",
        }
    )
    print(f"The sandbox, a simulated ClientSuccess, runs at {sandbox.base_url}.\n")
    meltano.print_exports()
    print()
    with step("Install the tap and a DuckDB loader with Meltano"):
        meltano.call("install", *PLUGINS, log=OUTPUT / "demo-install.log")
    run = ("run", "--no-install", *PLUGINS)
    with step("First run: read everything"):
        read = meltano.call(*run, log=OUTPUT / "demo-run-1.log")
    compare(sandbox, read)

    changes = edit(sandbox)
    print(f"{len(changes)} records are now edited or added in the sandbox.\n")
    with step("Second run: read the changes"):
        read = meltano.call(*run, log=OUTPUT / "demo-run-2.log")
    compare(sandbox, read, changes)
    print(
        f"All {len(changes)} changes arrived. A run starts five minutes before the\n"
        "bookmark (lookback_seconds), so it reads a few more records. Streams without\n"
        "modification times are read in full.\n"
    )
    show_columns(sandbox, meltano)
    show_query()
    print(FAREWELL)


def show_query() -> None:
    """Print a query and its result."""
    print("The clients with the highest success scores:\n")
    print("  $ .venv/bin/python")
    print("  >>> import duckdb")
    print(f"  >>> demo = duckdb.connect('{WAREHOUSE.relative_to(ROOT)}')")
    print(f'  >>> demo.sql("""{QUERY}""")\n')
    with duckdb.connect(str(WAREHOUSE), read_only=True) as warehouse:
        print(warehouse.sql(QUERY))


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


def compare(
    sandbox: Sandbox, read: Counter[str], changes: t.Sequence[Change] = ()
) -> None:
    """Print what was read and what is in the warehouse.

    Raises:
        DemoError: The warehouse and the sandbox differ.
    """
    expected = records_in(sandbox)
    rows = {stream: rows_in(stream) for stream in read}
    changed = [change.kind for change in changes]
    table: list[tuple[object, ...]] = [
        ("stream", "changed", "read", "sandbox", "DuckDB"),
        *(
            (each, changed.count(each), read[each], expected.get(each, "?"), rows[each])
            for each in sorted(read)
        ),
    ]
    for stream, change, *sizes in table:
        cells = [change, *sizes] if changes else sizes
        print(f"  {stream:<16}", *(f"{cell:>8}" for cell in cells))
    print()
    if unread := EDITS.keys() - rows.keys():
        raise DemoError(f"Not read: {', '.join(sorted(unread))}.")
    for stream in expected.keys() & rows.keys():
        if expected[stream] != rows[stream]:
            raise DemoError(
                f"{stream}: the sandbox has {expected[stream]} records, "
                f"DuckDB {rows[stream]} rows."
            )
    for kind, operation, number in changes:
        text = KINDS[kind].text
        record = sandbox.store.get(kind, number) or {}
        sql = f'SELECT "{text}" FROM {SCHEMA}.{kind} WHERE id = {number}'  # noqa: S608
        if query(WAREHOUSE, sql) != [(record[text],)]:
            raise DemoError(f"{kind}: the {operation} of {number} did not arrive.")


def records_in(sandbox: Sandbox) -> dict[str, int]:
    """Return how many records the sandbox has for each stream."""
    store = sandbox.store
    counts = {kind: store.count(kind) for kind in KINDS}
    fields = set(RESOURCES) - sandbox.missing_custom_fields.keys()
    return counts | {
        "client_details": counts["clients"],
        "contact_details": counts["contacts"],
        "custom_fields": sum(len(store.definitions(kind)) for kind in fields),
    }


def rows_in(stream: str) -> int:
    """Count the rows of a stream's table; 0 without a table."""
    try:
        ((count,),) = query(WAREHOUSE, f"SELECT count(*) FROM {SCHEMA}.{stream}")  # noqa: S608
    except duckdb.CatalogException:
        return 0
    return int(count)


if __name__ == "__main__":
    sys.exit(main())
