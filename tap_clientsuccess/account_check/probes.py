"""What the account check asks, and in which order: the most important first."""

from __future__ import annotations

import datetime as dt
import logging
import time
import typing as t
from dataclasses import replace
from functools import cached_property
from urllib.parse import urlsplit

from singer_sdk.streams.rest import HTTPRequest

from tap_clientsuccess.account_check import conclusions
from tap_clientsuccess.account_check.asker import (
    MOST_OF_CUSTOM_STREAM,
    Answer,
    Asker,
    OutOfRequestsError,
)
from tap_clientsuccess.account_check.depth import DepthSearch
from tap_clientsuccess.account_check.facts import Report, StreamFacts
from tap_clientsuccess.account_check.filters import FilterSearch
from tap_clientsuccess.catalog import SCHEMAS
from tap_clientsuccess.config.settings import DEFAULT_BASE_URL, package_version
from tap_clientsuccess.context import TapContext
from tap_clientsuccess.custom_fields import RESOURCE_TYPES
from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.health import contradiction
from tap_clientsuccess.paging.border import Border
from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import EPOCH, FAR_FUTURE, Page, PageRequest
from tap_clientsuccess.paging.undated import Undated
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.envelope import records_of
from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.streams.custom import CustomStream
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.streams.search import SearchStream
from tap_clientsuccess.timestamps import parse_http_date

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_clientsuccess.account_check.filters import Way
    from tap_clientsuccess.context import ContextTap
    from tap_clientsuccess.paging.page import Chain
    from tap_clientsuccess.streams.base import ClientSuccessStream

logger = logging.getLogger("tap-clientsuccess")

HEALTH_PATHS = (
    *("/health", "/healthcheck", "/health-check", "/status", "/ping"),
    "/actuator/health",
)
KEY_HEADERS = ("X-API-Key", "Authorization")
_SIZES = (1000, 500, 200)
_MOST_QUESTIONS = 16
_MOST_DIVES = 3
_NOBODY = "00000000-0000-4000-8000-000000000000"
_USUAL_PATHS = {"/api", "/v2"}


