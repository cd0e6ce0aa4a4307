"""Large responses stay within the memory budget."""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import subprocess
import sys
import threading
import typing as t
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from http_server import (
    LIMIT_SECONDS,
    Request,
    Server,
    answer,
    fixtures,
    make_client,
    make_transport,
)

from tap_clientsuccess.http.concurrency import ThreadPool

if t.TYPE_CHECKING:
    from tap_clientsuccess.http.responses import Response

server, _ = fixtures()
measured = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak is read from /proc"
)
LARGEST = 16 * 2**20
PROMISED = 4 * LARGEST
PAGES = 6
PROGRAM = """
import json, re, sys
from pathlib import Path
import requests
from http_server import make_client, make_transport
from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.records.decoding import decode_json
from tap_clientsuccess.http.concurrency import ThreadPool

def peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024

def page(number):
    request = requests.Request("GET", sys.argv[1])
    try:
        return client.fetch(request, lambda response: decode_json(response.body))
    except ApiError as error:
        return str(error)

client = make_client(make_transport(max_bytes=int(sys.argv[2])))
before = peak()
pages = ThreadPool(4).map(page, range(int(sys.argv[3])))
told = [page if isinstance(page, str) else len(page) for page in pages]
print(json.dumps({"told": told, "peak": peak() - before}))
"""

TAP = """
import contextlib, os, re, sys
from pathlib import Path
from tap_clientsuccess.tap import TapClientSuccess

def peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024

config = {"api_key": "k", "base_url": sys.argv[1], "concurrency": 8}
config |= {"discover_custom_fields": False, "max_response_bytes": int(sys.argv[2])}
catalog = TapClientSuccess(config=config).catalog_dict
for entry in catalog["streams"]:
    selected = entry["tap_stream_id"] == "clients"
    entry["metadata"][-1]["metadata"]["selected"] = selected
    assert not entry["metadata"][-1]["breadcrumb"]
tap = TapClientSuccess(config=config, catalog=catalog)
before = peak()
with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
    tap.sync_all()
print(peak() - before)
"""


def read(server: Server, body: bytes) -> dict[str, t.Any]:
    """Read some pages in a new process and return its report."""
    packed = gzip.compress(body, 1)
    server.respond = lambda _: answer(packed, "Content-Encoding: gzip")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, server.url, str(LARGEST), str(PAGES)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=2 * LIMIT_SECONDS,
        check=True,
    )
    told: dict[str, t.Any] = json.loads(ended.stdout)
    return told


def filled(record: bytes, size: int = LARGEST - 100) -> bytes:
    return b"[" + b",".join([record] * (size // (len(record) + 1))) + b"]"


PLAIN = json.dumps({"id": 1, "name": "x" * 3000, "note": None}).encode()
MANY_VALUES = b'{"name":"' + b"x" * 500 + b'"}'


@measured
@pytest.mark.parametrize("record", [PLAIN, MANY_VALUES])
def test_large_pages_stay_within_the_budget(server: Server, record: bytes) -> None:
    body = filled(record)
    told = read(server, body)
    assert told["told"] == [body.count(record)] * PAGES
    assert told["peak"] < 3 * PROMISED


@measured
@pytest.mark.parametrize("record", [b"{}", b'{"a":1}', b"[]", b"1.5"])
def test_too_many_values_are_refused(server: Server, record: bytes) -> None:
    told = read(server, filled(record))
    assert {*map(type, told["told"])} == {str}
    assert "no memory: lower page_size" in told["told"][0]
    assert told["peak"] < 3 * PROMISED


@measured
def test_a_page_that_is_too_large_is_refused(server: Server) -> None:
    told = read(server, filled(PLAIN, 4 * LARGEST))
    assert "more than 16,777,216 bytes: lower page_size" in told["told"][0]
    assert told["peak"] < 3 * PROMISED


def test_large_responses_are_read_one_at_a_time(server: Server) -> None:
    server.respond = lambda _: answer(b"x" * 2**18)
    client = make_client(make_transport(max_bytes=2**20))
    lock = threading.Lock()
    second_came = threading.Event()

    def read_alone(_: Response) -> None:
        with contextlib.ExitStack() as alone:
            if lock.acquire(blocking=False):
                alone.callback(lock.release)
                second_came.wait(0.2)
            else:
                second_came.set()

    request = requests.Request("GET", server.url)
    list(ThreadPool(4).map(lambda _: client.fetch(request, read_alone), range(4)))
    assert not second_came.is_set()


def test_small_responses_are_read_concurrently(server: Server) -> None:
    server.respond = lambda _: answer(b"x" * 2**15)
    client = make_client(make_transport(max_bytes=2**20))
    everyone = threading.Barrier(4)
    request = requests.Request("GET", server.url)

    def read(_: Response) -> int:
        return everyone.wait(LIMIT_SECONDS)

    list(ThreadPool(4).map(lambda _: client.fetch(request, read), range(4)))


@measured
def test_few_large_pages_are_in_flight(server: Server) -> None:
    pages, size = 10, 150

    @functools.cache
    def page(number: int) -> bytes:
        records = [
            {
                "id": number * size + i,
                "modifiedTime": f"2024-01-{number + 1:02}T00:{i // 60:02}:{i % 60:02}Z",
                "name": "x" * 100_000,
            }
            for i in range(size if 0 <= number < pages else 0)
        ]
        counts = {"page": number, "totalPages": pages, "totalElements": pages * size}
        body = json.dumps({"data": records, **counts, "size": size})
        return answer(gzip.compress(body.encode(), 1), "Content-Encoding: gzip")

    def respond(request: Request) -> bytes:
        query = parse_qs(urlsplit(request.path).query)
        number = int(query["page"][0])
        is_descending = query["sortDirection"] == ["desc"]
        return page(pages - 1 - number if is_descending else number)

    server.respond = respond
    ended = subprocess.run(
        [sys.executable, "-c", TAP, server.url, str(LARGEST)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=2 * LIMIT_SECONDS,
        check=True,
    )
    assert len(server.requests) > pages
    assert int(ended.stdout) < 8 * LARGEST
