"""Run the tap into real targets, compare what arrived, and write docs/targets.md.

Each target has an environment of its own, `.venv-targets/<name>`, with locked packages.
The tap reads a sandbox with odd values, not flattened and flattened; each target loads
that, and a second run after some edits. Then every value in the target is compared with
what the tap sent.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import typing as t
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path

import msgspec
from target_kinds import ROOT, TARGETS, SkippedError, Target, fold, install

from clientsuccess_sandbox import Mutate, Sandbox

PAGE = ROOT / "docs" / "targets.md"
MARKS = re.compile(r"(?<=<!-- make targets -->\n).*(?=<!-- end -->)", re.DOTALL)
SHOWN = 4
ARRIVES = ("Version", "Not flattened", "Flattened by the tap", "By the target")
BETWEEN = "The types in which the target stores values, and what it does with deletes:"
STORED = ("Decimals", "Date-times", "Dates", "Lists", "Deletes", "Settings")
FLATTENING: dict[str, dict[str, t.Any]] = {
    "none": {},
    "tap": {"flattening_enabled": True, "flattening_max_depth": 2},
    "target": {},
}
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
Records = dict[str, dict[str, dict[str, t.Any]]]


class StoppedError(Exception):
    """A target stopped; the message has the last error of its log."""


class Run(t.NamedTuple):
    """What the tap wrote, as a file, and the records in it by stream and key."""

    messages: Path
    records: Records
    rows: dict[str, int]
    state: t.Any


def main() -> int:
    """Load all targets, or those that are named; write the page if all were."""
    named = sys.argv[1:]
    wanted = [each for each in TARGETS if not named or each.name in named]
    rows = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for target in wanted:
            rows.append(load(target, Path(folder), stack))
            print(*rows[-1], sep="\n    ", flush=True)
    if len(wanted) == len(TARGETS):
        text = tables(rows)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(MARKS.sub(lambda _: f"\n{text}\n", page), encoding="utf-8")
    return 0


def tables(rows: list[list[str]]) -> str:
    """Write two tables, as one is too wide to read: what arrives, and as what."""
    split = 1 + len(ARRIVES)
    arrives = [("Target", *ARRIVES), *(row[:split] for row in rows)]
    stored = [("Target", *STORED), *([row[0], *row[split:]] for row in rows)]
    return f"{table(arrives)}\n{BETWEEN}\n\n{table(stored)}"


def table(rows: t.Sequence[t.Sequence[str]]) -> str:
    """Write a Markdown table; the first row is its head."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


@lru_cache
def tap_runs(folder: Path, mode: str, without: str) -> list[Run]:
    """Run the tap twice, with edits in between."""
    fields = ATTEMPTS[without]
    folder = Path(tempfile.mkdtemp(dir=folder))
    with Sandbox(seed=1, clients=40) as sandbox:
        for number, (key, (kind, _)) in enumerate(fields.items(), start=9900):
            names = {"fieldId": number, "fieldKey": key, "fieldTypeName": kind}
            sandbox.store.add_custom_field("CLIENT", names)
        odd = {key: value for key, (_, value) in fields.items()}
        sandbox.store.edit("clients", 1, custom=odd, name="NUL \0, 金融")
        half = msgspec.Raw(rb'"half a \ud800 pair"')
        sandbox.faults.add(Mutate("/client/search", record=3, values={"city": half}))
        config = {"base_url": sandbox.base_url, "api_key": sandbox.api_key}
        config |= FLATTENING[mode]
        first = tap_run(folder, "1", config, {})
        for kind in ("clients", "contacts"):
            sandbox.store.edit(kind, 7, externalId="changed")
            sandbox.store.insert(kind)
        return [first, tap_run(folder, "2", config, first.state)]


def tap_run(folder: Path, name: str, config: dict[str, t.Any], state: t.Any) -> Run:
    """Run the tap once."""
    files = {"config": config, "state": state}
    options: list[str] = []
    for kind, content in files.items():
        path = folder / f"{name}-{kind}.json"
        path.write_text(json.dumps(content))
        options += [f"--{kind}", str(path)]
    messages = folder / f"{name}.jsonl"
    with messages.open("wb") as output, (folder / f"{name}.log").open("wb") as log:
        command = [str(Path(sys.executable).parent / "tap-clientsuccess"), *options]
        subprocess.run(command, stdout=output, stderr=log, check=True)
    records: Records = {}
    keys: dict[str, list[str]] = {}
    rows: dict[str, int] = {}
    for line in messages.open(encoding="utf-8"):
        message = json.loads(line, parse_float=Decimal)
        match message["type"]:
            case "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            case "RECORD":
                stream, record = message["stream"], message["record"]
                key = key_of(record, keys[stream])
                records.setdefault(stream, {})[key] = record
                rows[stream] = rows.get(stream, 0) + 1
            case "STATE":
                state = message["value"]
    return Run(messages, records, rows, state)


