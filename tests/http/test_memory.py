"""Large responses: together they take no more memory than the budget allows."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from http_server import GENEROUS, Server, answer, serving

from tap_clientsuccess.http.throttle import MemoryBudget

if t.TYPE_CHECKING:
    from collections.abc import Iterator

measured = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak is read from /proc"
)
LARGEST = 16 * 2**20
BUDGET = 4 * LARGEST
PAGES = 5
PROGRAM = """
import json, re, sys
from pathlib import Path
from singer_sdk.streams.rest import HTTPRequest
from http_server import make_client, make_transport
from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.http.responses import decoded, read_list
from tap_clientsuccess.http.thread_pool import ThreadPool

def peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024

def page(number):
    try:
        return client.request(HTTPRequest(url=sys.argv[1]), decoded(read_list))
    except ApiError as error:
        return str(error)

client = make_client(make_transport(max_bytes=int(sys.argv[2])))
before = peak()
results = list(ThreadPool(4).map(page, range(int(sys.argv[3]))))
told = [r if isinstance(r, str) else len(r.content) for r in results]
print(json.dumps({"told": told, "peak": peak() - before}))
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def read(server: Server, body: bytes) -> dict[str, t.Any]:
    """Read some pages in a process of its own; returns what it tells."""
    packed = gzip.compress(body, 1)
    server.respond = lambda _: answer(packed, "Content-Encoding: gzip")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, server.url, str(LARGEST), str(PAGES)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=2 * GENEROUS,
        check=True,
    )
    told: dict[str, t.Any] = json.loads(ended.stdout)
    return told


def filled(record: bytes, size: int = LARGEST - 100) -> bytes:
    return b"[" + b",".join([record] * (size // (len(record) + 1))) + b"]"


RECORD = json.dumps({"id": 1, "name": "x" * 3000, "note": None}).encode()


@measured
@pytest.mark.parametrize("record", [RECORD, b'"' + b"x" * 1000 + b'"'])
def test_large_pages_stay_within_the_budget(server: Server, record: bytes) -> None:
    body = filled(record)
    told = read(server, body)
    assert told["told"] == [body.count(record)] * PAGES
    assert told["peak"] < 3 * BUDGET


@measured
@pytest.mark.parametrize("record", [b"{}", b'{"a":1}', b"[]", b"1.5"])
def test_values_without_number_are_refused(server: Server, record: bytes) -> None:
    told = read(server, filled(record))
    assert {*map(type, told["told"])} == {str}
    assert "no memory: lower page_size" in told["told"][0]
    assert told["peak"] < 3 * BUDGET


@measured
def test_a_page_that_is_too_large_is_refused(server: Server) -> None:
    told = read(server, filled(RECORD, 4 * LARGEST))
    assert "more than 16,777,216 bytes: lower page_size" in told["told"][0]
    assert told["peak"] < 3 * BUDGET


def test_who_wants_more_than_there_is_waits_for_room() -> None:
    budget = MemoryBudget(10)
    order: Counter[str] = Counter()
    with budget.share() as first:
        first(8)
        with budget.share() as second:
            second(2)
            first(5)  # Given back first: 8 and 2 would leave no room for it.
            order["resized"] += 1
    with budget.share() as all_of_it:
        all_of_it(10)
        order["all"] += 1
    assert order == {"resized": 1, "all": 1}
