"""Odd records, documents and HTTP: kept, coerced, dropped with a warning, refused."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
import typing as t
from collections import Counter
from decimal import Decimal

import pytest

from clientsuccess_sandbox import Body, Sandbox
from clientsuccess_sandbox.jsontext import encode
from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.http.concurrency import ThreadPool
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Output, Sync

    from tap_clientsuccess.streams.objects import Clients

PATH = "/client/search"
ODD = 3
COUNTS = b'"first":true,"last":true,"page":0,"size":200,"totalPages":1,"totalElements":'


def document(sandbox: Sandbox, added: str | bytes) -> bytes:
    """Return a response in which one record has more, or other, fields.

    The last of two equal keys counts, as in nearly every reader of JSON.
    """
    more = added.encode() if isinstance(added, str) else added
    raws = [encode(record) for record in sandbox.store.records("clients")]
    raws[ODD - 1] = raws[ODD - 1][:-1] + b"," + more + b"}"
    return b'{"data":[' + b",".join(raws) + b"]," + COUNTS + b"%d}" % len(raws)


Read = t.Callable[[str | bytes], "Output"]


@pytest.fixture
def read(sync: Sync, sandbox: Sandbox) -> Read:
    def run(added: str | bytes) -> Output:
        sandbox.faults.clear()
        sandbox.faults.add(Body(PATH, document(sandbox, added)))
        return sync(streams=["clients"], max_retries=0)

    return run


def odd_record(output: Output) -> dict[str, t.Any]:
    (record,) = [r for r in output.records["clients"] if r["id"] == ODD]
    assert len(output.records["clients"]) == 30
    return record


class SlowCounter(Counter[str]):
    """Lets other threads go on between a look and a write."""

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        time.sleep(0.05)
        return found


def test_threads_share_the_count_of_warnings(
    config: dict[str, t.Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tap_clientsuccess.streams.base.Counter", SlowCounter)
    stream = t.cast("Clients", TapClientSuccess(config=config).streams["clients"])
    list(ThreadPool(4).map(stream.warn_once, ["it is odd"] * 4))
    stream.summarize_warnings()
    assert caplog.messages == ["clients: it is odd", "clients: it is odd (4 times)"]


LONG = "x" * 5_000_000


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ('"id":"3"', {"id": 3}),
        ('"id":3.0', {"id": 3}),
        ('"npsScore":"12"', {"npsScore": 12}),
        ('"npsScore":12.0', {"npsScore": 12}),
        ('"npsScore":1e2', {"npsScore": 100}),
        ('"successScore":"12.50"', {"successScore": 12.5}),
        ('"active":1', {"active": True}),
        ('"active":0', {"active": False}),
        ('"active":"TRUE"', {"active": True}),
        ('"active":"no"', {"active": False}),
        ('"name":null', {"name": None}),
        ('"name":12.50', {"name": "12.50"}),
        ('"name":true', {"name": "true"}),
        ('"name":["a"]', {"name": '["a"]'}),
        ('"name":"a","name":"b"', {"name": "b"}),
        ('"name":"nul \\u0000 in it"', {"name": "nul \N{REPLACEMENT CHARACTER} in it"}),
        (
            '"name":"half \\ud83d of a pair"',
            {"name": "half \N{REPLACEMENT CHARACTER} of a pair"},
        ),
        (b'"name":"not \xff UTF-8"', {"name": "not \N{REPLACEMENT CHARACTER} UTF-8"}),
        ('"name":"raw \t control"', {"name": "raw \t control"}),
        (f'"note":"{LONG}"', {"note": LONG}),
        (
            '"custom":{"a.b":1,"$x":2,"\U0001f600":3,"":4}',
            {"custom": {"a.b": 1, "$x": 2, "\U0001f600": 3, "": 4}},
        ),
        (
            '"custom":{"big":123456789012345678901234567890}',
            {"custom": {"big": 123456789012345678901234567890}},
        ),
        (
            '"createdTime":"2024-05-01T10:11:12+0200"',
            {"createdTime": "2024-05-01T10:11:12+02:00"},
        ),
        (
            '"modifiedTime":"2024-05-01T10:11:12Z"',
            {"modifiedTime": "2024-05-01T10:11:12Z"},
        ),
        ('"modifiedTime":1714558272123', {"modifiedTime": "2024-05-01T10:11:12.123Z"}),
        ('"createdTime":""', {"createdTime": None}),
        ('"createdTime":"2024-05-01"', {"createdTime": "2024-05-01T00:00:00.000Z"}),
        ('"segment":"Gold"', {"segment": {"title": "Gold"}}),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_coercible_values_are_kept(
    read: Read,
    added: str | bytes,
    expected: dict[str, t.Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    record = odd_record(read(added))
    assert {name: record[name] for name in expected} == expected
    assert not caplog.records or "declared type" not in caplog.text


@pytest.mark.parametrize(
    ("added", "field"),
    [
        ('"npsScore":"abc"', "npsScore"),
        ('"npsScore":"Infinity"', "npsScore"),
        ('"successScore":"sNaN"', "successScore"),
        ('"successScore":NaN', "successScore"),
        ('"successScore":-Infinity', "successScore"),
        ('"successScore":1e99999999999999999999', "successScore"),
        ('"successScore":"1e99999999999999999999"', "successScore"),
        (f'"npsScore":{"1" * 5000}', "npsScore"),
        (f'"npsScore":"{"1" * 5000}"', "npsScore"),
        ('"npsScore":1e6000', "npsScore"),
        ('"active":2', "active"),
        ('"active":{}', "active"),
        ('"createdTime":"soon"', "createdTime"),
        ('"createdTime":"0001-01-01T00:00:00+14:00"', "createdTime"),
        ('"createdTime":1e999999999', "createdTime"),
        ('"custom":[1]', "custom"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_other_values_become_null_with_a_warning(
    read: Read, added: str, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    record = odd_record(read(added))
    assert record[field] is None
    assert f"clients: the value of '{field}'" in caplog.text
    assert "soon" not in caplog.text


@pytest.mark.parametrize(
    "added",
    [
        *('"id":null', '"id":""', '"id":"abc"', '"id":3.5', '"id":[3]', '"id":{}'),
        *('"id":true', '"id":1e6000'),
    ],
)
def test_a_record_without_its_key_is_dropped_with_a_warning(
    read: Read, added: str, caplog: pytest.LogCaptureFixture
) -> None:
    output = read(added)
    assert len(output.ids("clients")) == 29
    assert ODD not in output.ids("clients")
    assert "dropped a record without its primary key id" in caplog.text
    assert output.bookmark("clients")


@pytest.mark.parametrize(
    "value", ['"nonsense"', "null", '""', "true", "{}", "1e999999999", "9" * 4000]
)
def test_a_record_without_its_replication_key_is_sent(read: Read, value: str) -> None:
    output = read(f'"modifiedTime":{value}')
    assert odd_record(output)["modifiedTime"] is None
    assert output.bookmark("clients")


@pytest.mark.parametrize("lenient", ["", '"name":"\t",'])
def test_deep_nesting(read: Read, lenient: str) -> None:
    def value(depth: int) -> t.Any:
        nested = "[" * depth + "]" * depth
        return odd_record(read(f'{lenient}"custom":{{"a":{nested}}}'))["custom"]

    assert str(value(100)) == "{'a': " + "[" * 100 + "]" * 100 + "}"
    with pytest.raises(ApiError, match="other than the expected JSON"):
        value(100_000)


@pytest.mark.parametrize("cut_off", ["[" * 5000, '{"a":' * 5000, "[" * 2_000_000])
def test_truncated_deep_nesting_is_refused(read: Read, cut_off: str) -> None:
    with pytest.raises(ApiError, match="other than the expected JSON"):
        read(f'"custom":{cut_off}')


@pytest.mark.parametrize("number", ["1e300", "-1e-300", "1e999999", "1e99999999"])
def test_a_huge_exponent_is_not_expanded(read: Read, number: str) -> None:
    record = odd_record(read(f'"name":{number},"custom":{{"a":{number}}}'))
    assert Decimal(record["name"]) == Decimal(number)
    assert len(json.dumps(record)) < 10_000


def test_records_that_are_not_objects(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    body = b'{"data":[[1],null,5,"x",{"id":4}],' + COUNTS + b"5}"
    sandbox.faults.add(Body(PATH, body))
    assert sync(streams=["clients"]).ids("clients") == [4]
    assert "not an object (4 times)" in caplog.text


def test_definitions_that_are_not_objects_cause_a_warning(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    odd = [{"fieldId": 1, "fieldKey": "a", "picklistValues": 5}, 5, None, "x"]
    sandbox.faults.add(Body("/customfield", odd))
    output = sync(streams=["custom_fields", "clients"], discover_custom_fields=True)
    assert output.records["custom_fields"]
    assert "custom_fields: dropped a record that is not an object" in caplog.text


def test_a_byte_order_mark(sync: Sync, sandbox: Sandbox) -> None:
    body = b"\xef\xbb\xbf" + document(sandbox, '"name":"x"')
    sandbox.faults.add(Body(PATH, body))
    assert odd_record(sync(streams=["clients"]))["name"] == "x"


EMPTY = b'{"data":[],"totalElements":0,"totalPages":0,"last":true,"size":200}'
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(EMPTY)
Send = t.Callable[[socket.socket], None]


@contextlib.contextmanager
def raw_server(send: Send) -> Iterator[str]:
    """Answer each request with `send`; yields the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, send))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listening: socket.socket, send: Send) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                send(connection)


