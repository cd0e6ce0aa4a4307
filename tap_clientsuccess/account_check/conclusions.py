"""What the account check concludes from the answers: pure, without HTTP."""

from __future__ import annotations

import re
import typing as t
from collections import Counter, defaultdict
from dataclasses import replace

from tap_clientsuccess.account_check.facts import FieldFacts, PlanRow
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.window import FURTHER_BACK
from tap_clientsuccess.records.coerce import Coercer

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Container, Iterable, Mapping, Sequence

    from tap_clientsuccess.account_check.facts import READ, Report, StreamFacts
    from tap_clientsuccess.config.settings import Settings
    from tap_clientsuccess.paging.page import Page
    from tap_clientsuccess.records import JSONSchema
    from tap_clientsuccess.records.field import Field

OBJECTS = ("clients", "contacts", "contracts", "client_notes", "pulses")
"""What the tap is for: each has to answer."""
BY_TIME = ("clients", "contacts", "contracts", "products")
"""The searches that are known to sort and filter by modification time."""
DETAILS = {"clients": "client_details", "contacts": "contact_details"}
"""The streams that read each record of another one."""
_UNUSUAL = "no time"
_LIMIT_WORDS = re.compile(
    "x|rate|limit|ratelimit|retry|after|remaining|reset|policy|quota|used|window|second"
    "|minute|hour|day|month|daily|requests?|calls?|api|concurrent|burst|throttle|left"
)
_LIMIT_WORD = re.compile("limit|retry|quota|throttle")
_LARGEST_LIMIT = 10_000_000
_PLAIN_NAME = re.compile(r"[a-z]{2,}([A-Z][a-z]+){0,5}")
_PLAIN_TYPE = re.compile(r"[A-Za-z]{2,20}([ _-][A-Za-z]{2,20}){0,2}")
_FORM = re.compile(r"9{4}-9{2}-9{2}([T ]9{2}:9{2}(:9{2})?(\.9{1,9})?(Z|[+-]9+:?9*)?)?")
_ENOUGH_RECORDS = 20
_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    dict: "object",
    list: "array",
    type(None): "null",
}


def full_page(page: Page, asked: int) -> int | None:
    """Return how many records a full page has; None if this may be all there are."""
    got = len(page.keys)
    if page.total is None:
        goes_on = page.is_said_to_be_last is False
    else:
        goes_on = page.total > got
    return got if got >= asked or goes_on else None


def first_page(zero: Page, one: Page) -> int | None:
    """Return the number of the first page.

    Args:
        zero: Page 0.
        one: Page 1, of one record.
    """
    if len(zero.keys) < 2 or not one.keys:  # noqa: PLR2004
        return None
    return {zero.keys[1]: 0, zero.keys[0]: 1}.get(one.keys[0])


def sorts(page: Page, *, newest_first: bool) -> bool | None:
    """Tell whether a page is sorted by time, with the evidence that a read asks for."""
    evidence = Evidence()
    if not any(page.times):
        return None
    try:
        evidence.check(page, None, newest_first=newest_first)
    except NotByTimeError:
        return False
    return True if evidence.is_enough else None


def sorts_all(oldest: Page, newest: Page) -> tuple[bool | None, bool | None]:
    """Tell whether a search sorts, oldest first and newest first.

    Each page alone may be sorted, and not what is on which: then neither is.
    """
    answers = sorts(oldest, newest_first=False), sorts(newest, newest_first=True)
    if oldest.newest and newest.newest and oldest.newest > newest.newest:
        return False, False
    return answers


def filters(page: Page, after: dt.datetime) -> bool:
    """Tell whether all records of a page may have passed a filter, in any zone."""
    times = sorted(filter(None, page.times))
    # Whether it sorts is another question.
    in_order = replace(page, times=times, keys=page.keys[: len(times)], total=None)
    try:
        Evidence().check(in_order, after - FURTHER_BACK)
    except NotByTimeError:
        return not times
    return True