def key_of(record: dict[str, t.Any], names: t.Iterable[str]) -> str:
    """Return the primary key as text."""
    return "/".join(str(record[name]) for name in names)


def load(target: Target, folder: Path, stack: ExitStack) -> list[str]:
    """Load a target in each way of flattening; return its row of both tables."""
    types = dict.fromkeys(TYPES, "")
    cells = []
    deletes = ""
    try:
        version = install(target)
        deletes = what_deletes_do(target, folder, stack)
        for mode in FLATTENING:
            if mode == "target" and not target.flattening:
                cells.append("cannot")
                continue
            cell, place, config = first_that_loads(target, mode, folder, stack)
            cells.append(cell)
            for kind, (wanted, *column) in TYPES.items():
                if wanted == mode and not cell.startswith("stops"):
                    types[kind] = target.type_of(place, config, *column)
    except SkippedError as skipped:
        version, cells = "", [f"not run: {skipped}", "", ""]
    return [target.title, version, *cells, *types.values(), deletes, target.settings]


def first_that_loads(
    target: Target, mode: str, folder: Path, stack: ExitStack
) -> tuple[str, Path, dict[str, t.Any]]:
    """Load with less and less that is odd, until the target does not stop.

    Returns:
        The cell of the table, and where the target has what it loaded.
    """
    stopped: list[str] = []
    for number, without in enumerate(ATTEMPTS):
        place = folder / f"{target.name}_{mode}_{number}"
        place.mkdir()
        config = target.prepare(place, stack)
        config |= target.flattening if mode == "target" else {}
        runs = tap_runs(folder, "tap" if mode == "tap" else "none", without)
        try:
            result = load_twice(target, runs, config, place)
        except StoppedError as error:
            stopped.append(f"`{error}`")
            continue
        if without:
            result = f"without {without}: {result}; otherwise it stops: {stopped[0]}"
        return result, place, config
    return f"stops: {stopped[-1]}", place, config


def load_twice(
    target: Target, runs: list[Run], config: dict[str, t.Any], place: Path
) -> str:
    """Load both runs and compare; return what the table says of it."""
    expected: Records = {}
    sent: dict[str, int] = {}
    for number, run in enumerate(runs, start=1):
        output = load_run(target, run, config, place, number)
        for stream, records in run.records.items():
            expected.setdefault(stream, {}).update(records)
            sent[stream] = sent.get(stream, 0) + run.rows[stream]
        states = output.splitlines()
        if not states or json.loads(states[-1]) != run.state:
            return "emits another state than the tap's"
    found = {stream: target.rows(place, config, stream) for stream in expected}
    problems = list(differences(expected, sent, found, appends=target.appends))
    return "; ".join(problems) if problems else "all arrives"


def load_run(
    target: Target, run: Run, config: dict[str, t.Any], place: Path, number: int
) -> bytes:
    """Load a run; return what the target prints.

    Raises:
        StoppedError: The target failed.
    """
    path, log = place / "config.json", place / f"{number}.log"
    path.write_text(json.dumps(config))
    with run.messages.open("rb") as messages, log.open("wb") as errors:
        done = subprocess.run(
            [target.program, "--config", path],
            stdin=messages,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=place,
            check=False,
        )
    if done.returncode:
        raise StoppedError(last_error(log))
    return done.stdout


def what_deletes_do(target: Target, folder: Path, stack: ExitStack) -> str:
    """Load a full read, and one after two deletes; return what becomes of the rows."""
    first, second = full_reads(folder)
    gone = first.records["clients"].keys() - second.records["clients"].keys()
    outcomes: dict[str, str] = {}
    for name, settings in {"": {}, "hard_delete": target.hard_delete}.items():
        if name and not settings:
            continue
        place = folder / f"{target.name}_deletes_{name or 'usual'}"
        place.mkdir()
        config = target.prepare(place, stack) | settings
        try:
            for number, run in enumerate((first, second), start=1):
                load_run(target, run, config, place, number)
        except StoppedError as error:
            outcomes[name] = f"stops: `{error}`"
            continue
        found = target.rows(place, config, "clients")
        rows = {str(row["id"]): row for row in found}
        if lost := second.records["clients"].keys() - rows.keys():
            outcomes[name] = f"deletes {len(lost)} rows that are there"
        elif not rows.keys() & gone:
            outcomes[name] = "deleted"
        elif all(rows[key].get("_sdc_deleted_at") for key in gone):
            outcomes[name] = "marked (`_sdc_deleted_at`)"
        else:
            outcomes[name] = "kept"
    usual, hard = outcomes[""], outcomes.get("hard_delete", outcomes[""])
    return usual if usual == hard else f"{usual}; with `hard_delete`: {hard}"