class AccountCheck:
    """Asks the API what it does."""

    def __init__(self, tap: ContextTap, config: Mapping[str, t.Any]) -> None:
        """Prepare; sends nothing yet.

        Args:
            tap: The tap, whose streams say what to request.
            config: Its settings.
        """
        self._context = tap.context
        self._settings = tap.context.settings
        self._given = config
        self._asker = Asker(tap.context.client)
        self._streams = t.cast("list[ClientSuccessStream]", [*tap.streams.values()])
        self._report = Report(version=package_version())
        self._searches: list[SearchCheck] = []
        self._seconds: dict[str, float] = {}

    def run(self, *, shows_host: bool = False) -> Report:
        """Ask everything, and return the report.

        Args:
            shows_host: Whether the report may name the host.
        """
        report, settings, started = self._report, self._settings, time.monotonic()
        report.base = _base(settings.base_url, shows_host=shows_host)
        for ask in (self._key, self._health, self._first_pages, self._v1,
                    self._custom_fields, self._details, self._searches_further,
                    self._custom_streams):  # fmt: skip
            try:
                ask()
            except OutOfRequestsError:
                logger.warning("All requests are spent: the report is not complete")
                break
        took = time.monotonic() - started
        report.requests, report.minutes = self._asker.sent, round(took / 60, 2)
        report.rate_limited = self._asker.rate_limited
        self._conclude()
        return report

    def _conclude(self) -> None:
        report, settings = self._report, self._settings
        headers = self._asker.headers
        report.limit_headers = conclusions.limit_headers(headers)
        limits = {name.lower() for name, _ in headers if conclusions.is_limit(name)}
        shown = {name.lower() for name in report.limit_headers}
        report.other_limit_headers = len(limits - shown)
        for search in self._searches:
            search.conclude()
        report.settings = conclusions.settings_to_use(report, settings)
        report.reasons = conclusions.reasons(report, settings)
        report.differs = conclusions.differences(report)
        # Who waited for the limit goes at its pace, with whatever concurrency.
        pace = self._asker.waited / max(1, self._asker.sent)
        per_request = {
            name: max(seconds / settings.concurrency, pace)
            for name, seconds in self._seconds.items()
        }
        report.plan = conclusions.plan(report, settings, per_request)

    def _get(self, url: str, *, tries: int = 2) -> Answer:
        return self._asker.ask(HTTPRequest(url), tries=tries)

    def _say(self, what: str) -> None:
        sent, most = self._asker.sent, self._asker.sent + self._asker.left
        logger.info("Account check: %s (%d of at most %d requests)", what, sent, most)

    def _key(self) -> None:
        """Find out in which header the key works, and go on with that one."""
        self._say("the key")
        given = self._settings.api_key_header
        status = self._first().usable_status
        if self._settings.auth_method == "password":
            return
        self._report.key[given] = status
        if not conclusions.is_refused(status):
            return
        for header in KEY_HEADERS:
            if header.lower() == given.lower():
                continue
            before = self._asker.client
            config = {**self._given, "api_key_header": header}
            context = TapContext.from_config(config, is_configured=True)
            self._asker.client = context.client
            self._report.key[header] = self._first().usable_status
            if not conclusions.is_success(self._report.key[header]):
                self._asker.client = before

    def _first(self) -> Answer:
        request = HTTPRequest(
            f"{self._settings.base_url}/client/search",
            params={"page": "0", "size": "1"},
        )
        answer = self._asker.ask(request)
        self._note_clock()
        return answer

    def _note_clock(self) -> None:
        """Compare the server's clock with this machine's; both tell seconds."""
        last = self._asker.last
        if last and (date := parse_http_date(last.headers.get("Date"))):
            # It was cut to whole seconds.
            offset = date - dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.5)
            self._report.clock_seconds = round(offset.total_seconds())

    def _health(self) -> None:
        self._say("health")
        for path in dict.fromkeys([self._settings.health_path, *HEALTH_PATHS]):
            answer = self._get(f"{self._settings.base_url}{path}")
            response = answer.response
            is_odd = response and answer.is_success and contradiction(response)
            self._report.health[path] = None if is_odd else answer.usable_status

    def _first_pages(self) -> None:
        for stream in self._streams:
            is_built_in = isinstance(stream, SearchStream) and not isinstance(
                stream, (DetailStream, CustomStream)
            )
            if is_built_in:
                self._say(stream.name)
                self._add(t.cast("SearchStream", stream), stream.name).open()

    def _add(self, stream: SearchStream, name: str) -> SearchCheck:
        search = SearchCheck(stream, StreamFacts(name=name), self._asker)
        self._searches.append(search)
        self._report.streams.append(search.facts)
        self._seconds[name] = 0.0
        return search

    def _searches_further(self) -> None:
        way, depth = None, None
        for search in self._searches:
            search.facts.not_asked = search.facts.reachable
        for search in self._searches:
            self._say(f"how {search.facts.name} sorts and filters")
            search.compare(way)
            way = search.way or way
            self._seconds[search.facts.name] = search.page_seconds
        for search in self._searches:
            self._say(f"how deep {search.facts.name} reads")
            search.dive(depth)
            depth = search.facts.reads_to or depth
            search.facts.not_asked = False

    def _v1(self) -> None:
        if self._settings.v1_streams == "off":
            return
        for stream in self._streams:
            if isinstance(stream, ReferenceList):
                self._say(f"{stream.name} of v1")
                answer = self._get(stream.get_url(None))
                facts = self._list(stream.name, answer)
                self._report.v1.append(facts)

    def _list(self, name: str, answer: Answer) -> StreamFacts:
        records = _records(answer)
        is_odd = records is None and conclusions.is_success(answer.status)
        facts = StreamFacts(name=name, status=None if is_odd else answer.status)
        if records is not None:
            schema = SCHEMAS.fetch_schema(name)
            facts.reachable, facts.records = True, len(records)
            facts.read = "in one request"
            facts.seconds = round(answer.seconds, 3)
            facts.without_key = sum(
                not isinstance(each, dict) or each.get("id") is None for each in records
            )
            facts.fields = conclusions.names_of(records[: _SIZES[0]], schema)
        self._seconds[name] = answer.seconds
        return facts

    def _custom_fields(self) -> None:
        self._say("custom fields")
        types: list[t.Any] = []
        report = self._report
        for resource in RESOURCE_TYPES:
            answer = self._get(f"{self._settings.base_url}/customfield/all/{resource}")
            records = _records(answer)
            if records is None:
                report.custom_fields_refused[resource] = answer.status
                continue
            report.custom_fields[resource] = len(records)
            types += [r.get("fieldTypeName") for r in records if isinstance(r, dict)]
            self._seconds["custom_fields"] = answer.seconds
        report.custom_field_types, report.other_custom_field_types = (
            conclusions.custom_field_types(types)
        )

    def _details(self) -> None:
        """Ask for a client that nobody has: what does the API answer then?"""
        answer = self._get(f"{self._settings.base_url}/client/{_NOBODY}", tries=1)
        for name in conclusions.DETAILS.values():
            self._seconds[name] = answer.seconds
        if answer.status is not None:
            is_null = answer.response and answer.response.body.strip() == b"null"
            self._report.missing_detail = "null" if is_null else str(answer.status)

    def _custom_streams(self) -> None:
        streams = [each for each in self._streams if isinstance(each, CustomStream)]
        for number, stream in enumerate(streams, 1):
            self._asker.left = MOST_OF_CUSTOM_STREAM
            self._say(f"custom stream {number}")
            search = self._add(stream, f"custom stream {number}")
            try:
                search.open()
                search.compare(None)
                search.dive(None)
            except OutOfRequestsError:
                search.facts.not_asked = True
            self._seconds[search.facts.name] = search.page_seconds


