"""Fixtures for tests of HTTP: a server on loopback, and a client."""

from __future__ import annotations

import typing as t

import pytest
from http_server import Server, make_client, serving

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_clientsuccess.http.client import Client


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def client() -> Client:
    return make_client()
