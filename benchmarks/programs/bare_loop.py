"""A bare `requests` loop: page after page, each record written as a line of JSON.

No schema, no state, no retries: what the standard library's JSON and one connection
can do at best, one request after the other.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT = 60


def main() -> None:
    """Read the stream that is asked for."""
    options = _options()
    session = requests.Session()
    session.headers["X-API-Key"] = options.api_key
    read = _details if options.stream == "client_details" else _clients
    for record in read(session, options.base_url):
        message = {"type": "RECORD", "stream": options.stream, "record": record}
        sys.stdout.write(json.dumps(message) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A bare loop over an API.")
    parser.add_argument("base_url")
    parser.add_argument("api_key")
    parser.add_argument("stream")
    return parser.parse_args()


def _clients(session: requests.Session, base_url: str) -> Iterator[dict[str, Any]]:
    params = {"size": "200", "sortBy": "modifiedTime", "sortDirection": "desc"}
    for page in itertools.count():
        answer = session.get(
            f"{base_url}/client/search",
            params=params | {"page": str(page)},
            timeout=_TIMEOUT,
        )
        body = json.loads(answer.content)
        yield from body["data"]
        if body["last"]:
            return


def _details(session: requests.Session, base_url: str) -> Iterator[dict[str, Any]]:
    for client in _clients(session, base_url):
        url = f"{base_url}/client/{client['uuid']}"
        yield json.loads(session.get(url, timeout=_TIMEOUT).content)


if __name__ == "__main__":
    main()