def passes(page: Page, time: dt.datetime, *, is_sorted: bool) -> bool | None:
    """Tell whether a record of a time passed a filter that no later one matters to.

    Args:
        page: The first page that passed the filter.
        time: The record's time.
        is_sorted: Whether the search sorts.
    """
    if any(each and each <= time for each in page.times):
        return True
    if page.keys and not any(page.times):
        return None
    return False if is_sorted or not page.goes_on() else None


def how_read(facts: StreamFacts, page_size: int, *, by_time: bool) -> READ:
    """Say how a search will be read.

    Args:
        facts: What it does.
        page_size: The setting.
        by_time: Whether the stream has a time to read by.
    """
    if not facts.reachable:
        return "not at all"
    size = facts.page_sizes.get("200") or page_size
    if facts.records is not None and facts.records <= min(size, page_size):
        return "in one request"
    refuted = (facts.sorts_ascending, facts.sorts_descending, facts.filters)
    return "by page number" if not by_time or False in refuted else "by time"


# Fields


def names_of(records: Sequence[t.Any], schema: JSONSchema) -> FieldFacts:
    """Return what records have: paths of the schema, types, and forms of times.

    Args:
        records: Decoded records.
        schema: The stream's schema, without the fields of this account.
    """
    objects = [record for record in records if isinstance(record, dict)]
    shown, others = _unknown(objects, schema["properties"])
    custom = [record.get("custom") for record in objects]
    seen = _Values(schema)
    for record in objects:
        seen.add(record)
    return FieldFacts(
        sampled=len(objects),
        unknown=shown,
        more_unknown=others,
        never_fit=seen.never_fit,
        times=sorted(seen.times),
        custom=len(
            {name for each in custom if isinstance(each, dict) for name in each}
        ),
    )


def _unknown(
    records: Sequence[dict[str, t.Any]], known: Container[str]
) -> tuple[list[str], int]:
    """Return the unknown names that may be told, and how many others there are."""
    counts = Counter(name for record in records for name in record)
    unknown = [name for name in counts if name not in known]
    if len(records) < _ENOUGH_RECORDS:
        return [], len(unknown)
    everywhere = [name for name in unknown if counts[name] == len(records)]
    shown = sorted(filter(_PLAIN_NAME.fullmatch, everywhere))
    return shown, len(unknown) - len(shown)


class _Values:
    """Values of the known fields, as far as they may be told."""

    def __init__(self, schema: JSONSchema) -> None:
        self._misfits = 0
        self._coercer = Coercer(schema, self._note)
        self._fits: dict[str, bool] = {}
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        self.times: set[str] = set()

    @property
    def never_fit(self) -> dict[str, list[str]]:
        """The types seen, by the path of a field of which no value fits."""
        never = sorted(path for path, fits in self._fits.items() if not fits)
        return {path: sorted(self._types[path]) for path in never}

    def add(self, record: dict[str, t.Any]) -> None:
        """Take a record."""
        for name, field in self._coercer.root.properties.items():
            self._look(field, record.get(name))

    def _note(self, _: str, times: int) -> None:
        self._misfits += times

    def _look(self, field: Field, value: t.Any) -> None:
        """Look at a value, or at those in it that the schema knows."""
        if value is None:
            return
        if isinstance(value, dict) and field.properties:
            for name, member in [*field.properties.items()]:
                self._look(member, value.get(name))
        elif isinstance(value, list) and field.items:
            for item in value:
                self._look(field.items, item)
        elif not isinstance(value, (dict, list)) or not field.properties:
            self._types[field.path].add(_JSON_TYPES.get(type(value), "number"))
            if field.format and not isinstance(value, (dict, list)):
                self.times.add(form(value))
            before = self._misfits
            self._coercer.value(field, value)
            fits = self._misfits == before
            self._fits[field.path] = self._fits.get(field.path, False) or fits


