"""Run the tap into real targets, compare, and write their rows of docs/targets.md.

Each target has an environment of its own, `.venv-target-<name>`, with locked packages.
The tap reads a sandbox with odd values, not flattened and flattened; each target loads
that, and a second run after some edits. Then every value in the target is compared with
what the tap sent.
"""

from __future__ import annotations

import re
import sys
import tempfile
import typing as t
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import page
from commands import ROOT, Messages, Row, SkippedError, read_twice
from comparison import by_key, differences
from known_targets import TARGETS
from target import Config, StoppedError, Target

from clientsuccess_sandbox import Mutate, Sandbox
from clientsuccess_sandbox.store import Store

PAGE = ROOT / "docs" / "targets.md"
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
TYPES = (
    ("none", "contracts", "total"),
    ("none", "clients", "modifiedTime"),
    ("tap", "clients", "custom__last_day__cs"),
    ("none", "contacts", "badges"),
)
"""Columns whose types are told: who flattened, the stream, and the column."""


def main() -> None:
    """Load all targets, or those that are named; a row that is not seen stays."""
    named = sys.argv[1:] or TARGETS
    with tempfile.TemporaryDirectory() as folder:
        for target in (each for name, each in TARGETS.items() if name in named):
            try:
                arrives, stored = rows_of(target, Path(folder))
            except SkippedError as skipped:
                print(f"{target.title}\n    not run: {skipped}", flush=True)
                continue
            print(target.title, *arrives, *stored, sep="\n    ", flush=True)
            text = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(
                with_rows(text, target.title, arrives, stored), encoding="utf-8"
            )


def with_rows(text: str, title: str, *rows: list[str]) -> str:
    """Return a page with other rows of a target, one for each table that has it."""
    found = re.compile(rf"^\| {re.escape(title)} \|.*$", re.MULTILINE)
    new = iter(rows)
    return found.sub(lambda _: page.row([title, *next(new)]), text)


def rows_of(target: Target, folder: Path) -> tuple[list[str], list[str]]:
    """Load a target in each way of flattening.

    Returns:
        Its rows of two tables, as one is too wide to read: what arrives, and as what.

    Raises:
        SkippedError: It cannot be run here.
    """
    loaded: dict[str, Path] = {}
    version, deletes = target.install(), what_deletes_do(target, folder)
    cells = [what_arrives(target, mode, folder, loaded) for mode in MODES]
    types = [
        target.type_of(loaded[mode], *column) if mode in loaded else ""
        for mode, *column in TYPES
    ]
    return [version, *cells], [*types, deletes, target.settings]


def what_arrives(
    target: Target, mode: str, folder: Path, loaded: dict[str, Path]
) -> str:
    """Load with less and less that is odd, until the target does not stop.

    Args:
        target: What loads.
        mode: Who flattens.
        folder: Where all targets load.
        loaded: Gets, by mode, where the target has what it loaded.
    """
    if mode == "target" and not target.flattening:
        return "cannot"
    stopped: list[str] = []
    for number, without in enumerate(ATTEMPTS):
        place = folder / f"{target.name}_{mode}_{number}"
        config = target.prepare(place)
        config |= target.flattening if mode == "target" else {}
        try:
            runs = odd_reads(folder, without, by_tap=mode == "tap")
            result = load_twice(target, runs, config, place)
        except StoppedError as error:
            stopped.append(f"`{error}`")
            continue
        loaded[mode] = place
        if without:
            return f"without {without}: {result}; otherwise it stops: {stopped[0]}"
        return result
    return f"stops: {stopped[-1]}"


@cache
def odd_reads(folder: Path, without: str, *, by_tap: bool) -> list[Messages]:
    """Read what is odd, and again after edits and inserts."""
    fields = ATTEMPTS[without]
    config = {"flattening_enabled": True, "flattening_max_depth": 2} if by_tap else {}
    with Sandbox(seed=1, clients=40) as sandbox:
        for number, (key, (kind, _)) in enumerate(fields.items(), start=9900):
            names = {"fieldId": number, "fieldKey": key, "fieldTypeName": kind}
            sandbox.store.add_custom_field("CLIENT", names)
        odd = {key: value for key, (_, value) in fields.items()}
        sandbox.store.edit("clients", 1, custom=odd, name="NUL \0, 金融")
        half = msgspec.Raw(rb'"half a \ud800 pair"')
        sandbox.faults.add(Mutate("/client/search", record=3, values={"city": half}))
        return read_twice(sandbox, change, folder, **config)


def change(store: Store) -> None:
    """Edit and insert a client and a contact."""
    for kind in ("clients", "contacts"):
        store.edit(kind, 7, externalId="changed")
        store.insert(kind)


def load_twice(
    target: Target, runs: list[Messages], config: Config, place: Path
) -> str:
    """Load both runs and compare; return what the table says of it."""
    sent: dict[str, list[Row]] = {}
    for run in runs:
        if target.load(place, config, run.path) != run.state:
            return "emits another state than the tap's"
        for stream, records in run.records.items():
            sent[stream] = sent.get(stream, []) + records
    found = {stream: target.rows(place, stream) for stream in sent}
    problems = differences(sent, found, runs[0].keys, appends=target.appends)
    return "; ".join(problems) or "all arrives"


def what_deletes_do(target: Target, folder: Path) -> str:
    """Load a full read, and one after two deletes; return what becomes of the rows."""
    outcomes = []
    ways: list[Config] = [{}, target.hard_delete] if target.hard_delete else [{}]
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
        target.load(place, config, run.path)
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
    config: dict[str, t.Any] = {
        "emit_activate_version_messages": True,
        "full_read_interval_days": {"*": 0},
    }
    with Sandbox(seed=1, clients=10) as sandbox:
        return read_twice(sandbox, delete_two, folder, **config)


def delete_two(store: Store) -> None:
    """Delete two clients."""
    for client in (3, 7):
        store.delete("clients", client)


if __name__ == "__main__":
    main()
