"""The report in Markdown, for people and issues, and in JSON, for machines."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict, astuple
from operator import attrgetter

from tap_clientsuccess.account_check.facts import REFUSED, said, zone_name

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_clientsuccess.account_check.facts import FieldFacts, Report, StreamFacts

    Columns = Mapping[str, Callable[[StreamFacts], t.Any]]

_LEAST_MINUTES = 0.1
_PLEASE = "Please open an issue with this report: the form is *Account report*."
_UNITS = {"day": 86_400, "hour": 3600, "minute": 60}


def as_json(report: Report) -> str:
    """Write the report as JSON; the sandbox reads it with `--like`."""
    return json.dumps(asdict(report), indent=2)


def as_markdown(report: Report) -> str:
    """Write the report as Markdown."""
    result = "; ".join(report.reasons) or "everything that a sync needs answers"
    searches = [each for each in report.streams if each.future_is_empty is not None]
    settings = ("```json", json.dumps(report.settings, indent=2), "```")
    differs = (*(f"- {what}" for what in report.differs), "", _PLEASE)
    sections: dict[str, Iterable[str]] = {
        "Settings to use": settings if report.settings else (),
        "Differs from what is known": differs if report.differs else (),
        "Health, key, limits": _access(report),
        "Streams": _streams(report.streams, _STREAMS),
        "Searches": _streams(searches, _SEARCHES),
        "API v1": _streams(report.v1, _LISTS),
        "Fields": (
            f"- {each.name}, {each.fields.sampled} records: {told}"
            for each in (*report.streams, *report.v1)
            if (told := "; ".join(_fields(each.fields)))
        ),
        "Custom fields": _custom_fields(report),
        "Plan": _plan(report),
    }
    took = f"{report.requests} requests in {_minutes(report.minutes)} minutes"
    made_by = f"tap-clientsuccess {report.version}, {report.base}, {took}."
    lines = [f"# Account check: {result}", ""]
    lines.append(f"{made_by} No value of a record is in it.")
    for title, section in sections.items():
        if found := [*section]:
            lines += ["", f"## {title}", "", *found]
    return "\n".join(lines)


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


def _records(facts: StreamFacts) -> str | None:
    if facts.records is None:
        return None
    counts_too_few = facts.total == "inexact" and not facts.counted_too_many
    if facts.total == "capped" or counts_too_few:
        return f"{facts.records} or more"
    is_doubtful = facts.total is None and facts.page_sizes
    return f"{facts.records} counted" if is_doubtful else str(facts.records)


def _pages(facts: StreamFacts) -> str:
    words = {None: "cannot tell", REFUSED: "refused"}
    sizes = facts.page_sizes.items()
    return ", ".join(f"{size}: {words.get(full, full)}" for size, full in sizes)


def _depth(facts: StreamFacts) -> str | None:
    if facts.reads_to is None:
        is_whole = facts.total == "exact" or facts.counted_too_many
        return "the end" if is_whole else None
    return f"{facts.reads_to}, then {facts.beyond}"


def _newest(facts: StreamFacts) -> str | None:
    if facts.newest_seconds is None:
        return None
    seconds = abs(facts.newest_seconds)
    fits = ((unit, size) for unit, size in _UNITS.items() if seconds >= size)
    unit, size = next(fits, ("second", 1))
    number = round(seconds / size)
    side = "before" if facts.newest_seconds < 0 else "after"
    return f"{number} {unit}{'s' * (number != 1)} {side} the server's clock"


_LISTS: Columns = {
    "Stream": attrgetter("name"),
    "Reachable": lambda s: "yes" if s.reachable else f"no ({said(s.status)})",
    "Records": _records,
    "Without key": lambda s: f"{s.without_key} of {s.fields.sampled}",
}
_STREAMS: Columns = {
    **{name: _LISTS[name] for name in ("Stream", "Reachable", "Records")},
    "Full page, by size asked": _pages,
    "First page": attrgetter("first_page"),
    "Total": attrgetter("total"),
    "Counted too many": lambda s: (
        None if s.total in {None, "absent"} else s.counted_too_many
    ),
    "Reads to": _depth,
    "Without key": _LISTS["Without key"],
    "First byte, seconds": attrgetter("seconds"),
    "Records a second": attrgetter("records_per_second"),
    "Will be read": lambda s: s.read + " (not all was asked)" * s.not_asked,
}
_SEARCHES: Columns = {
    "Stream": attrgetter("name"),
    "Sorts up": attrgetter("sorts_ascending"),
    "Sorts down": attrgetter("sorts_descending"),
    "Filters by time": attrgetter("filters"),
    "modifiedAfter includes its moment": attrgetter("inclusive"),
    "Precision": attrgetter("precision"),
    "Zone": lambda s: None if s.zone is None else zone_name(s.zone),
    "A future filter empties it": attrgetter("future_is_empty"),
    "Total follows the filter": attrgetter("filters_total"),
    "Shows modification": attrgetter("shows_modification"),
    "One time on all": attrgetter("one_time"),
    "Records without a time": attrgetter("without_time"),
    "Newest change": _newest,
}


def _streams(streams: Sequence[StreamFacts], columns: Columns) -> Iterator[str]:
    rows = [[tell(facts) for tell in columns.values()] for facts in streams]
    return _table([*columns], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[t.Any]]) -> Iterator[str]:
    words = {None: "cannot tell", True: "yes", False: "no"}
    for row in (head, ["---"] * len(head), *rows) if rows else ():
        cells = (
            words[cell] if cell is None or isinstance(cell, bool) else str(cell)
            for cell in row
        )
        yield f"| {' | '.join(cells)} |"


def _fields(facts: FieldFacts) -> Iterator[str]:
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
    if not report.plan:
        return
    rows = [astuple(row) for row in report.plan]
    _, *columns = zip(*rows, strict=True)
    sums = [None if None in column else round(sum(column), 2) for column in columns]
    head = ["Stream", "First read: requests", "minutes", "A night: requests", "minutes"]
    told = [
        (name, first, _minutes(first_minutes), night, _minutes(night_minutes))
        for name, first, first_minutes, night, night_minutes in [*rows, ("all", *sums)]
    ]
    yield from _table(head, told)
    yield ""
    yield (
        "At the pace that was seen, with the settings given. A night is a sync with "
        "few changes, and the full reads of each day (`full_read_interval_days`)."
    )
