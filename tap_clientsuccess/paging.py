"""How to walk a paged search without losing a record while the data changes.

Page numbers drift: a record deleted, inserted or edited while somebody is paging moves
all that comes behind it. This is what `Walk` relies on:

1. *Newest first.* The search is sorted by descending modification time, so inserts and
   edits go to the front. They push unread records to the right: some are read twice,
   none is skipped. An edited record that was not read yet jumps over the reader; the
   next sync reads it, because the bookmark stays at or before the walk's beginning.
2. *Deletes show in the total.* Only a delete pulls records to the left, past the
   reader, and it lowers ``totalElements``. ``_frontier`` counts the positions known to
   be read without a gap; a fall of the total by d takes d from it, and the page that
   holds the frontier is read again.
3. *A quiet window is consistent.* Several pages at once count only when no key in them
   was seen before and each tells the same total as before. Any insert or edit while
   they were in flight pushes a seen record into them, any delete changes the total.
   Pages that were not quiet are read again, one at a time.
4. *Equal times are read in one piece.* A server may order them differently each time.
   Where two pages share some, and one comes twice, a page that has all of them on it is
   asked for (see `ties`).
5. *A server that does not keep its order is noticed* (see `witness`), and all is
   walked again.
6. *The end is checked.* As many distinct keys must have been seen as the server has
   records. Records that jumped over the reader stand at the front: the walk begins
   again there and ends as soon as the count is reached, after three walks at most.
   What is still missing then is in `Walk.missing`.

Every walk is finite, whatever the server tells: `_budget` bounds its requests by what
they brought.
"""

from __future__ import annotations

import typing as t
from collections import deque

from tap_clientsuccess.keys import KeySet
from tap_clientsuccess.pages import Page, PageRequest
from tap_clientsuccess.ties import Border
from tap_clientsuccess.witness import Witness

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

Fetch = t.Callable[[PageRequest], t.Callable[[], Page]]

MAX_WALKS = 3
_SPARE_REQUESTS = 50
_REQUESTS_PER_PAGE = 5


