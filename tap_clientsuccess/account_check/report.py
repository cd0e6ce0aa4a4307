"""The report in Markdown, for people and issues, and in JSON, for machines."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict, astuple

from tap_clientsuccess.account_check.facts import (
    FieldFacts,
    Report,
    StreamFacts,
    findings,
    said,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PLAN = ("Stream", "First read: requests", "minutes", "A night: requests", "minutes")
_LEAST_MINUTES = 0.1


def as_json(report: Report) -> str:
    """Write the report as JSON; the sandbox reads it with `--like`."""
    return json.dumps(asdict(report), indent=2)


def as_markdown(report: Report) -> str:
    """Write the report as Markdown."""
    result = "; ".join(report.reasons) or "everything that a sync needs answers"
    searches = [each for each in report.streams if each.future_is_empty is not None]
    sections = {
        "Settings to use": _settings(report.settings),
        "Differs from what is known": _differs(report.differs),
        "Health, key, limits": _access(report),
        "Streams": _streams(report.streams, "lists", "streams"),
        "Searches": _streams(searches, "searches"),
        "API v1": _streams(report.v1, "lists"),
        "Fields": _fields([*report.streams, *report.v1]),
        "Custom fields": _custom_fields(report),
        "Plan": _plan(report),
    }
    lines = [f"# Account check: {result}", ""]
    took = f"{report.requests} requests in {_minutes(report.minutes)} minutes"
    lines.append(
        f"tap-clientsuccess {report.version}, {report.base}, {took}. "
        "No value of a record is in it."
    )
    for title, section in sections.items():
        if found := [*section]:
            lines += ["", f"## {title}", "", *found]
    return "\n".join(lines)


def _settings(settings: Mapping[str, str]) -> Iterator[str]:
    if settings:
        yield from ("```json", json.dumps(settings, indent=2), "```")


def _differs(differs: Sequence[str]) -> Iterator[str]:
    if differs:
        yield from (f"- {what}" for what in differs)
        yield ""
        yield "Please open an issue with this report: the form is *Account report*."


def _access(report: Report) -> Iterator[str]:
    for path, status in report.health.items():
        yield f"- `{path}` answers {said(status)}"
    for header, status in report.key.items():
        yield f"- the key in `{header}`: {said(status)}"
    if report.missing_detail:
        yield f"- a client that does not exist: {report.missing_detail}"
    if report.clock_seconds is not None:
        yield f"- the server's clock is {report.clock_seconds:+g} seconds from this one"
    for name, number in report.limit_headers.items():
        yield f"- header `{name}`" + ("" if number is None else f": {number}")
    if report.other_limit_headers:
        yield f"- other headers that may tell a limit: {report.other_limit_headers}"
    yield f"- refused by the rate limit: {report.rate_limited}"


def _streams(rows: Sequence[StreamFacts], *tables: str) -> Iterator[str]:
    columns = {
        key: finding
        for key, finding in findings().items()
        if finding.table in tables or key == "name"
    }
    yield from _table(
        [finding.words for finding in columns.values()],
        [
            [
                finding.show(row) if finding.show else getattr(row, key)
                for key, finding in columns.items()
            ]
            for row in rows
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[t.Any]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows) if rows else ():
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(value: t.Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "cannot tell", True: "yes", False: "no"}[value]
    return str(value)


def _fields(streams: Iterable[StreamFacts]) -> Iterator[str]:
    for stream in streams:
        if told := "; ".join(_told(stream.fields)):
            yield f"- {stream.name}, {stream.fields.sampled} records: {told}"


def _told(facts: FieldFacts) -> Iterator[str]:
    yield from (f"unknown `{name}`" for name in facts.unknown)
    if facts.more_unknown:
        yield f"{facts.more_unknown} other unknown"
    for path, types in facts.never_fit.items():
        yield f"`{path}` never fits (it is {', '.join(types)})"
    yield from (f"times as `{form}`" for form in facts.times)
    if facts.custom:
        yield f"{facts.custom} custom fields"


def _custom_fields(report: Report) -> Iterator[str]:
    counts: dict[str, Mapping[str, t.Any]] = {
        "defined": {name: n for name, n in report.custom_fields.items() if n},
        "refused": {k: said(v) for k, v in report.custom_fields_refused.items()},
        "types": report.custom_field_types,
    }
    for what, found in counts.items():
        if found:
            yield f"- {what}: {', '.join(f'{name} {n}' for name, n in found.items())}"
    if report.other_custom_field_types:
        yield f"- types of unusual names: {report.other_custom_field_types}"


def _minutes(minutes: float | None) -> str | None:
    if minutes is None:
        return None
    return f"{minutes:g}" if minutes >= _LEAST_MINUTES else f"< {_LEAST_MINUTES}"


def _plan(report: Report) -> Iterator[str]:
    rows = [astuple(row) for row in report.plan]
    if not rows:
        return
    _, *columns = zip(*rows, strict=True)
    sums = [None if None in column else round(sum(column), 2) for column in columns]
    told = [
        (name, first, _minutes(first_minutes), night, _minutes(night_minutes))
        for name, first, first_minutes, night, night_minutes in [*rows, ("all", *sums)]
    ]
    yield from _table(_PLAN, told)
    yield ""
    yield (
        "At the pace that was seen, with the settings given. A night is a sync with "
        "few changes, and the full reads of each day (`full_read_interval_days`)."
    )