def whole(data: bytes) -> Send:
    return lambda connection: connection.sendall(data)


class Dripping:
    """Sends a few bytes at a time, far more often than any timeout, for ever."""

    DROPS = 600
    was_taken_whole = False

    def __init__(self, head: bytes, drop: bytes) -> None:
        self._head, self._drop = head, drop

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self._head)
        for _ in range(self.DROPS):
            connection.sendall(self._drop)
            time.sleep(0.1)
        self.was_taken_whole = True


@pytest.mark.parametrize(
    "send",
    [
        Dripping(OK + LENGTH % 100, b" "),
        Dripping(CHUNKED, b"1\r\n \r\n"),
        Dripping(CHUNKED + b"1;", b"x"),
        Dripping(CHUNKED + b"%x\r\n" % len(EMPTY) + EMPTY + b"\r\n0\r\n", b"X: y\r\n"),
        Dripping(
            OK + b"Content-Encoding: gzip\r\n" + LENGTH % 1000 + PACKED[:3] + b"\x08"
            b"\0\0\0\0\0\3", b"n"
        ),
    ],
    ids=["body", "chunks", "size", "trailer", "gzip"],
)  # fmt: skip
def test_a_slowly_dripping_body_hits_the_deadline(sync: Sync, send: Dripping) -> None:
    with raw_server(send) as url, pytest.raises(ApiError, match="within 1 seconds"):
        sync(streams=["products"], base_url=url, request_timeout=1, max_retries=0)
    assert not send.was_taken_whole