class Walk:
    """Walks through all pages of a search; iterate over it once.

    Yields each page that counts, in order. A record may come more than once, its
    newest state last.

    Attributes:
        missing: After the iteration, how many records the server has that were not
            seen; 0 where the walk is complete.
    """

    def __init__(self, fetch: Fetch, *, width: int = 1) -> None:
        """Prepare a walk.

        Args:
            fetch: Begins to fetch a page; returns what waits for it.
            width: How many pages to fetch at once; as many are held in memory.
        """
        self._fetch = fetch
        self._width = width
        self._ahead: deque[tuple[int, Callable[[], Page]]] = deque()
        self._serial_until = 0
        self._walks = 0
        self._seen = KeySet()
        self._seen_in_walk = KeySet()
        self._total: int | None = None
        self._size = 1
        self._frontier = 0
        self._requests = 0
        self._keyless = 0
        self._keyless_in_walk = 0
        self._stuck = False
        self._ended = False
        self._tells_total: set[bool] = set()
        self._before: Page | None = None
        self._deleted = 0
        self._near: dict[int, tuple[Page, int]] = {}
        self._witness = Witness()
        self.missing = 0

    @property
    def in_doubt(self) -> bool:
        """Whether records may be missing: the end was not reached, or see `witness`."""
        return not self._ended or self._witness.in_doubt

    @property
    def certain_until(self) -> dt.datetime | None:
        """Until when every change was seen; None where nothing tells."""
        return self._witness.certain_until

    def __iter__(self) -> Iterator[Page]:
        for _ in range(MAX_WALKS):
            yield from self._walk()
            is_complete = not self.missing and not self.in_doubt
            if is_complete or (self._keyless and not self._seen):
                return

    def _walk(self) -> Iterator[Page]:
        window = deque([self._begin()])
        while window:
            page = window.popleft()
            self._count(page)
            self._look_ahead(page, window)
            yield page
            yield from self._made_whole(page)
            if not window and self._goes_on(page):
                window = self._next_window()
        # Deletes cannot be seen where only some pages tell the total.
        is_even = len(self._tells_total) == 1
        self._ended = self._has_caught_up or (self._has_read_all(page) and is_even)
        self.missing = self._short_by
        self._witness.conclude(missing=self.missing)

    def _begin(self) -> Page:
        """Read the first page, alone: it tells how many there are, and how long."""
        self._walks += 1
        self._ahead.clear()
        self._requests = 0
        page = self._launch(0)()
        self._size = _page_size(page)
        self._frontier = 0
        self._tells_total = set()
        self._serial_until = 0
        self._before = None
        self._near.clear()
        self._seen_in_walk = KeySet()
        self._keyless_in_walk = 0
        return page

    def _launch(self, number: int, size: int | None = None) -> Callable[[], Page]:
        self._requests += 1
        return self._fetch(PageRequest(number, size))

    def _look_ahead(self, page: Page, window: Sequence[Page]) -> None:
        """Begin to fetch the next window, as the pages of this one are given away."""
        if self._width == 1 or self._walks > 1 or not page.has_next:
            return
        number = window[-1].number + 1 if window else self._frontier // self._size
        number += len(self._ahead)
        while (
            self._serial_until <= number < (page.pages or 0)
            and len(window) + len(self._ahead) < self._width
        ):
            self._ahead.append((number, self._launch(number)))
            number += 1

    def _next_window(self) -> deque[Page]:
        """Return the pages that follow: a quiet window, or else one page."""
        number = self._frontier // self._size
        ahead, self._ahead = self._ahead, deque()
        if ahead and ahead[0][0] == number:
            window = deque(wait() for _, wait in ahead)
            if self._is_quiet(window):
                return window
            self._serial_until = number + len(window)
        return deque([self._launch(number)()])

    def _count(self, page: Page) -> None:
        """Take note of a page: what it brought, and how far all is read by it."""
        self._step_back(page)
        start = page.number * self._size
        if self._frontier >= start and not self._is_odd(page):
            # A page in the middle may be short where the server filters after paging.
            read = self._size if page.has_next else len(page.records)
            self._frontier = max(self._frontier, start + read)
        self._total = self._total if page.total is None else page.total
        self._tells_total.add(page.total is not None)
        self._seen.add(page.keys)
        new = self._seen_in_walk.add(page.keys)
        self._witness.saw(page)
        keyless = len(page.records) - len(page.keys)
        self._keyless_in_walk += keyless
        self._keyless = max(self._keyless, self._keyless_in_walk)
        self._stuck = self._is_same(page) or (
            self._total is None and bool(page.keys) and not new
        )

    def _step_back(self, page: Page) -> None:
        """Go back by as many records as were deleted."""
        if page.total is None or self._total is None or page.total >= self._total:
            return
        deleted = self._total - page.total
        self._deleted += deleted
        self._frontier = max(0, self._frontier - deleted)

    def _is_odd(self, page: Page) -> bool:
        """Whether a page is empty that should not be, for the first time."""
        before = self._before
        is_empty = not page.records and page.has_next
        return is_empty and (before is None or before.number != page.number)

    def _is_same(self, page: Page) -> bool:
        """Whether a page of records without keys is the one before once more."""
        before = self._before
        if before is None or page.keys or before.number == page.number:
            return False
        return bool(page.records) and page.records == before.records

    def _made_whole(self, page: Page) -> Iterator[Page]:
        """Read the run of equal times again that the page before shares with this."""
        self._before = page = page.without_records() if page.keys else page
        before, deleted = self._near.get(page.number - 1, (None, 0))
        self._near[page.number] = page, self._deleted
        self._near = {n: it for n, it in self._near.items() if n > page.number - 3}
        if before is None:
            return
        border = Border(before, page, self._size, deleted=self._deleted > deleted)
        self._witness.saw_order(is_shuffled=border.is_shuffled)
        if self._frontier < page.number * self._size:
            return  # It is to be read again.
        for request in border.requests:
            again = self._launch(*request)()
            self._seen.add(again.keys)
            border.saw(again)
            yield again
            if border.is_whole:
                break
        self._witness.saw_border(border)

    def _is_quiet(self, window: Sequence[Page]) -> bool:
        keys = KeySet()
        new = sum(keys.add(page.keys) for page in window)
        return (
            new == sum(len(page.keys) for page in window)
            and not self._seen.has_any(keys)
            and all(page.total == self._total for page in window)
        )

    def _goes_on(self, page: Page) -> bool:
        if self._requests >= self._budget or self._stuck:
            return False
        return not self._has_caught_up and not self._has_read_all(page)

    @property
    def _has_caught_up(self) -> bool:
        """Whether a walk that only looked for missing records has found them."""
        is_catching_up = self.missing > 0 and not self.in_doubt
        return is_catching_up and not self._short_by

    def _has_read_all(self, page: Page) -> bool:
        return not page.has_next and self._frontier >= page.number * self._size

    @property
    def _budget(self) -> int:
        """Requests that one walk may make: many for every page that brought keys."""
        brought = (len(self._seen) + self._keyless_in_walk) // self._size + 1
        return _REQUESTS_PER_PAGE * brought + _SPARE_REQUESTS

    @property
    def _short_by(self) -> int:
        seen = len(self._seen) + self._keyless
        return max(0, (self._total or 0) - seen)


def _page_size(page: Page) -> int:
    """Return the smaller of the size that is told and the one that is there."""
    count = len(page.records)
    told = page.size or count
    return max(1, min(told, count) if count and page.has_next else told)
