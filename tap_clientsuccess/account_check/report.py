"""The report in Markdown, for people and issues, and in JSON, for machines."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict, fields

from tap_clientsuccess.account_check.facts import Report, StreamFacts

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_clientsuccess.account_check.facts import PlanRow

_UNKNOWN = "cannot tell"


def as_json(report: Report) -> str:
    """Write the report as JSON; the sandbox reads it with `--like`."""
    return json.dumps(asdict(report), indent=2)


def as_markdown(report: Report) -> str:
    """Write the report as Markdown."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    result = "; ".join(report.reasons) or "everything that a sync needs answers"
    yield f"# Account check: {result}"
    yield ""
    yield (
        f"tap-clientsuccess {report.version}, {report.base}, {report.requests} "
        f"requests in {report.minutes:g} minutes. No value of a record is in it."
    )
    yield from _section("Settings to use", _settings(report))
    yield from _section("Differs from what is known", _differs(report.differs))
    yield from _section("Health, key, limits", _access(report))
    yield from _section("Streams", _table(_STREAMS, report.streams))
    searches = [each for each in report.streams if each.future_is_empty is not None]
    yield from _section("Searches", _table(_SEARCHES, searches))
    yield from _section("API v1", _table(_V1, report.v1))
    yield from _section("Fields", _fields([*report.streams, *report.v1]))
    yield from _section("Custom fields", _custom_fields(report))
    yield from _section("Plan", _plan(report.plan))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    if found := [*lines]:
        yield from ("", f"## {title}", "", *found)


def _settings(report: Report) -> Iterator[str]:
    if report.settings:
        yield from ("```json", json.dumps(report.settings, indent=2), "```")


def _differs(differs: Sequence[str]) -> Iterator[str]:
    if differs:
        yield from (f"- {what}" for what in differs)
        yield ""
        yield "Please open an issue with this report: the form is *Account report*."


def _access(report: Report) -> Iterator[str]:
    for path, status in report.health.items():
        yield f"- `{path}` answers {_said(status)}"
    for header, status in report.key.items():
        yield f"- the key in `{header}`: {_said(status)}"
    if report.missing_detail:
        yield f"- a client that does not exist: {report.missing_detail}"
    if report.clock_seconds is not None:
        yield f"- the server's clock is {report.clock_seconds:+g} seconds from this one"
    for name, number in report.limit_headers.items():
        yield f"- header `{name}`" + ("" if number is None else f": {number}")
    if report.other_limit_headers:
        yield f"- other headers that may tell a limit: {report.other_limit_headers}"
    yield f"- refused by the rate limit: {report.rate_limited}"


def _size(facts: StreamFacts, asked: str) -> int | str | None:
    if asked not in facts.page_sizes:
        return "not asked"
    size = facts.page_sizes[asked]
    return "refused" if size == 0 else size


def _depth(facts: StreamFacts) -> str | None:
    if facts.reads_to is None:
        return "the end" if facts.total in {"exact", "inexact"} else None
    return f"{facts.reads_to}, then {facts.beyond}"


def _zone(hours: float | None) -> str | None:
    if hours is None:
        return None
    return f"UTC{hours:+g}" if hours else "UTC"


def _said(status: int | None) -> str:
    return "no usable response" if status is None else str(status)


Column = tuple[str, t.Callable[[StreamFacts], t.Any]]
_STREAMS: tuple[Column, ...] = (
    ("Stream", lambda s: s.name),
    ("Reachable", lambda s: "yes" if s.reachable else f"no ({_said(s.status)})"),
    ("Records", lambda s: s.records),
    ("Page of 1000", lambda s: _size(s, "1000")),
    ("of 500", lambda s: _size(s, "500")),
    ("of 200", lambda s: _size(s, "200")),
    ("First page", lambda s: s.first_page),
    ("Total", lambda s: s.total),
    ("Reads to", _depth),
    ("Without key", lambda s: f"{s.without_key} of {s.fields.sampled}"),
    ("First byte", lambda s: s.seconds and f"{s.seconds:g} s"),
    ("Records a second", lambda s: s.records_per_second),
    ("Will be read", lambda s: s.read + (" (not all was asked)" * s.not_asked)),
)
_SEARCHES: tuple[Column, ...] = (
    ("Search", lambda s: s.name),
    ("Sorts up", lambda s: s.sorts_ascending),
    ("Sorts down", lambda s: s.sorts_descending),
    ("Filters by time", lambda s: s.filters),
    ("The moment itself passes", lambda s: s.inclusive),
    ("Precision", lambda s: s.precision),
    ("Zone", lambda s: _zone(s.zone)),
    ("A future filter empties it", lambda s: s.future_is_empty),
    ("Shows modification", lambda s: s.shows_modification),
    ("Records without a time", lambda s: s.without_time),
    ("Counted too many", lambda s: s.counted_too_many),
    ("Newest against the server's clock", lambda s: s.newest_seconds is not None
     and f"{s.newest_seconds:+,.0f} s"),
)  # fmt: skip
_V1: tuple[Column, ...] = (
    ("List", lambda s: s.name),
    ("Reachable", lambda s: "yes" if s.reachable else f"no ({_said(s.status)})"),
    ("Records", lambda s: s.records),
    ("Without key", lambda s: s.without_key),
)


def _table(columns: Sequence[Column], rows: Sequence[StreamFacts]) -> Iterator[str]:
    if rows:
        yield from _rows(
            [name for name, _ in columns],
            [[read(row) for _, read in columns] for row in rows],
        )


def _rows(head: Sequence[str], rows: Iterable[Sequence[t.Any]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(value: t.Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: _UNKNOWN, True: "yes", False: "no"}[value]
    return str(value)


def _fields(streams: Sequence[StreamFacts]) -> Iterator[str]:
    for stream in streams:
        facts = stream.fields
        said = [
            *(f"unknown `{name}`" for name in facts.unknown),
            *([f"{facts.more_unknown} other unknown"] if facts.more_unknown else []),
            *(
                f"`{path}` never fits (it is {', '.join(types)})"
                for path, types in facts.never_fit.items()
            ),
            *(f"times as `{form}`" for form in facts.times),
            *([f"{facts.custom} custom fields"] if facts.custom else []),
        ]
        if said:
            yield f"- {stream.name}, {facts.sampled} records: {'; '.join(said)}"


def _custom_fields(report: Report) -> Iterator[str]:
    some = {name: count for name, count in report.custom_fields.items() if count}
    if some:
        yield f"- defined: {_counts(some)}"
    if report.custom_fields_refused:
        said = {k: _said(v) for k, v in report.custom_fields_refused.items()}
        yield f"- refused: {_counts(said)}"
    if report.custom_field_types:
        yield f"- types: {_counts(report.custom_field_types)}"
    if report.other_custom_field_types:
        yield f"- types of unusual names: {report.other_custom_field_types}"


def _counts(counts: Mapping[str, t.Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _plan(rows: Sequence[PlanRow]) -> Iterator[str]:
    if not rows:
        return
    head = ("Stream", "First read: requests", "minutes", "A night: requests", "minutes")
    names = [field.name for field in fields(rows[0])]
    body = [[getattr(row, name) for name in names] for row in rows]
    sums = [round(sum(column), 2) for column in [*zip(*body, strict=True)][1:]]
    yield from _rows(head, [*body, ["all", *sums]])
    yield ""
    yield (
        "At the pace that was seen, with the settings given. A night is a sync with "
        "few changes, and the full reads of each day (`full_read_interval_days`)."
    )
