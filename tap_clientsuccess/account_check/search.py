"""Asks a search what it does."""

from __future__ import annotations

import datetime as dt
import typing as t
from functools import cached_property, partial

from tap_clientsuccess.account_check import pages
from tap_clientsuccess.account_check.facts import REFUSED, StreamFacts
from tap_clientsuccess.account_check.fields import names_of
from tap_clientsuccess.account_check.filters import Ways
from tap_clientsuccess.account_check.verdict import how_read
from tap_clientsuccess.catalog import SCHEMAS
from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.page import DAWN, FAR_FUTURE, Page, PageRequest
from tap_clientsuccess.paging.undated import Undated
from tap_clientsuccess.records.record_reader import RecordReader
from tap_clientsuccess.streams.custom import CustomStream

if t.TYPE_CHECKING:
    from tap_clientsuccess.account_check.asker import Answer, Asker
    from tap_clientsuccess.account_check.filters import Way
    from tap_clientsuccess.paging.page import Chain
    from tap_clientsuccess.streams.search import SearchStream

SIZES = (1000, 500, 200)
_MOST_QUESTIONS = 20
_MOST_MEASUREMENTS = 3


class _TotalChangedError(Exception):
    """The total is another than before."""

    def __init__(self, total: int) -> None:
        self.total = total


