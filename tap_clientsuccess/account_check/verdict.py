"""What follows from all findings: settings, reasons to fail, news, and a plan."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.account_check.facts import NO_TIME, PlanRow, said, zone_name
from tap_clientsuccess.http.responses import SUCCESSES

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_clientsuccess.account_check.facts import (
        READ,
        FieldFacts,
        Report,
        StreamFacts,
    )
    from tap_clientsuccess.config.settings import Settings

OBJECTS = ("clients", "contacts", "contracts", "client_notes", "pulses")
"""What the tap is for: each has to answer."""
DETAILS = {"clients": "client_details", "contacts": "contact_details"}
"""The streams that read each record of another one."""
_BY_TIME = ("clients", "contacts", "contracts", "products")
"""The searches that are known to do all of these."""
_KNOWN = {
    "sorts_ascending": "does not sort oldest first",
    "sorts_descending": "does not sort newest first",
    "filters": "does not filter by modification time",
    "filters_total": "the total ignores the filter by modification time",
    "shows_modification": "does not show modification times",
}
_DAY_SECONDS = 86_400


def refuses_key(status: int | None) -> bool:
    """Tell whether a status says that the key is refused."""
    return status in {401, 403}


def how_read(facts: StreamFacts, page_size: int, *, by_time: bool) -> READ:
    """Say how a search will be read; `by_time`: whether it has a time to read by."""
    if not facts.reachable:
        return "not at all"
    size = facts.page_sizes.get("200") or page_size
    if facts.records is not None and facts.records <= min(size, page_size):
        return "in one request"
    refuted = (facts.sorts_ascending, facts.sorts_descending, facts.filters)
    # A read asks from a millisecond before the newest record on: it has to come again.
    hides = facts.inclusive is False and facts.precision != "millisecond"
    is_timeless = facts.shows_modification is False and facts.filters is None
    is_lost = hides or facts.zone or facts.counted_too_many or is_timeless
    return "by page number" if not by_time or False in refuted or is_lost else "by time"


def settings_to_use(report: Report, settings: Settings) -> dict[str, str]:
    """Return the settings that should change, and their values."""
    found: dict[str, str] = {}
    asked = {"api_key_header": report.key, "health_path": report.health}
    for setting, statuses in asked.items():
        works = [name for name, status in statuses.items() if status in SUCCESSES]
        if works and getattr(settings, setting) not in works:
            found[setting] = works[0]
    is_closed = bool(report.v1) and not any(facts.reachable for facts in report.v1)
    if is_closed and settings.v1_streams == "auto":
        found["v1_streams"] = "off"
    return found


def reasons(report: Report, settings: Settings) -> Iterator[str]:
    """Yield why a sync with these settings would fail; the gravest first."""

    def instead(setting: str) -> str:
        value = report.settings.get(setting)
        return f": set {setting} to {value}" if value else ""

    header = settings.api_key_header
    if refuses_key(report.key.get(header)):
        yield f"the key is refused in {header}{instead('api_key_header')}"
    health = report.health.get(settings.health_path)
    if health not in SUCCESSES:
        yield f"health does not answer ({said(health)}){instead('health_path')}"
    needed = {each.name: each for each in report.streams if each.name in OBJECTS}
    if settings.v1_streams == "required":
        needed |= {f"{each.name} of v1": each for each in report.v1}
    for name, facts in needed.items():
        if not facts.reachable:
            yield f"{name} cannot be read ({said(facts.status)})"


def differences(report: Report) -> Iterator[str]:
    """Yield what differs from what is documented or built in."""
    if report.health.get("/health", 200) not in SUCCESSES:
        yield f"/health answers {said(report.health['/health'])}"
    if refuses_key(report.key.get("X-API-Key")):
        yield "X-API-Key is refused"
    for facts in report.streams:
        news = (*_of_stream(facts), *_of_fields(facts.fields))
        yield from (f"{facts.name}: {what}" for what in news)
    for facts in report.v1:
        yield from (f"{facts.name}: {what}" for what in _of_fields(facts.fields))
    if report.missing_detail not in {None, "404"}:
        yield f"a detail that does not exist answers {report.missing_detail}"


def _of_stream(facts: StreamFacts) -> Iterator[str]:
    if not facts.reachable:
        yield f"cannot be read ({said(facts.status)})"
    size = facts.page_sizes.get("200")
    if size and size < 200:  # noqa: PLR2004
        yield f"a page of 200 has {size} records"
    if facts.first_page == 1:
        yield "pages are numbered from 1"
    if facts.total in {"absent", "inexact"}:
        yield f"the total is {facts.total}"
    for name, what in _KNOWN.items() if facts.name in _BY_TIME else ():
        if getattr(facts, name) is False:
            yield what
    if facts.zone:
        yield f"filters are taken for {zone_name(facts.zone)}"


def _of_fields(facts: FieldFacts) -> Iterator[str]:
    if facts.unknown:
        yield f"unknown fields: {', '.join(facts.unknown)}"
    if facts.never_fit:
        yield f"fields that never fit: {', '.join(facts.never_fit)}"
    if NO_TIME in facts.times:
        yield "texts in fields for times that are no time"


def plan(
    report: Report, settings: Settings, per_request: Mapping[str, float]
) -> Iterator[PlanRow]:
    """Estimate requests and minutes of a first read and of a night, stream by stream.

    `per_request` has the seconds of a request, waits for the rate limit included.
    """

    def row(name: str, first: int | None, night: int | None) -> PlanRow:
        minutes = per_request.get(name, 0.0) / 60
        times = [n if n is None else round(n * minutes, 2) for n in (first, night)]
        return PlanRow(name, first, times[0], night, times[1])

    for facts in (*report.streams, *report.v1):
        if not facts.reachable:
            continue
        first, night = _requests(facts, settings)
        yield row(facts.name, first, night)
        if settings.read_details and facts.name in DETAILS:
            is_known = first is not None and facts.records is not None
            details = (first or 0) + (facts.records or 0) if is_known else None
            yield row(DETAILS[facts.name], details, 2)
    if types := len(report.custom_fields) + len(report.custom_fields_refused):
        yield row("custom_fields", types, 1)


def _requests(facts: StreamFacts, settings: Settings) -> tuple[int | None, int | None]:
    """Return the requests of a first read, and of a night with few changes."""
    if facts.read == "in one request" or not facts.page_sizes:
        return 1, 1
    interval = settings.full_read_interval(facts.name)
    is_nightly = interval is not None and interval.total_seconds() <= _DAY_SECONDS
    is_by_time = facts.read == "by time"
    if facts.records is None:
        return None, 2 if is_by_time and not is_nightly else None
    size = min(facts.page_sizes.get("200") or settings.page_size, settings.page_size)
    pages = max(1, -(-facts.records // size))
    if not is_by_time:
        # One pass where the total proves it complete; else until two passes agree.
        all_of_it = pages + 1 if facts.total == "exact" else 2 * pages + 2
        return all_of_it, all_of_it
    # Beside the pages: both ends, counts, and where chains overlap. Measured.
    first = pages + pages // 3 + 6
    return first, 2 + (first if is_nightly else 0)
