"""A bare loop: page after page, each record written as a RECORD line."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any

import orjson
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 60


def clients(session: requests.Session, url: str) -> Iterator[dict[str, Any]]:
    params = {"size": "200", "sortBy": "modifiedTime", "sortDirection": "desc"}
    for page in itertools.count():
        response = session.get(
            f"{url}/client/search", params=params | {"page": str(page)}, timeout=TIMEOUT
        )
        body = orjson.loads(response.content)
        yield from body["data"]
        if body["last"]:
            return


def details(session: requests.Session, url: str) -> Iterator[dict[str, Any]]:
    for client in clients(session, url):
        response = session.get(f"{url}/client/{client['uuid']}", timeout=TIMEOUT)
        yield orjson.loads(response.content)


def main() -> None:
    url, key, stream = sys.argv[1:]
    session = requests.Session()
    session.headers["X-API-Key"] = key
    for record in (details if stream == "client_details" else clients)(session, url):
        message = {"type": "RECORD", "stream": stream, "record": record}
        sys.stdout.buffer.write(orjson.dumps(message) + b"\n")


if __name__ == "__main__":
    main()
