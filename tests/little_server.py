"""A little server that is no sandbox: what it does is a few functions in one table."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
import typing as t
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "little-server-key"
RESOURCES = {
    "client": "clients",
    "contact": "contacts",
    "contract": "contracts",
    "clientNote": "client_notes",
    "pulse": "pulses",
    "product": "products",
}
START = dt.datetime(2025, 3, 1, 10, tzinfo=dt.UTC)
HTML = "<html><body>hello"
Answer = tuple[int, t.Any]


def usual(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def passes_from(
    unit: dt.timedelta, *, inclusive: bool = True, hours: float = 0
) -> t.Any:
    """Return a filter that compares units, of a zone."""

    def passes(shown: dt.datetime, after: dt.datetime) -> bool:
        zone, start = dt.timedelta(hours=hours), dt.datetime.min.replace(tzinfo=dt.UTC)
        place = (shown + zone - start) // unit
        limit = (after - start) // unit
        return place >= limit if inclusive else place > limit

    return passes


MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(kw_only=True)
class Account:
    """What a server does; each search the same, but for its number of records."""

    counts: dict[str, int] = field(default_factory=dict)
    count: int = 260
    step: dt.timedelta = dt.timedelta(hours=7, minutes=11, milliseconds=137)
    same_time: bool = False
    undated: int = 0
    size: t.Callable[[int], int] = lambda asked: min(asked, 200)
    """Records of a full page; a status from 400 on refuses it."""
    total: t.Callable[[int], int | None] = lambda count: count
    says_last: bool = True
    passes: t.Any = field(default_factory=lambda: passes_from(MILLISECOND))
    sorts: frozenset[str] = frozenset({"asc", "desc"})
    otherwise: str = ""
    """What it does where it does not sort as asked: another direction, or mixed."""
    depth: int | None = None
    beyond: Answer = (400, {"message": "too deep"})
    first_page: int = 0
    health: dict[str, Answer] = field(
        default_factory=lambda: {"/health": (200, {"status": "UP"})}
    )
    key_header: str = "X-API-Key"
    refused: dict[str, Answer] = field(default_factory=dict)
    """By the end of a path."""
    v1: Answer | None = None
    extra: dict[str, t.Any] = field(default_factory=dict)
    write: t.Callable[[dt.datetime], t.Any] = usual
    per_minute: int | None = None
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.requests: list[str] = []
        self.started = time.monotonic()
        self.minutes: Counter[int] = Counter()
        self.made: dict[str, list[tuple[dt.datetime | None, dict[str, t.Any]]]] = {}

    def records(self, name: str) -> list[tuple[dt.datetime | None, dict[str, t.Any]]]:
        if name not in self.made:
            self.made[name] = [self._record(name, n) for n in range(self._count(name))]
        return self.made[name]

    def _count(self, name: str) -> int:
        return self.counts.get(name, 12 if name == "products" else self.count)

    def _record(
        self, name: str, number: int
    ) -> tuple[dt.datetime | None, dict[str, t.Any]]:
        place = 0 if self.same_time else (number * 7919) % self._count(name)
        moment = START + place * self.step
        record: dict[str, t.Any] = {"id": 1000 + number, "name": "Somebody"}
        if number < self.undated:
            return None, record | self.extra
        keys = ["createdTimestamp"] if name == "pulses" else ["modifiedTime"]
        return moment, record | dict.fromkeys(keys, self.write(moment)) | self.extra

    def search(self, name: str, query: dict[str, str]) -> Answer:
        size = self.size(int(query.get("size", "20")))
        if size >= 400 and size not in {500, 1000}:
            return size, {"message": "size"}
        found = [*self.records(name)]
        floor = dt.datetime.min.replace(tzinfo=dt.UTC)
        found.sort(key=lambda each: each[0] or floor)
        if after := query.get("modifiedAfter"):
            moment = dt.datetime.fromisoformat(after)
            found = [f for f in found if f[0] and self.passes(f[0], moment)]
        wanted = query.get("sortDirection", "asc")
        done = wanted if wanted in self.sorts else self.otherwise
        if done == "desc":
            found.reverse()
        elif done != "asc":
            found.sort(key=lambda each: each[1]["id"] * 31 % 101)
        page = max(0, int(query.get("page", "0")) - self.first_page)
        if self.depth and (page + 1) * size > self.depth:
            return self.beyond
        records = [record for _, record in found[page * size : (page + 1) * size]]
        body: dict[str, t.Any] = {"data": records, "page": page, "size": size}
        if (total := self.total(len(found))) is not None:
            body |= {"totalElements": total, "totalPages": -(-total // size)}
        if self.says_last:
            body["last"] = (page + 1) * size >= len(found)
        return 200, body

    def tasks(self, body: dict[str, t.Any]) -> Answer:
        asked = body["pagination"]
        query = {"page": str(asked["taskPage"]), "size": str(asked["taskSize"])}
        status, found = self.search("tasks", query)
        if isinstance(found, dict) and "data" in found:
            found["content"] = found.pop("data")
        return status, found

    def answer(self, path: str, query: dict[str, str], body: t.Any) -> Answer:
        for end, refusal in self.refused.items():
            if path.endswith(end):
                return refusal
        _, version, *parts = path.split("/")
        if version == "v1":
            return self.v1 or (200, [{"id": number} for number in range(5)])
        rest = path.removeprefix(f"/{version}")
        found: Answer = self.health.get(rest, (404, {"message": "not found"}))
        match parts:
            case [resource, "search"] if resource in RESOURCES:
                found = self.search(RESOURCES[resource], query)
            case ["task", "all"]:
                found = self.tasks(body)
            case ["customfield", "all", resource]:
                field = {"fieldKey": "a__cs", "fieldId": 1, "fieldTypeName": "TEXT"}
                found = 200, [field] * (resource == "CLIENT")
        return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet a response
    account: Account

    def log_message(self, *_: t.Any) -> None:
        pass

    def do_GET(self) -> None:
        account, (_, _, path, text, _) = self.account, urlsplit(self.path)
        account.requests.append(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        time.sleep(account.seconds)
        headers = dict(account.headers)
        query = {name: values[0] for name, values in parse_qs(text).items()}
        minute, second = divmod(time.monotonic() - account.started, 60)
        account.minutes[int(minute)] += 1
        if account.per_minute and account.minutes[int(minute)] > account.per_minute:
            headers["Retry-After"] = str(int(60 - second) + 1)
            status, answer = 429, {"message": "slow down"}
        elif self.headers.get(account.key_header) != KEY:
            status, answer = 401, {"message": "key"}
        else:
            status, answer = account.answer(path, query, body)
        is_text = isinstance(answer, str)
        data = str(answer).encode() if is_text else json.dumps(answer).encode()
        self.send_response(status)
        kind = "text/html" if is_text else "application/json"
        headers |= {"Content-Type": kind, "Content-Length": str(len(data))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815


@contextmanager
def serve(account: Account) -> t.Iterator[str]:
    """Run a server, and return its base URL."""
    handler = type("Its", (Handler,), {"account": account})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/api"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
