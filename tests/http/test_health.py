"""The connection test against servers that fail slowly or answer oddly."""

from __future__ import annotations

import pytest
from http_server import Server, answer, make_client, serving

from tap_clientsuccess import health
from tap_clientsuccess.config.settings import Settings
from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.health import check_connection


class Clock:
    """A clock that advances only while something sleeps or a response is late."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def verdict_on(server: Server) -> str:
    config = {"base_url": server.url, "v1_streams": "off"}
    return check_connection(make_client(), Settings.from_config(config))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(health, "time", clock)
    monkeypatch.setattr("time.sleep", clock.sleep)
    return clock


@pytest.mark.parametrize(("seconds", "tries"), [(9.9, 2), (7.0, 2), (1.0, 3)])
def test_slow_503s_are_reported_as_503(
    clock: Clock, seconds: float, tries: int
) -> None:
    def respond(_: object) -> bytes:
        clock.sleep(seconds)
        return answer(b"", status="503 Unavailable")

    words = "answered 503: the service is down or overloaded"
    with serving(respond) as server, pytest.raises(ApiError, match=words):
        verdict_on(server)
    assert len(server.requests) == tries


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "answered 200 with an empty body: the service is unhealthy"),
        (b" \n", "answered 200 with an empty body"),
        (b"null", "answered 200 with the body null"),
        (b'{"error": "k3y-that-nobody-may-see"}', "answered 200 with an error in its"),
        (b'{"status": "DOWN"}', "answered 200 with the status DOWN"),
        (b'{"status": "down", "x": 1}', "answered 200 with the status DOWN"),
    ],
)
def test_a_200_with_an_error_in_its_body_fails(
    clock: Clock, body: bytes, words: str
) -> None:
    with (
        serving(lambda _: answer(body)) as server,
        pytest.raises(ApiError, match=words) as raised,
    ):
        verdict_on(server)
    assert "k3y" not in str(raised.value)


@pytest.mark.parametrize(
    "body", [b'{"status": "UP"}', b"OK", b"{}", b'{"error": null}', b"true", b"[]"]
)
def test_a_success(body: bytes) -> None:
    with serving(lambda _: answer(body)) as server:
        verdict = verdict_on(server)
    assert f"{server.url}/health answered 200" in verdict