@lru_cache
def full_reads(folder: Path) -> list[Run]:
    """Read everything twice, with versions, with two deletes in between."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    with Sandbox(seed=1, clients=10) as sandbox:
        config = {
            "base_url": sandbox.base_url,
            "api_key": sandbox.api_key,
            "emit_activate_version_messages": True,
            "full_read_interval_days": {"*": 0},
        }
        first = tap_run(folder, "1", config, {})
        for client in (3, 7):
            sandbox.store.delete("clients", client)
        time.sleep(1)  # A version is a second.
        return [first, tap_run(folder, "2", config, first.state)]


def last_error(log: Path) -> str:
    """Return the line of a log that says most about why a target stopped."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    text = re.sub(r"\s+", " ", (errors or lines or ["no message"])[-1])
    return text[:120].replace("|", "\\|").replace("`", "'")


def differences(
    expected: Records,
    sent: dict[str, int],
    found: dict[str, list[dict[str, t.Any]]],
    *,
    appends: bool,
) -> t.Iterator[str]:
    """Tell what did not arrive, or differs."""
    names = {"custom_fields": ("resourceType", "fieldId")}
    lost: dict[str, int] = {}
    for stream, records in expected.items():
        key_names = [fold(name) for name in names.get(stream, ("id",))]
        rows = {}
        for row in found[stream]:
            folded = {fold(name): value for name, value in row.items()}
            # The last row of a key counts, where all are appended.
            rows[key_of(folded, key_names)] = folded
        count = sent[stream] if appends else len(records)
        if len(found[stream]) != count:
            yield f"{stream}: {len(found[stream])} rows of {count}"
        for key in sorted(records.keys() & rows.keys()):
            for name in unequal(records[key], rows[key]):
                lost[f"{stream}.{name}"] = lost.get(f"{stream}.{name}", 0) + 1
    if lost:
        shown = ", ".join(f"`{name}`" for name in list(lost)[:SHOWN])
        rest = len(lost) - SHOWN
        more = f" and {rest} more columns" if rest > 0 else ""
        count = sum(lost.values())
        yield f"{count} value{'s differ' if count > 1 else ' differs'}: {shown}{more}"


def unequal(
    record: dict[str, t.Any], row: dict[str, t.Any], within: str = ""
) -> t.Iterator[str]:
    """Yield the fields of which the target has another value."""
    for name, value in record.items():
        column = fold(f"{within}{name}")
        if column in row:
            yield from unequal_values(value, row[column], f"{within}{name}")
        elif isinstance(value, dict):
            yield from unequal(value, row, f"{within}{name}__")
        elif value is not None:
            yield f"{within}{name}"


def unequal_values(sent: t.Any, found: t.Any, name: str) -> t.Iterator[str]:
    """Yield the name of a value that differs, or of its members that do."""
    one, other = canonical(sent), canonical(found)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from unequal_values(one.get(key), other.get(key), f"{name}.{key}")
    elif one != other:
        yield name


def canonical(value: t.Any) -> t.Any:
    """Return a value such that equal ones compare equal, of whatever types."""
    if isinstance(value, dict):
        kept = {key: canonical(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, (int, float)):
        return Decimal(str(int(value) if isinstance(value, bool) else value))
    return canonical_text(value) if isinstance(value, str) else value


def canonical_text(text: str) -> t.Any:
    """Return what a text stands for, where it is the text of something else."""
    if text in {"", "True", "False", "true", "false"}:
        return Decimal(text.lower() == "true") if text else None
    for parse in (Decimal, parse_time, parse_json):
        try:
            return parse(text)
        except (ValueError, InvalidOperation, OverflowError):
            continue
    return text


def parse_time(text: str) -> datetime:
    """Parse a time."""
    time: datetime = canonical(datetime.fromisoformat(text))
    return time


def parse_json(text: str) -> t.Any:
    """Parse an object or a list."""
    if text[:1] not in {"{", "["}:
        raise ValueError
    return canonical(json.loads(text, parse_float=Decimal))


if __name__ == "__main__":
    sys.exit(main())
