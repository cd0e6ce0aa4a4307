"""Run the tap into real targets, compare what arrived, and write docs/targets.md.

Each target has an environment of its own, `.venv-target-<name>`, with locked packages.
The tap reads a sandbox with odd values, not flattened and flattened; each target loads
that, and a second run after some edits. Then every value in the target is compared with
what the tap sent.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
import typing as t
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
from commands import ROOT, Messages, Row, SkippedError, run_tap
from comparison import by_key, differences
from known_targets import TARGETS
from target import Config, StoppedError, Target

from clientsuccess_sandbox import Mutate, Sandbox

PAGE = ROOT / "docs" / "targets.md"
MARKS = re.compile(r"(?<=<!-- make targets -->\n).*(?=<!-- end -->)", re.DOTALL)
ARRIVES = ("Version", "Not flattened", "Flattened by the tap", "By the target")
BETWEEN = "The types in which the target stores values, and what it does with deletes:"
STORED = ("Decimals", "Date-times", "Dates", "Lists", "Deletes", "Settings")
MODES = ("none", "tap", "target")
"""Who flattens."""
ODD = {
    "precise__cs": ("DECIMAL", Decimal("1234567890123456789.0123456789")),
    "far__cs": ("DATETIME", "9999-12-31T23:59:59Z"),
    "last_day__cs": ("DATE", "9999-12-31"),
    "tags__cs": ("MULTI_PICKLIST", ["ä, b", 'c"d']),
}
HUGE = {"huge__cs": ("INTEGER", 2**70 - 1)}
KEYS = {
    'say "hi" 100%__cs': ("STRING", "quotes"),
    "Twin__cs": ("STRING", "upper"),
    "twin__cs": ("STRING", "lower"),
    "long_" * 14 + "_cs": ("STRING", "long"),
}
ATTEMPTS = {
    "": ODD | HUGE | KEYS,
    "the 70-bit integer": ODD | KEYS,
    "the odd keys": ODD | HUGE,
    "the 70-bit integer and the odd keys": ODD,
}
"""What is left out, and the custom fields that stay. The first that loads counts."""
TYPES = {
    "decimal": ("none", "contracts", "total"),
    "date-time": ("none", "clients", "modifiedTime"),
    "date": ("tap", "clients", "custom__last_day__cs"),
    "list": ("none", "contacts", "badges"),
}


def main() -> int:
    """Load all targets, or those that are named; write the page if all were."""
    named = sys.argv[1:]
    wanted = [each for each in TARGETS if not named or each.name in named]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for target in wanted:
            rows.append(row_of(target, Path(folder)))
            print(*rows[-1], sep="\n    ", flush=True)
    if len(wanted) == len(TARGETS):
        text = f"\n{tables(rows)}\n"
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(MARKS.sub(lambda _: text, page), encoding="utf-8")
    return 0


def tables(rows: list[list[str]]) -> str:
    """Write two tables, as one is too wide to read: what arrives, and as what."""
    split = 1 + len(ARRIVES)
    arrives = table(ARRIVES, [row[:split] for row in rows])
    stored = table(STORED, [[row[0], *row[split:]] for row in rows])
    return f"{arrives}\n{BETWEEN}\n\n{stored}"


def table(columns: t.Sequence[str], rows: list[list[str]]) -> str:
    """Write a Markdown table with a row for each target."""
    lines = [["Target", *columns], ["---"] * (1 + len(columns)), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def row_of(target: Target, folder: Path) -> list[str]:
    """Load a target in each way of flattening; return its row of both tables."""
    types = dict.fromkeys(TYPES, "")
    cells = []
    deletes = ""
    try:
        version = target.install()
        deletes = what_deletes_do(target, folder)
        for mode in MODES:
            if mode == "target" and not target.flattening:
                cells.append("cannot")
                continue
            cell, place = first_that_loads(target, mode, folder)
            cells.append(cell)
            for kind, (wanted, *column) in TYPES.items():
                if wanted == mode and place:
                    types[kind] = target.type_of(place, *column)
    except SkippedError as skipped:
        version, cells = "", [f"not run: {skipped}", "", ""]
    return [target.title, version, *cells, *types.values(), deletes, target.settings]


def first_that_loads(
    target: Target, mode: str, folder: Path
) -> tuple[str, Path | None]:
    """Load with less and less that is odd, until the target does not stop.

    Returns:
        The cell of the table, and where the target has what it loaded, if it did.
    """
    stopped: list[str] = []
    for number, without in enumerate(ATTEMPTS):
        place = folder / f"{target.name}_{mode}_{number}"
        config = target.prepare(place)
        config |= target.flattening if mode == "target" else {}
        try:
            runs = tap_runs(folder, without, by_tap=mode == "tap")
            result = load_twice(target, runs, config, place)
        except StoppedError as error:
            stopped.append(f"`{error}`")
            continue
        if without:
            result = f"without {without}: {result}; otherwise it stops: {stopped[0]}"
        return result, place
    return f"stops: {stopped[-1]}", None


@cache
def tap_runs(folder: Path, without: str, *, by_tap: bool) -> list[Messages]:
    """Run the tap twice, with edits in between."""
    fields = ATTEMPTS[without]
    config = {"flattening_enabled": True, "flattening_max_depth": 2} if by_tap else {}
    folder = Path(tempfile.mkdtemp(dir=folder))
    with Sandbox(seed=1, clients=40) as sandbox:
        for number, (key, (kind, _)) in enumerate(fields.items(), start=9900):
            names = {"fieldId": number, "fieldKey": key, "fieldTypeName": kind}
            sandbox.store.add_custom_field("CLIENT", names)
        odd = {key: value for key, (_, value) in fields.items()}
        sandbox.store.edit("clients", 1, custom=odd, name="NUL \0, 金融")
        half = msgspec.Raw(rb'"half a \ud800 pair"')
        sandbox.faults.add(Mutate("/client/search", record=3, values={"city": half}))
        first = run_tap(folder / "1.jsonl", sandbox, **config)
        for kind in ("clients", "contacts"):
            sandbox.store.edit(kind, 7, externalId="changed")
            sandbox.store.insert(kind)
        return [first, run_tap(folder / "2.jsonl", sandbox, first.state, **config)]


def load_twice(
    target: Target, runs: list[Messages], config: Config, place: Path
) -> str:
    """Load both runs and compare; return what the table says of it."""
    sent: dict[str, list[Row]] = {}
    for run in runs:
        states = target.load(place, config, run).splitlines()
        if not states or json.loads(states[-1]) != run.state:
            return "emits another state than the tap's"
        for stream, records in run.records.items():
            sent[stream] = sent.get(stream, []) + records
    found = {stream: target.rows(place, stream) for stream in sent}
    problems = differences(sent, found, runs[0].keys, appends=target.appends)
    return "; ".join(problems) or "all arrives"


def what_deletes_do(target: Target, folder: Path) -> str:
    """Load a full read, and one after two deletes; return what becomes of the rows."""
    outcomes = []
    ways = [{}, target.hard_delete] if target.hard_delete else [{}]
    for number, settings in enumerate(ways):
        place = folder / f"{target.name}_deletes_{number}"
        config = target.prepare(place) | settings
        try:
            outcomes.append(what_it_does(target, full_reads(folder), config, place))
        except StoppedError as error:
            outcomes.append(f"stops: `{error}`")
    usual, hard = outcomes[0], outcomes[-1]
    return usual if usual == hard else f"{usual}; with `hard_delete`: {hard}"


def what_it_does(
    target: Target, runs: list[Messages], config: Config, place: Path
) -> str:
    """Load both reads; return what becomes of the rows that are not in the second."""
    for run in runs:
        target.load(place, config, run)
    before, now = (by_key(run.records["clients"], ["id"]).keys() for run in runs)
    rows = by_key(target.rows(place, "clients"), ["id"])
    if lost := now - rows.keys():
        return f"deletes {len(lost)} rows that are there"
    if not rows.keys() & (before - now):
        return "deleted"
    marked = all(rows[key].get("_sdc_deleted_at") for key in before - now)
    return "marked (`_sdc_deleted_at`)" if marked else "kept"


@cache
def full_reads(folder: Path) -> list[Messages]:
    """Read everything twice, with versions, with two deletes in between."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    config: dict[str, t.Any] = {
        "emit_activate_version_messages": True,
        "full_read_interval_days": {"*": 0},
    }
    with Sandbox(seed=1, clients=10) as sandbox:
        first = run_tap(folder / "1.jsonl", sandbox, **config)
        for client in (3, 7):
            sandbox.store.delete("clients", client)
        time.sleep(1)  # A version is a second.
        return [first, run_tap(folder / "2.jsonl", sandbox, first.state, **config)]


if __name__ == "__main__":
    sys.exit(main())