def form(value: t.Any) -> str:
    """Return the form of a time, digits as 9; what is no time has none."""
    if not isinstance(value, str):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return f"a number of {len(str(value))} digits" if is_number else _UNUSUAL
    shape = re.sub("[0-9]", "9", value)
    return shape if _FORM.fullmatch(shape) else _UNUSUAL


def custom_field_types(names: Iterable[t.Any]) -> tuple[dict[str, int], int]:
    """Return the plain names of types with their counts, and how many others."""
    counts = Counter(name if isinstance(name, str) else None for name in names)
    plain = {
        name: counts[name]
        for name in sorted(filter(None, counts), key=str.lower)
        if _PLAIN_TYPE.fullmatch(name)
    }
    return plain, counts.total() - sum(plain.values())


def limit_headers(headers: Iterable[tuple[str, str]]) -> dict[str, int | None]:
    """Return the headers that tell a limit, in usual words, and what number they tell.

    Counts that change with each request are no limit, and left out.
    """
    found: dict[str, int | None] = {}
    for name, value in headers:
        words = name.lower().split("-")
        if not all(map(_LIMIT_WORDS.fullmatch, words)) or not is_limit(name):
            continue
        is_fixed = not {"remaining", "reset", "used", "left"} & {*words}
        number = int(value) if value.isdecimal() and value.isascii() else None
        shown = number if is_fixed and (number or 0) < _LARGEST_LIMIT else None
        found["-".join(word.capitalize() for word in words)] = shown
    return dict(sorted(found.items()))


def is_limit(name: str) -> bool:
    """Tell whether a header's name says that it tells a limit."""
    return bool(_LIMIT_WORD.search(name.lower()))


# Everything together


def settings_to_use(report: Report, settings: Settings) -> dict[str, str]:
    """Return the settings that should change, and their values."""
    found: dict[str, str] = {}
    if is_refused(report.key.get(settings.api_key_header)):
        works = [name for name, status in report.key.items() if is_success(status)]
        found |= {"api_key_header": works[0]} if works else {}
    if not is_success(report.health.get(settings.health_path)):
        works = [path for path, status in report.health.items() if is_success(status)]
        found |= {"health_path": works[0]} if works else {}
    is_closed = bool(report.v1) and not any(facts.reachable for facts in report.v1)
    if is_closed and settings.v1_streams == "auto":
        found["v1_streams"] = "off"
    return found


def is_success(status: int | None) -> bool:
    """Tell whether a status is 2xx."""
    return status is not None and 200 <= status < 300  # noqa: PLR2004


def is_refused(status: int | None) -> bool:
    """Tell whether a status says that the key is refused."""
    return status in {401, 403}


def reasons(report: Report, settings: Settings) -> list[str]:
    """Return why a sync with these settings would fail; the gravest first."""
    found = []
    if is_refused(report.key.get(settings.api_key_header)):
        instead = report.settings.get("api_key_header")
        found.append(
            f"the key is refused in {settings.api_key_header}"
            + (f": set api_key_header to {instead}" if instead else "")
        )
    if not is_success(report.health.get(settings.health_path)):
        instead = report.settings.get("health_path")
        found.append(
            f"health does not answer ({_said(report.health.get(settings.health_path))})"
            + (f": set health_path to {instead}" if instead else "")
        )
    found += [
        f"{facts.name} cannot be read ({_said(facts.status)})"
        for facts in report.streams
        if facts.name in OBJECTS and not facts.reachable
    ]
    if settings.v1_streams == "required":
        found += [
            f"{facts.name} of v1 cannot be read ({_said(facts.status)})"
            for facts in report.v1
            if not facts.reachable
        ]
    return found


def _said(status: int | None) -> str:
    return "no usable response" if status is None else str(status)


