"""The findings, each declared once: key, words, how it prints, what would be news.

None is "cannot tell". Nothing here is data of the account.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields

READ = t.Literal["by time", "by page number", "in one request", "not at all"]
BY_TIME = ("clients", "contacts", "contracts", "products")
"""The searches that are known to sort and filter by modification time."""
NO_TIME = "no time"
REFUSED = 0
"""In place of the size of a page."""

Table = t.Literal["lists", "streams", "searches"]
"""Of all that is read, of what has pages, or of what may sort and filter."""
Tell = Callable[["StreamFacts"], t.Any]


class Finding(t.NamedTuple):
    """How a fact is told.

    Attributes:
        words: The head of its column.
        table: Where that column is.
        show: Returns what the cell says; None for the value itself.
        odd: Returns what differs from what is known, if anything does.
        news: What differs where it is False of a search in `BY_TIME`.
    """

    words: str
    table: Table
    show: Tell | None = None
    odd: Tell | None = None
    news: str | None = None

    def differs(self, facts: StreamFacts, value: t.Any) -> t.Any:
        """Return what differs from what is known, if anything does."""
        if value is False and facts.name in BY_TIME and self.news:
            return self.news
        return self.odd and self.odd(facts)


def finding(
    words: str,
    table: Table,
    show: Tell | None = None,
    *,
    odd: Tell | None = None,
    news: str | None = None,
    **options: t.Any,
) -> t.Any:
    """Declare a fact that is told, as the default of the field with its name.

    Args:
        words: As all but `options`, see `Finding`.
        table: Where it is told.
        show: How.
        odd: What may be odd about it.
        news: What is odd where it is False.
        options: What `dataclasses.field` takes; by default, the fact is None at first.
    """
    told = Finding(words, table, show, odd, news)
    return field(metadata={"finding": told}, **(options or {"default": None}))


def said(status: int | None) -> str:
    """Say a status."""
    return "no usable response" if status is None else str(status)


def _records(facts: StreamFacts) -> str | None:
    if facts.records is None:
        return None
    if facts.total == "capped" or facts.counts_too_few:
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


def _zone(hours: float | None) -> str | None:
    if hours is None:
        return None
    return f"UTC{hours:+g}" if hours else "UTC"


def _newest(facts: StreamFacts) -> str | None:
    seconds = facts.newest_seconds
    if seconds is None:
        return None
    units = {"day": 86_400, "hour": 3600, "minute": 60}
    fits = (unit for unit, size in units.items() if abs(seconds) >= size)
    unit = next(fits, "second")
    number = round(abs(seconds) / units.get(unit, 1))
    side = "before" if seconds < 0 else "after"
    return f"{number} {unit}{'s' * (number != 1)} {side} the server's clock"


def _small_page(facts: StreamFacts) -> str | None:
    size = facts.page_sizes.get("200")
    is_small = size and size < 200  # noqa: PLR2004
    return f"a page of 200 has {size} records" if is_small else None


@dataclass(kw_only=True)
class FieldFacts:
    """What the sampled records of a stream have.

    Attributes:
        sampled: How many records were looked at.
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

    def news(self) -> Iterator[str]:
        """Yield what differs from what is known."""
        if self.unknown:
            yield f"unknown fields: {', '.join(self.unknown)}"
        if self.never_fit:
            yield f"fields that never fit: {', '.join(self.never_fit)}"
        if NO_TIME in self.times:
            yield "texts in fields for times that are no time"


