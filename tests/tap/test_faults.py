from __future__ import annotations

import json
import typing as t
from email.utils import formatdate
from time import time

import pytest

from clientsuccess_sandbox import (
    Body,
    CutOff,
    Drip,
    Empty,
    Fault,
    Html,
    Huge,
    RateLimit,
    Redirect,
    Reset,
    Sandbox,
    Shape,
    Stall,
    Status,
)
from tap_clientsuccess.errors import (
    ApiError,
    NotFoundError,
    RefusedError,
    RejectedKeyError,
    UnavailableError,
    UnexpectedResponseError,
    UnreachableError,
    WrongAddressError,
)
from tap_clientsuccess.http import client
from tap_clientsuccess.http.concurrency import Throttle
from tap_clientsuccess.http.responses import LONGEST_RETRY_AFTER_SECONDS

if t.TYPE_CHECKING:
    from conftest import Sync

PATH = "/client/search"


@pytest.mark.parametrize(
    "fault",
    [
        *(Status(PATH, code, times=2) for code in (408, 429, 500, 502, 503, 504, 520)),
        Status(PATH, 429, retry_after=0, times=2),
        Status(PATH, 429, retry_after=-5, times=2),
        Status(PATH, 429, retry_after="nonsense", times=2),
        Status(PATH, 429, retry_after="Thu, 01 Jan 1970 00:00:00 GMT", times=2),
        Html(PATH, times=2),
        Empty(PATH, times=2),
        CutOff(PATH, times=2),
        Reset(PATH, times=2),
        Body(PATH, b'{"data": [', times=2),
        Body(PATH, [1, 2], times=2),
        Shape(PATH, "missing", times=2),
        Shape(PATH, "null", times=2),
    ],
    ids=lambda fault: f"{type(fault).__name__}-{getattr(fault, 'status', '')}",
)
def test_a_transient_fault_loses_nothing(
    sync: Sync, sandbox: Sandbox, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    output = sync(streams=["clients"])
    assert len(output.records["clients"]) == 30
    assert len(sandbox.requests) == 1 + (fault.times or 0)


@pytest.mark.parametrize(
    "fault",
    [
        Stall(PATH, 3600, times=1),
        Stall(PATH, 3600, headers_first=True, times=1),
        Drip(PATH, 0.1, times=1),
    ],
    ids=repr,
)
def test_a_slow_response_is_retried(sync: Sync, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.faults.add(fault)
    output = sync(streams=["clients"], request_timeout=1)
    assert len(output.records["clients"]) == 30
    assert len(sandbox.requests) > 1


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Status(PATH, 400), RefusedError, "rejects this request"),
        (Status(PATH, 401), RejectedKeyError, "key is wrong, expired"),
        (Status(PATH, 403), RejectedKeyError, "key is wrong, expired"),
        (Status(PATH, 404), NotFoundError, "check base_url"),
        (Status(PATH, 405), RefusedError, "rejects this request"),
        (Status(PATH, 422), RefusedError, "rejects this request"),
        (Redirect(PATH, "https://evil.example/x"), WrongAddressError, "evil.example"),
        (Redirect(PATH, "//evil.example/x"), WrongAddressError, "evil.example"),
        (Redirect(PATH, "/api/client/search"), WrongAddressError, "in circles"),
    ],
)
def test_a_refusal_is_not_retried(
    sync: Sync, sandbox: Sandbox, fault: Fault, error: type[ApiError], words: str
) -> None:
    sandbox.faults.add(fault)
    with pytest.raises(error, match=words) as caught:
        sync(streams=["clients"])
    assert str(caught.value).startswith(f"clients: GET {sandbox.base_url}{PATH} ")
    assert len(sandbox.requests) == (5 if words == "in circles" else 1)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Status(PATH, 503), UnavailableError, "down or overloaded"),
        (Status(PATH, 429), UnavailableError, "rate limit"),
        (Html(PATH), UnavailableError, "maintenance"),
        (Empty(PATH), UnexpectedResponseError, "empty body"),
        (Body(PATH, b"<html>hello"), UnexpectedResponseError, "web page"),
        (Body(PATH, b"hello"), UnexpectedResponseError, "JSON"),
        (CutOff(PATH), UnreachableError, "was lost before"),
    ],
)
def test_a_permanent_fault_ends_in_one_line(
    sync: Sync, sandbox: Sandbox, fault: Fault, error: type[ApiError], words: str
) -> None:
    sandbox.faults.add(fault)
    with pytest.raises(error, match=words) as caught:
        sync(streams=["clients"], max_retries=1)
    assert "gave up after 2 tries" in str(caught.value)
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_key_that_expires_mid_sync_leaves_a_resumable_state(
    sync: Sync,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    concurrency: int,
) -> None:
    sandbox.max_size = 5
    sandbox.faults.add(Status("/contact/search", 401, after=25))
    with pytest.raises(RejectedKeyError):
        sync(streams=["clients", "contacts"], concurrency=concurrency)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    state = [line["value"] for line in lines if line["type"] == "STATE"][-1]
    assert set(state["bookmarks"]) == {"clients", "contacts"}
    before = {
        line["record"]["id"]
        for line in lines
        if line["type"] == "RECORD" and line["stream"] == "contacts"
    }
    sandbox.faults.clear()
    after = sync(streams=["contacts"], state=state).ids("contacts")
    assert len(after) < 80  # It resumes; it does not start over.
    assert before | set(after) == set(sandbox.store.ids("contacts"))


