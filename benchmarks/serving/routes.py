"""Which path is answered with what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from benchmarks.serving import pages, records

_API = "/api"
_UUID_STEM = records.uuid(0)[:-12]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes


_EMPTY_LIST = Answer(200, b"[]")
_HEALTHY = Answer(200, b'{"status":"UP"}')
_NOT_FOUND = Answer(404, b'{"userMessage":"not found"}')
_BAD_REQUEST = Answer(400, b'{"userMessage":"bad request"}')
REFUSED = Answer(401, b'{"userMessage":"unauthorized"}')


@dataclass(frozen=True, slots=True)
class Routes:
    """The API of an account.

    Attributes:
        total: How many clients it has.
        max_size: The most records that a page has, whatever is asked for.
    """

    total: int
    max_size: int

    def answer(self, target: str) -> Answer:
        """Answer a GET request.

        Args:
            target: Path and query.

        Returns:
            The answer.
        """
        parts = urlsplit(target)
        path = parts.path.removeprefix(_API)
        if path == "/client/search":
            return self._search(parts.query)
        if path.startswith("/client/"):
            return self._detail(path.removeprefix("/client/"))
        if path.startswith("/customfield/all/"):
            return _EMPTY_LIST
        return _HEALTHY if path == "/health" else _NOT_FOUND

    def _search(self, query: str) -> Answer:
        try:
            return Answer(200, pages.search(self._read(query)))
        except ValueError:
            return _BAD_REQUEST

    def _read(self, query: str) -> pages.Query:
        given = dict(parse_qsl(query))
        return pages.Query(
            page=int(given.get("page", "0")),
            size=max(1, min(int(given.get("size", "100")), self.max_size)),
            total=self._matching(given.get("modifiedAfter")),
            ascending=given.get("sortDirection") == "asc",
        )

    def _matching(self, after: str | None) -> int:
        if after is None:
            return self.total
        moment = dt.datetime.fromisoformat(after)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return min(self.total, records.changed_after(moment))

    def _detail(self, uuid: str) -> Answer:
        number = uuid.removeprefix(_UUID_STEM)
        if not number.isdecimal() or not 0 < int(number) <= self.total:
            return _NOT_FOUND
        return Answer(200, _detail(int(number)))


@lru_cache(10_000)
def _detail(number: int) -> bytes:
    return records.detail(number)