class SearchCheck:
    """Asks a search what it does.

    Attributes:
        facts: What is known of it.
        way: How it compares times, if that was found.
        page_seconds: How long the first page took, with all its records.
    """

    def __init__(self, stream: SearchStream, facts: StreamFacts, asker: Asker) -> None:
        self.facts = facts
        self.way: Way | None = None
        self.page_seconds = 0.0
        self._stream = stream
        self._asker = asker
        self._first: Page | None = None
        self._newest: Page | None = None

    def open(self) -> None:
        """Ask for the first page in several sizes, and for page 1."""
        facts = self.facts
        for size in _SIZES:
            page, answer = self._ask(PageRequest(size=size))
            if not page:
                self._note_failure(answer)
            full = conclusions.full_page(page, size) if page else 0
            facts.page_sizes[str(size)] = full
            if page and not self._first:
                self._take(page, answer)
            if full in {size, None}:
                break
        if not self._first:
            page, answer = self._ask(PageRequest(1, size=1))
            facts.first_page = 1 if page and page.keys else None
        elif len(self._first.keys) > 1 and (page := self._page(PageRequest(1, size=1))):
            facts.first_page = conclusions.first_page(self._first, page)

    def _note_failure(self, answer: Answer) -> None:
        """Note the status, unless it is a success that has no records."""
        is_odd = conclusions.is_success(answer.status)
        self.facts.status = None if is_odd else answer.status

    def _take(self, page: Page, answer: Answer) -> None:
        """Take the first page: it shows the most of all."""
        facts, self._first = self.facts, page
        facts.reachable, facts.status = True, answer.status
        facts.total = "absent" if page.total is None else None
        facts.records = page.total
        if page.total is None and page.is_said_to_be_last:
            facts.records = len(page.keys)
        self.page_seconds = answer.seconds
        facts.without_key = sum(key is None for key in page.keys)
        if page.keys and self._stream.reads_by_time:
            shown = [each.modified is not None for each in page.records]
            facts.shows_modification = any(shown)
        if answer.response:
            facts.seconds = round(answer.response.first_byte_seconds, 3)
        if page.keys:
            facts.records_per_second = round(len(page.keys) / max(answer.seconds, 1e-3))
        if not isinstance(self._stream, CustomStream):
            schema = SCHEMAS.fetch_schema(self._stream.name)
            facts.fields = conclusions.names_of(_records(answer) or [], schema)

    def compare(self, likely: Way | None) -> None:
        """Find out whether it sorts and filters by time, and how it compares."""
        facts, first = self.facts, self._first
        if not first or not first.keys or not self._stream.reads_by_time:
            return
        newest, answer = self._ask(PageRequest(newest_first=True))
        if not newest:
            facts.sorts_descending = False if answer.is_refusal else None
            return
        self._newest = newest
        if newest.newest:
            facts.newest_seconds = round(
                (newest.newest - newest.sent_at).total_seconds()
            )
        facts.sorts_ascending, facts.sorts_descending = conclusions.sorts_all(
            first, newest
        )
        future, answer = self._ask(PageRequest.for_count(FAR_FUTURE))
        if future is None:
            facts.filters = False if answer.is_refusal else None
            return
        facts.future_is_empty = not future.keys
        facts.counted_too_many = (future.total or 0) if not future.keys else 0
        if not conclusions.filters(future, FAR_FUTURE):
            facts.filters = False
        else:
            self._filter(newest, likely)
        if facts.filters:
            undated = Undated()
            self._run(undated.count_beside(first.total))
            facts.without_time = undated.total

    def _filter(self, newest: Page, likely: Way | None) -> None:
        """Find out how it filters, by asking for the newest record that is known."""
        facts = self.facts
        is_sorted = facts.sorts_ascending is not False
        times = [time for time in newest.times if time and EPOCH < time < FAR_FUTURE]
        if not times:
            return
        search = FilterSearch(sorted(times, reverse=True), likely)
        for _ in range(_MOST_QUESTIONS):
            if not (question := search.next()):
                break
            page = self._page(PageRequest(after=question.after))
            if page is None:
                break
            if not conclusions.filters(page, question.after):
                facts.filters = False
                return
            passes = conclusions.passes(page, question.time, is_sorted=is_sorted)
            if passes is None:
                break
            search.tell(question, passes=passes)
        else:
            return
        if (way := search.way) and search.next() is None:
            self.way, facts.filters = way, True
            facts.inclusive, facts.precision = way.inclusive, way.precision
            facts.zone = way.zone
        elif self._hides(newest):
            facts.filters = False

    def _hides(self, newest: Page) -> bool:
        """Tell whether the filter hides records; else they may have been edited."""
        border = Border()
        border.remember(newest, PageRequest(newest_first=True))
        try:
            self._run(border.check(newest.newest or newest.sent_at))
        except NotByTimeError:
            return True
        return False

    def dive(self, likely: int | None) -> None:
        """Find out whether the total is exact, and how deep it reads."""
        facts, first = self.facts, self._first
        if not first or not first.total:
            if first and first.total == 0:
                facts.total = "exact" if not first.keys else "inexact"
            return
        for _ in range(_MOST_DIVES):
            search, counted = self._dive(first.total, likely)
            if counted == first.total:
                break
            first = replace(first, total=counted)  # It grew or shrank meanwhile.
        else:
            return
        total = counted - facts.counted_too_many
        facts.reads_to, facts.beyond = search.reads_to, search.beyond
        facts.total = "inexact" if facts.counted_too_many else search.total
        if facts.total is None and search.deepest and self._is_true(total, search):
            facts.total = "exact"
        facts.records = total

    def _dive(self, counted: int, likely: int | None) -> tuple[DepthSearch, int]:
        """Search the depth; end where the total changes, and return the total."""
        assert self._first  # noqa: S101
        search = DepthSearch(
            counted - self.facts.counted_too_many,
            known=len(self._first.keys),
            likely=likely,
            newest=self._newest.newest if self._newest and self._sorts else None,
        )
        while (place := search.next()) is not None:
            page, answer = self._ask(self._at(place), tries=1)
            if page and page.total not in {None, counted}:
                return search, page.total or 0
            search.tell(page, answer.status)
        return search, counted

    def _at(self, place: int, *, newest_first: bool = False) -> PageRequest:
        number = place + (self.facts.first_page or 0)
        return PageRequest(number, size=1, newest_first=newest_first)

    @property
    def _sorts(self) -> bool:
        facts = self.facts
        return False not in (facts.sorts_ascending, facts.sorts_descending)

    def _is_true(self, total: int, search: DepthSearch) -> bool:
        """Tell whether a record has the place from the end that the total gives it."""
        if not search.deepest or not self._sorts:
            return False
        place, time_there = search.deepest
        page = self._page(self._at(total - 1 - place, newest_first=True))
        return bool(page and page.newest and page.newest == time_there)

    def conclude(self) -> None:
        """Say how it will be read, once everything is known."""
        facts = self.facts
        for size, full in facts.page_sizes.items():
            # What is counted and not there makes a page that has all look full.
            may_be_all = facts.records, facts.reads_to if facts.total is None else None
            if full and full in may_be_all and full < int(size):
                facts.page_sizes[size] = None
        facts.read = conclusions.how_read(
            facts,
            self._stream.settings.page_size,
            by_time=self._stream.reads_by_time,
        )

    def _run(self, chain: Chain[t.Any]) -> t.Any:
        """Run a chain of the reading of pages; None if a page cannot be read."""
        try:
            request = next(chain)
            while page := self._page(request):
                request = chain.send(page)
        except StopIteration as ended:
            return ended.value
        return None

    def _page(self, request: PageRequest) -> Page | None:
        return self._ask(request)[0]

    def _ask(
        self, request: PageRequest, *, tries: int = 2
    ) -> tuple[Page | None, Answer]:
        answer = self._asker.ask(self._stream.request_for(request), tries=tries)
        response = answer.response
        if not response or not answer.is_success:
            return None, answer
        try:
            found = self._stream.read_records(response.body, self._reader)
        except UnexpectedBodyError:
            return None, answer
        if found.counts is None:
            return None, answer
        page = Page(
            number=request.number,
            records=found.records,
            keys=[record.key for record in found.records],
            times=[record.time for record in found.records],
            **found.counts._asdict(),
            sent_at=response.sent_at or dt.datetime.now(dt.UTC),
        )
        return page, answer

    @cached_property
    def _reader(self) -> RecordReader:
        """Reads keys and times, and nothing else."""
        stream = self._stream
        names = {*stream.primary_keys, stream.modification_key, stream.creation_key}
        return RecordReader(
            {"properties": {name: {} for name in names if name}},
            primary_keys=stream.primary_keys,
            time_keys=(stream.modification_key, stream.creation_key),
            warn=lambda *_: None,
        )


def _records(answer: Answer) -> list[t.Any] | None:
    """Return the records of an answer; None if it is none."""
    if not answer.response or not answer.is_success:
        return None
    try:
        return records_of(decode_json(answer.response.body))[0]
    except UnexpectedBodyError:
        return None


def _base(url: str, *, shows_host: bool) -> str:
    """Return the base URL, without the host that tells whose it is."""
    if shows_host or url == DEFAULT_BASE_URL:
        return url
    path = urlsplit(url).path
    return f"<host>{path if path in _USUAL_PATHS else '/<path>'}"
