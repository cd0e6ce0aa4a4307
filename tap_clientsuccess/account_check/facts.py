"""What the account check found out. None is "cannot tell"; no data is in it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

READ = t.Literal["by time", "by page number", "in one request", "not at all"]
NO_TIME = "no time"
REFUSED = 0
"""In place of the size of a page."""


def said(status: int | None) -> str:
    """Say a status."""
    return "no usable response" if status is None else str(status)


def zone_name(hours: float) -> str:
    """Name a time zone by its hours ahead of UTC."""
    return f"UTC{hours:+g}" if hours else "UTC"


@dataclass(kw_only=True)
class FieldFacts:
    """What the sampled records of a stream have.

    Attributes:
        unknown: Names that the schema lacks: plain ones that every record has.
        more_unknown: How many other names at the top the schema lacks.
        never_fit: Path of a field of which no value fits -> the JSON types seen.
        times: Forms of times, such as ``9999-99-99T99:99:99.999Z``.
        custom: How many custom fields the records show.
    """

    sampled: int = 0
    unknown: list[str] = field(default_factory=list)
    more_unknown: int = 0
    never_fit: dict[str, list[str]] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    custom: int = 0


@dataclass(kw_only=True)
class StreamFacts:
    """What was found out of a stream: the tables of `report` say what each fact is.

    Attributes:
        name: Its name; a number for one of `custom_streams`.
        status: Status of the first answer; None without a usable one.
        page_sizes: Size that was asked -> records of a full page, or `REFUSED`.
        total: Whether the total is exact, inexact, capped or absent.
        reads_to: How many records it returns; None if all.
        beyond: What it answers further than `reads_to`: a status, empty or repeat.
        precision: The unit that filters are rounded down to.
        zone: Hours ahead of UTC that filters are taken for.
        newest_seconds: How far the newest time is ahead of the server's clock.
        not_asked: Whether requests ran out before all was asked.
    """

    name: str
    status: int | None = None
    reachable: bool = False
    records: int | None = None
    page_sizes: dict[str, int | None] = field(default_factory=dict)
    first_page: int | None = None
    total: str | None = None
    counted_too_many: int = 0
    reads_to: int | None = None
    beyond: str | None = None
    without_key: int = 0
    seconds: float | None = None
    records_per_second: float | None = None
    read: READ = "not at all"
    sorts_ascending: bool | None = None
    sorts_descending: bool | None = None
    filters: bool | None = None
    inclusive: bool | None = None
    precision: str | None = None
    zone: float | None = None
    future_is_empty: bool | None = None
    filters_total: bool | None = None
    shows_modification: bool | None = None
    one_time: bool | None = None
    without_time: int | None = None
    newest_seconds: float | None = None
    fields: FieldFacts = field(default_factory=FieldFacts)
    not_asked: bool = False


@dataclass
class PlanRow:
    """Requests and minutes of a stream: of a first read, and of a night."""

    name: str
    first_requests: int | None
    first_minutes: float | None
    night_requests: int | None
    night_minutes: float | None


@dataclass(kw_only=True)
class Report:
    """All of the report.

    Attributes:
        reasons: Why the exit code is 1; empty for 0.
        settings: Settings to use that differ from those given.
        health: Path -> status; None for no usable response.
        key: Header -> status with the key in it, as far as it was asked.
        missing_detail: Status of a detail that does not exist, or ``null``.
        custom_fields: Resource type -> number of definitions; or status, if refused.
        custom_field_types: Names of the types of custom fields -> how many have it.
        limit_headers: Name of a header that tells a limit -> its number, if plain.
        clock_seconds: How far the server's clock is ahead of this machine's.
    """

    version: str = ""
    base: str = ""
    reasons: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    health: dict[str, int | None] = field(default_factory=dict)
    key: dict[str, int | None] = field(default_factory=dict)
    streams: list[StreamFacts] = field(default_factory=list)
    v1: list[StreamFacts] = field(default_factory=list)
    missing_detail: str | None = None
    custom_fields: dict[str, int] = field(default_factory=dict)
    custom_fields_refused: dict[str, int | None] = field(default_factory=dict)
    custom_field_types: dict[str, int] = field(default_factory=dict)
    other_custom_field_types: int = 0
    limit_headers: dict[str, int | None] = field(default_factory=dict)
    other_limit_headers: int = 0
    rate_limited: int = 0
    requests: int = 0
    minutes: float = 0.0
    clock_seconds: float | None = None
    plan: list[PlanRow] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