def differences(report: Report) -> list[str]:
    """Return what differs from what is documented or built in."""
    found = []
    if "/health" in report.health and not is_success(report.health["/health"]):
        found.append(f"/health answers {_said(report.health['/health'])}")
    if is_refused(report.key.get("X-API-Key")):
        found.append("X-API-Key is refused")
    for facts in report.streams:
        found += [f"{facts.name}: {what}" for what in _differences_of(facts)]
    for facts in report.v1:
        if facts.reachable:
            found += [f"{facts.name}: {what}" for what in _of_fields(facts.fields)]
    if report.missing_detail not in {None, "404"}:
        found.append(f"a detail that does not exist answers {report.missing_detail}")
    return found


def _differences_of(facts: StreamFacts) -> Iterable[str]:
    """Yield what differs of a search."""
    if not facts.reachable:
        yield f"cannot be read ({_said(facts.status)})"
        return
    if (size := facts.page_sizes.get("200")) is not None and size < 200:  # noqa: PLR2004
        yield f"a page of 200 has {size} records"
    if facts.first_page == 1:
        yield "pages are numbered from 1"
    if facts.total in {"absent", "inexact"}:
        yield f"the total is {facts.total}"
    if facts.name in BY_TIME:
        if facts.sorts_ascending is False or facts.sorts_descending is False:
            yield "does not sort by modification time"
        if facts.filters is False:
            yield "does not filter by modification time"
        if facts.shows_modification is False:
            yield "records do not show when they were modified"
    if facts.zone:
        yield f"filters are taken for a zone {facts.zone:+g} hours from UTC"
    yield from _of_fields(facts.fields)


def _of_fields(facts: FieldFacts) -> Iterable[str]:
    if facts.unknown:
        yield f"unknown fields: {', '.join(facts.unknown)}"
    if facts.never_fit:
        yield f"fields that never fit: {', '.join(facts.never_fit)}"
    if _UNUSUAL in facts.times:
        yield "texts in fields for times that are no time"


def plan(
    report: Report, settings: Settings, per_request: Mapping[str, float]
) -> list[PlanRow]:
    """Estimate requests and minutes of a first read and of a night.

    Args:
        report: What the account has and does.
        settings: The settings.
        per_request: Seconds that a request takes, waits for the rate limit included.
    """
    found = {
        facts.name: _requests(facts, settings)
        for facts in (*report.streams, *report.v1)
        if facts.reachable
    }
    if settings.read_details:
        for facts in report.streams:
            if facts.name in DETAILS and facts.name in found:
                pages, _ = found[facts.name]
                name, records = DETAILS[facts.name], facts.records or 0
                found[name] = pages + records, 2
    if types := len(report.custom_fields) + len(report.custom_fields_refused):
        found["custom_fields"] = types, 1
    return [
        PlanRow(
            name=name,
            first_requests=first,
            first_minutes=round(first * per_request.get(name, 0.0) / 60, 2),
            night_requests=night,
            night_minutes=round(night * per_request.get(name, 0.0) / 60, 2),
        )
        for name, (first, night) in found.items()
    ]


def _requests(facts: StreamFacts, settings: Settings) -> tuple[int, int]:
    """Return the requests of a first read, and of a night with few changes."""
    size = min(facts.page_sizes.get("200") or settings.page_size, settings.page_size)
    count = facts.records if facts.records is not None else facts.fields.sampled
    pages = max(1, -(-count // size))
    if facts.read == "in one request" or not facts.page_sizes:
        return 1, 1
    if facts.read == "by page number":
        # Until two passes agree; most records do not change between them.
        return 2 * pages + 2, 2 * pages + 2
    interval = settings.full_read_interval(facts.name)
    is_nightly = interval is not None and interval.total_seconds() <= 86_400  # noqa: PLR2004
    # Beside the pages: both ends, what came meanwhile, and counts.
    first = pages + pages // 8 + 8
    return first, 2 + (first if is_nightly else 0)