@pytest.mark.parametrize(
    "answer",
    [
        OK + LENGTH % -5 + EMPTY,
        OK + b"no colon here\r\n" + LENGTH % len(EMPTY) + EMPTY,
        OK + b"Date: Mon, 01 Jan 0001 00:00:00 GMT\r\n" + LENGTH % len(EMPTY) + EMPTY,
    ],
    ids=["length", "header", "date"],
)
def test_odd_but_harmless_headers(
    sync: Sync, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with raw_server(whole(answer)) as url:
        sync(streams=["products"], base_url=url, max_retries=0)
    assert "no colon" not in caplog.text


REDIRECT = b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\0\1garbage\r\n\r\n", "it has no status of HTTP/1"),
        (EMPTY, "it has no status of HTTP/1"),
        (CHUNKED + b"zz\r\n", "the size of a chunk is not a number"),
        (OK + b"X: 1\r\n" * 500 + b"\r\n", "too long or too many"),
        (OK + b"X: " + b"a" * 100_000 + b"\r\n\r\n", "too long or too many"),
        (OK + b"Content-Encoding: gzip\r\n" + LENGTH % 3 + b"abc", "is corrupt"),
        (OK + b"Content-Encoding: gzip\r\n" + LENGTH % 40 + PACKED[:40], "JSON"),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "answered 999"),
        (b"HTTP/1.1 304 No\r\nContent-Length: 0\r\n\r\n", "answered 304"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "answered 302"),
        (REDIRECT + b"https://evil.example:abc/\r\n\r\n", "redirects"),
        (REDIRECT + b"http://[::1\r\n\r\n", "redirects"),
        (REDIRECT + b"https://\xff\xfe\x80/\r\n\r\n", "redirects"),
        (REDIRECT + b"ftp://127.0.0.1/x\r\n\r\n", "redirects elsewhere"),
        (REDIRECT + b"javascript:alert(1)\r\n\r\n", "redirects elsewhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value[-30:]),
)
def test_invalid_responses_end_in_one_line(
    sync: Sync, answer: bytes, words: str
) -> None:
    with raw_server(whole(answer)) as url, pytest.raises(ApiError, match=words):
        sync(streams=["products"], base_url=url, max_retries=0)


def test_duplicate_keys_in_the_envelope_are_accepted(sync: Sync) -> None:
    body = EMPTY.replace(b'{"data":[]', b'{"data":[],"data":[]')
    with raw_server(whole(OK + LENGTH % len(body) + body)) as url:
        assert not sync(streams=["products"], base_url=url).records["products"]


def test_utf_16_is_refused(sync: Sync, sandbox: Sandbox) -> None:
    text = json.dumps({"data": [], "totalElements": 0})
    sandbox.faults.add(Body(PATH, text.encode("utf-16")))
    with pytest.raises(ApiError, match="other than the expected JSON"):
        sync(streams=["clients"], max_retries=0)