@dataclass(kw_only=True)
class StreamFacts:
    """What was found out of a stream.

    Attributes:
        name: Its name; a number for one of `custom_streams`.
        status: Status of the first answer; None without a usable one.
        page_sizes: Size that was asked -> records of a full page, or `REFUSED`.
        counted_too_many: Records that are counted and never returned.
        beyond: What it answers further than `reads_to`: a status, empty or repeat.
        zone: Hours ahead of UTC that filters are taken for.
        newest_seconds: How far the newest time is ahead of the server's clock.
        not_asked: Whether requests ran out before all was asked.
    """

    name: str = field(metadata={"finding": Finding("Stream", "lists")})
    status: int | None = None
    reachable: bool = finding(
        "Reachable",
        "lists",
        lambda s: "yes" if s.reachable else f"no ({said(s.status)})",
        odd=lambda s: None if s.reachable else f"cannot be read ({said(s.status)})",
        default=False,
    )
    records: int | None = finding("Records", "lists", _records)
    page_sizes: dict[str, int | None] = finding(
        "Full page, by size asked",
        "streams",
        _pages,
        odd=_small_page,
        default_factory=dict,
    )
    first_page: int | None = finding(
        "First page",
        "streams",
        odd=lambda s: "pages are numbered from 1" if s.first_page == 1 else None,
    )
    total: str | None = finding(
        "Total",
        "streams",
        odd=lambda s: (
            f"the total is {s.total}" if s.total in {"absent", "inexact"} else None
        ),
    )
    counted_too_many: int = finding(
        "Counted too many",
        "streams",
        lambda s: None if s.total in {None, "absent"} else s.counted_too_many,
        default=0,
    )
    reads_to: int | None = finding("Reads to", "streams", _depth)
    beyond: str | None = None
    without_key: int = finding(
        "Without key",
        "lists",
        lambda s: f"{s.without_key} of {s.fields.sampled}",
        default=0,
    )
    seconds: float | None = finding("First byte, seconds", "streams")
    records_per_second: float | None = finding("Records a second", "streams")
    read: READ = finding(
        "Will be read",
        "streams",
        lambda s: s.read + " (not all was asked)" * s.not_asked,
        default="not at all",
    )
    sorts_ascending: bool | None = finding(
        "Sorts up", "searches", news="does not sort oldest first"
    )
    sorts_descending: bool | None = finding(
        "Sorts down", "searches", news="does not sort newest first"
    )
    filters: bool | None = finding(
        "Filters by time", "searches", news="does not filter by modification time"
    )
    inclusive: bool | None = finding("modifiedAfter includes its moment", "searches")
    precision: str | None = finding("Precision", "searches")
    zone: float | None = finding(
        "Zone",
        "searches",
        lambda s: _zone(s.zone),
        odd=lambda s: f"filters are taken for {_zone(s.zone)}" if s.zone else None,
    )
    future_is_empty: bool | None = finding("A future filter empties it", "searches")
    shows_modification: bool | None = finding(
        "Shows modification", "searches", news="does not show modification times"
    )
    without_time: int | None = finding("Records without a time", "searches")
    newest_seconds: float | None = finding("Newest change", "searches", _newest)
    fields: FieldFacts = field(default_factory=FieldFacts)
    not_asked: bool = False

    @property
    def counts_too_few(self) -> bool:
        """Whether there are more records than the total says."""
        return self.total == "inexact" and not self.counted_too_many

    def news(self) -> Iterator[str]:
        """Yield what differs from what is known."""
        for name, told in findings().items():
            if news := told.differs(self, getattr(self, name)):
                yield news
        yield from self.fields.news()


def findings() -> dict[str, Finding]:
    """Return how each fact of a stream is told, in the order of the columns."""
    told = fields(StreamFacts)
    return {each.name: each.metadata["finding"] for each in told if each.metadata}


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
        missing_detail: Status of a detail that does not exist; 200 with null is
            ``null``.
        custom_fields: Resource type -> number of definitions.
        custom_fields_refused: Resource type -> status.
        custom_field_types: Names of the types of custom fields -> how many have it.
        other_custom_field_types: How many custom fields have a type of unusual name.
        limit_headers: Name of a header that tells a limit -> its number, if plain.
        other_limit_headers: How many others may tell a limit.
        clock_seconds: How far the server's clock is ahead of this machine's.
        differs: What differs from what is known.
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