class SearchCheck:
    """The check of one search; its methods are called in the order they stand.

    Attributes:
        facts: What is known of it.
        way: How it compares times, if that was found.
        page_seconds: How long a page took, with all its records.
    """

    def __init__(self, stream: SearchStream, name: str, asker: Asker) -> None:
        """Take a search, its name in the report, and what sends the requests."""
        self.facts = StreamFacts(name=name)
        self.way: Way | None = None
        self.page_seconds = 0.0
        self._stream = stream
        self._asker = asker
        self._first: Page | None = None

    def open(self) -> None:
        """Ask for the first page in several sizes, and for page 1."""
        facts = self.facts
        for size in SIZES:
            page, answer = self._ask(PageRequest(size=size))
            if not page:
                is_refused = answer.refuses_request
                facts.page_sizes[str(size)] = REFUSED if is_refused else None
                if not facts.reachable:
                    facts.status = answer.status_without_records
                continue
            got = len(page.keys)
            full = got if got >= size or self._goes_on(page, size) else None
            facts.page_sizes[str(size)] = full
            if not self._first or got > len(self._first.keys):
                self._take(page, answer)
            if full in {size, None}:
                break
        first = self._first
        if not first or len(first.keys) > 1:
            one, _ = self._ask(PageRequest(1, size=1))
            facts.first_page = pages.first_page(first, one) if one else None

    def _goes_on(self, page: Page, size: int) -> bool:
        """Tell whether records follow the first page, if need be by asking for them."""
        says = pages.goes_on(page)
        if says is not None or not page.keys:
            return bool(says)
        following = self._ask(PageRequest(1, size=size))[0]
        if following is not None and not following.keys:
            self.facts.records = len(page.keys)
        return following is not None and not {*following.keys} <= {*page.keys}

    def _take(self, page: Page, answer: Answer) -> None:
        """Take the first page: the largest shows the most."""
        facts, self._first = self.facts, page
        facts.reachable, facts.status = True, answer.status
        if page.total is None:
            facts.total = "absent"
            if not facts.records and (not page.keys or page.last):
                facts.records = len(page.keys)
        else:
            facts.records = page.total
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
            facts.fields = names_of(answer.records or [], schema)

    def compare(self, likely: Way | None) -> None:
        """Find out whether it sorts and filters by time, and how it compares."""
        facts, first = self.facts, self._first
        if not first or not first.keys or not self._stream.reads_by_time:
            return
        newest, answer = self._ask(PageRequest(newest_first=True))
        if not newest:
            facts.sorts_descending = False if answer.refuses_request else None
            return
        # The first page may be five times as large as those of a sync, and slow.
        self.page_seconds = answer.seconds
        facts.sorts_ascending, facts.sorts_descending = pages.sorts_all(first, newest)
        if len(first.keys) > 1:
            times = {*first.times, *newest.times}
            facts.one_time = len(times) == 1 and None not in times
        if newest.newest and facts.sorts_descending is not False:
            ahead = newest.newest - newest.sent_at
            facts.newest_seconds = round(ahead.total_seconds())
        self._compare_future(first, newest, likely)

    def _compare_future(self, first: Page, newest: Page, likely: Way | None) -> None:
        """Find out what a filter by a time in the future leaves, and how it filters."""
        facts = self.facts
        future, answer = self._ask(PageRequest.for_count(FAR_FUTURE))
        if not future:
            facts.filters = False if answer.refuses_request else None
            return
        facts.future_is_empty = not future.keys
        # A total that no filter changes tells nothing of a filter.
        is_counted = future.total != first.total
        if facts.future_is_empty and first.total is not None:
            facts.filters_total = is_counted
            facts.counted_too_many = (future.total or 0) * is_counted
        facts.filters = self._filter(newest, likely) if not future.keys else False
        if facts.filters and is_counted:
            undated = Undated()
            self._run(undated.count_beside(first.total))
            facts.without_time = undated.total

    def _filter(self, newest: Page, likely: Way | None) -> bool | None:
        """Tell whether it filters by time, and find out how, by asking for records."""
        facts, is_sorted = self.facts, self._sorts
        times = {time for time in newest.times if time and DAWN < time < FAR_FUTURE}
        if not times:
            return None
        ways = Ways(sorted(times, reverse=True), likely)
        for _ in range(_MOST_QUESTIONS):
            if not (question := ways.question()):
                break
            page, _answer = self._ask(PageRequest(after=question.after))
            if not page:
                return None
            if not pages.filters(page, question.after):
                return False
            passes = pages.passes(page, question.time, is_sorted=is_sorted)
            if passes is None:
                # It leaves no record of the future, but which others is not seen.
                return True
            ways.learn(question, passes=passes)
        if ways.likeliest and not ways.question():
            self.way = ways.likeliest
            facts.precision, facts.inclusive, facts.zone = self.way
            return True
        return not (is_sorted and self._hides(newest))

    def _hides(self, newest: Page) -> bool:
        """Tell whether the filter hides records; else they may have been edited."""
        evidence = Evidence()
        evidence.check(newest, PageRequest(newest_first=True))
        try:
            self._run(evidence.check_border(newest.newest or newest.sent_at))
        except NotByTimeError:
            return True
        return False

    def measure_depth(self, likely: int | None) -> None:
        """Find out whether the total is exact, and how deep it reads."""
        facts, first = self.facts, self._first
        if not first or not first.total:
            if first and first.total == 0:
                facts.total = "inexact" if first.keys else "exact"
            return
        counted = first.total
        for _ in range(_MOST_MEASUREMENTS):
            try:
                found = pages.find_depth(
                    partial(self._reply, counted),
                    counted - facts.counted_too_many,
                    len(first.keys),
                    sorts=facts.newest_seconds is not None and self._sorts,
                    likely=likely,
                )
            except _TotalChangedError as changed:
                counted = changed.total  # It grew or shrank meanwhile.
            else:
                break
        else:
            return
        facts.counted_too_many += found.missing
        facts.records = counted - facts.counted_too_many
        facts.total, facts.reads_to, facts.beyond, _ = found
        if facts.counted_too_many:
            facts.total = "inexact"

    def _reply(self, counted: int, place: int) -> pages.Reply:
        """Ask for the record at a place, unless the total changes meanwhile."""
        number = (place if place >= 0 else -1 - place) + (self.facts.first_page or 0)
        request = PageRequest(number, size=1, newest_first=place < 0)
        page, answer = self._ask(request, tries=1)
        if page and page.total not in {None, counted}:
            raise _TotalChangedError(page.total or 0)
        return pages.Reply(page, answer.status_without_records)

    @property
    def _sorts(self) -> bool:
        facts = self.facts
        return False not in (facts.sorts_ascending, facts.sorts_descending)

    def conclude(self) -> None:
        """Say how it will be read, once everything is known."""
        facts = self.facts
        for size, full in facts.page_sizes.items():
            # What is counted and not there makes a page that has all look full.
            may_be_all = facts.records, facts.reads_to if facts.total is None else None
            if full and full in may_be_all and full < int(size):
                facts.page_sizes[size] = None
        asked = self._stream.settings.page_size
        facts.read = how_read(facts, asked, by_time=self._stream.reads_by_time)

    def _run(self, chain: Chain[None]) -> None:
        """Run a chain of the reading of pages; end it if a page cannot be read."""
        try:
            request = next(chain)
            while page := self._ask(request)[0]:
                request = chain.send(page)
        except StopIteration:
            pass

    def _ask(
        self, request: PageRequest, *, tries: int = 2
    ) -> tuple[Page | None, Answer]:
        answer = self._asker.ask(self._stream.request_for(request), tries=tries)
        if answer.body is None or answer.response is None:
            return None, answer
        try:
            now, response = dt.datetime.now(dt.UTC), answer.response
            page = self._stream.read_page(request, self._reader, now, response)
        except UnexpectedBodyError:
            return None, answer
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
        )
