"""Asks a search what it does."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import replace
from functools import cached_property

from tap_clientsuccess.account_check import pages
from tap_clientsuccess.account_check.depth import Depth, Reply, find_depth
from tap_clientsuccess.account_check.facts import REFUSED, StreamFacts
from tap_clientsuccess.account_check.fields import names_of
from tap_clientsuccess.account_check.filters import find_way
from tap_clientsuccess.account_check.verdict import how_read
from tap_clientsuccess.catalog import SCHEMAS
from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.paging.evidence import Evidence, NotByTimeError
from tap_clientsuccess.paging.page import EPOCH, FAR_FUTURE, Page, PageRequest
from tap_clientsuccess.paging.undated import Undated
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.records.envelope import records_of
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


def records_in(answer: Answer) -> list[t.Any] | None:
    """Return the records of an answer; None if it is none."""
    if answer.body is None:
        return None
    try:
        return records_of(decode_json(answer.body))[0]
    except UnexpectedBodyError:
        return None


class SearchCheck:
    """The check of one search; its methods are called in the order they stand.

    Args:
        stream: The search.
        facts: Where its findings go.
        asker: Sends the requests.

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
        for size in SIZES:
            page, answer = self._ask(PageRequest(size=size))
            if not page:
                facts.page_sizes[str(size)] = (
                    REFUSED if answer.refuses_request else None
                )
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
        one = None
        if not self._first or len(self._first.keys) > 1:
            one = self._page(PageRequest(1, size=1))
        if not self._first:
            facts.first_page = 1 if one and one.keys else None
        elif one:
            facts.first_page = pages.first_page(self._first, one)

    def _goes_on(self, page: Page, size: int) -> bool:
        """Tell whether records follow the first page, if need be by asking for them."""
        says = pages.goes_on(page)
        if says is not None or not page.keys:
            return bool(says)
        following = self._page(PageRequest(1, size=size))
        if following is not None and not following.keys:
            self.facts.records = len(page.keys)
        return following is not None and not {*following.keys} <= {*page.keys}

    def _take(self, page: Page, answer: Answer) -> None:
        """Take the first page: the largest shows the most."""
        facts, self._first = self.facts, page
        facts.reachable, facts.status = True, answer.status
        if page.total is None:
            facts.total = "absent"
            if not facts.records and (not page.keys or page.is_said_to_be_last):
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
            facts.fields = names_of(records_in(answer) or [], schema)

    def compare(self, likely: Way | None) -> None:
        """Find out whether it sorts and filters by time, and how it compares."""
        facts, first = self.facts, self._first
        if not first or not first.keys or not self._stream.reads_by_time:
            return
        newest, answer = self._ask(PageRequest(newest_first=True))
        if not newest:
            facts.sorts_descending = False if answer.refuses_request else None
            return
        self._newest = newest
        facts.sorts_ascending, facts.sorts_descending = pages.sorts_all(first, newest)
        if newest.newest and facts.sorts_descending is not False:
            ahead = newest.newest - newest.sent_at
            facts.newest_seconds = round(ahead.total_seconds())
        future, answer = self._ask(PageRequest.for_count(FAR_FUTURE))
        if future is None:
            facts.filters = False if answer.refuses_request else None
            return
        facts.future_is_empty = not future.keys
        # A total that no filter changes tells nothing of a filter.
        is_counted = future.total != first.total
        if facts.future_is_empty and is_counted:
            facts.counted_too_many = future.total or 0
        facts.filters = self._filter(newest, likely) if not future.keys else False
        if facts.filters and is_counted:
            undated = Undated()
            self._run(undated.count_beside(first.total))
            facts.without_time = undated.total

    def _filter(self, newest: Page, likely: Way | None) -> bool | None:
        """Tell whether it filters by time, and find out how, by asking for records."""
        facts = self.facts
        is_sorted = self._sorts
        times = {time for time in newest.times if time and EPOCH < time < FAR_FUTURE}
        if not times:
            return None
        search = find_way(sorted(times, reverse=True), likely)
        try:
            question = next(search)
            for _ in range(_MOST_QUESTIONS):
                page = self._page(PageRequest(after=question.after))
                if page is None:
                    return None
                if not pages.filters(page, question.after):
                    return False
                passes = pages.passes(page, question.time, is_sorted=is_sorted)
                if passes is None:
                    # It leaves no record of the future, but which others is not seen.
                    return True
                question = search.send(passes)
        except StopIteration as ended:
            self.way = ended.value
        if self.way:
            facts.precision, facts.inclusive, facts.zone = self.way
            return True
        return not (is_sorted and self._hides(newest))

    def _hides(self, newest: Page) -> bool:
        """Tell whether the filter hides records; else they may have been edited."""
        evidence = Evidence()
        evidence.remember(newest, PageRequest(newest_first=True))
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
        for _ in range(_MOST_MEASUREMENTS):
            found, counted = self._depth_by_total(first.total, likely)
            if counted == first.total:
                break
            first = replace(first, total=counted)  # It grew or shrank meanwhile.
        else:
            return
        facts.counted_too_many += found.missing
        facts.records = counted - facts.counted_too_many
        facts.total, facts.reads_to, facts.beyond, _ = found
        if facts.counted_too_many:
            facts.total = "inexact"

    def _depth_by_total(self, counted: int, likely: int | None) -> tuple[Depth, int]:
        """Search the depth; end where the total changes, and return the total."""
        search = find_depth(
            counted - self.facts.counted_too_many,
            len(self._first.keys) if self._first else 0,
            sorts=self._newest is not None and self._sorts,
            likely=likely,
        )
        try:
            place = next(search)
            while True:
                request = PageRequest(
                    place.number + (self.facts.first_page or 0),
                    size=1,
                    newest_first=place.newest_first,
                )
                page, answer = self._ask(request, tries=1)
                if page and page.total not in {None, counted}:
                    return Depth(), page.total or 0
                place = search.send(Reply(page, answer.status_without_records))
        except StopIteration as ended:
            return ended.value, counted

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
            while page := self._page(request):
                request = chain.send(page)
        except StopIteration:
            pass

    def _page(self, request: PageRequest) -> Page | None:
        return self._ask(request)[0]

    def _ask(
        self, request: PageRequest, *, tries: int = 2
    ) -> tuple[Page | None, Answer]:
        answer = self._asker.ask(self._stream.request_for(request), tries=tries)
        if answer.body is None or answer.response is None:
            return None, answer
        try:
            found = self._stream.read_records(answer.body, self._reader)
            sent_at = answer.response.sent_at or dt.datetime.now(dt.UTC)
            return self._stream.page_of(request, found, sent_at), answer
        except UnexpectedBodyError:
            return None, answer

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