def test_retry_after_is_waited_for(
    sync: Sync, sandbox: Sandbox, waited: list[float]
) -> None:
    sandbox.faults.add(Status(PATH, 429, retry_after=17, times=1))
    sandbox.faults.add(Status(PATH, 503, retry_after=31_536_000, after=1, times=1))
    sync(streams=["clients"])
    assert waited == [17.0, LONGEST_RETRY_AFTER_SECONDS]


def test_retry_after_as_a_date_is_read_by_the_servers_clock(
    sync: Sync, sandbox: Sandbox, waited: list[float]
) -> None:
    sandbox.clock.offset = -86_400
    when = formatdate(time() - 86_400 + 200, usegmt=True)
    sandbox.faults.add(Status(PATH, 429, retry_after=when, times=1))
    sync(streams=["clients"])
    (wait,) = waited
    assert 100 < wait <= 201


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    # The throttle delays all other requests as well; here there are none.
    monkeypatch.setattr(Throttle, "back_off", lambda *_: None)
    return waits


def test_backoff_doubles_up_to_a_limit() -> None:
    waiting = client.waits()
    next(waiting)
    waits = [waiting.send(UnavailableError("down")) for _ in range(12)]
    assert all(
        longest / 2 <= wait <= longest
        for wait, longest in zip(
            waits,
            (
                min(client.FIRST_WAIT_SECONDS * 2**k, client.LONGEST_WAIT_SECONDS)
                for k in range(12)
            ),
            strict=True,
        )
    )


def test_the_tap_adapts_to_a_rate_limit(
    sync: Sync, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_WAIT_SECONDS", 0.2)
    sandbox.max_size = 10
    sandbox.faults.add(RateLimit("/search", per_second=5, retry_after=None))
    output = sync(streams=["contacts"], max_retries=60)
    assert len(output.ids("contacts")) == 90


@pytest.mark.parametrize("gzip", [True, False])
def test_a_response_that_is_too_large_is_refused(
    sync: Sync, sandbox: Sandbox, gzip: bool
) -> None:
    sandbox.faults.add(Huge(PATH, 50_000_000, gzip=gzip))
    with pytest.raises(RefusedError, match="more than 1,048,576 bytes"):
        sync(streams=["clients"], max_response_bytes=2**20)


def test_a_redirect_within_the_origin_is_followed(sync: Sync, sandbox: Sandbox) -> None:
    sandbox.faults.add(Redirect("/client/search", "/v2/client/search?size=50", times=1))
    assert len(sync(streams=["clients"]).records["clients"]) == 30
    assert [request.key_headers for request in sandbox.requests] == [
        ("x-api-key",),
        ("x-api-key",),
    ]


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://127.0.0.1:9/api", "the connection was refused"),
        ("https://name.invalid/api", "does not resolve"),
    ],
)
def test_no_connection(sync: Sync, base_url: str, words: str) -> None:
    with pytest.raises(UnreachableError, match=words):
        sync(streams=["clients"], base_url=base_url, max_retries=1)


def test_a_netrc_does_not_replace_the_key(
    sync: Sync,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: t.Any,
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sync(streams=["clients"], api_key_header="Authorization")
    assert sandbox.requests[0].key_headers == ("authorization",)
