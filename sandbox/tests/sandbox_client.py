"""What the tests of the sandbox share: a client that carries its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from clientsuccess_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


class Client(requests.Session):
    """Asks one sandbox; gives up after a few seconds."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.headers["X-API-Key"] = sandbox.api_key

    def read(self, path: str, **query: Any) -> requests.Response:
        """Ask for a path below the base URL."""
        return self.get(self.sandbox.base_url + path, params=query, timeout=5)

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Ask the sandbox about itself, without a key."""
        url = f"{self.sandbox.url}/_sandbox{path}"
        return requests.request(method, url, json=body, timeout=5)

    def walk(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Read all pages of a search, one after the other."""
        records: list[dict[str, Any]] = []
        page, last = 0, False
        while not last:
            answer = self.read(path, page=page, **query).json()
            records += answer["data"]
            page, last = page + 1, answer["last"]
        return records


def fixtures(**options: Any) -> tuple[Any, Any]:
    """Make the fixtures `sandbox` and `client`.

    A module assigns them to these names: a second `conftest.py` would be in the way
    of the first one.
    """

    @pytest.fixture
    def sandbox() -> Iterator[Sandbox]:
        with Sandbox(**{"seed": 3, "clients": 40, **options}) as running:
            yield running

    @pytest.fixture
    def client(sandbox: Sandbox) -> Iterator[Client]:
        with Client(sandbox) as session:
            yield session

    return sandbox, client
