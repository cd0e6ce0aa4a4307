"""A server model over HTTP, and syncs of the tap from it into a target in memory."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
import typing as t
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from conftest import Output

from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.paging.page import PageRequest
from tap_clientsuccess.tap import TapClientSuccess
from tap_clientsuccess.timestamps import format_time

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    from server_model import ServerModel

STREAM = "products"


class ModelServer(ThreadingHTTPServer):
    """Answers the search of products from a model; 500 once `breaks_after` requests."""

    daemon_threads = True

    def __init__(self, model: ServerModel) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = model
        self.breaks_after: int | None = None
        self.shown: list[t.Any] = []
        """The keys on the pages that were requested by number."""
        self.before_newest: Callable[[], None] | None = None
        """Called once, before the page of the newest changes is answered."""
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        after = query.get("modifiedAfter")
        request = PageRequest(
            number=int(query["page"]),
            size=int(query["size"]),
            after=dt.datetime.fromisoformat(after) if after else None,
            newest_first=query["sortDirection"] == "desc",
        )
        if request.newest_first and self.server.before_newest:
            change, self.server.before_newest = self.server.before_newest, None
            change()
        with self.server.lock:
            model, left = self.server.model, self.server.breaks_after
            page = model.search(request)
            if request.number:
                self.server.shown += page.keys
            if left is not None:
                self.server.breaks_after = left - 1
        body = json.dumps(
            {
                "data": [_product(record) for record in page.records],
                "totalElements": page.total,
                "size": page.size,
                "last": page.last,
            }
        ).encode()
        self.send_response_only(500 if left is not None and left <= 0 else 200)
        self.send_header("Date", format_datetime(page.sent_at, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: t.Any) -> None:
        pass


def _product(record: dict[str, t.Any]) -> dict[str, t.Any]:
    time = record["modified"]
    return {
        "id": record["id"],
        "name": str(record["version"]),
        "modifiedTime": time and format_time(time),
    }


class Syncs:
    """A target that upserts by id, and the state of the runs that fill it."""

    def __init__(self, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.rows: dict[int, int] = {}
        self.went_back: list[int] = []
        """Records of which an older version came after a newer one."""
        self.state: dict[str, t.Any] = {}
        self.server = server
        self._capsys = capsys

    def run(self, *, breaks_after: int | None = None, **settings: t.Any) -> None:
        """Sync; after so many requests the server answers 500, for ever."""
        self.server.breaks_after = breaks_after
        config = {
            "api_key": "key",
            "base_url": self.server.url,
            "discover_custom_fields": False,
            "max_retries": 0,
            "concurrency": 8,
            **settings,
        }
        catalog = TapClientSuccess(config=config).catalog_dict
        catalog["streams"] = [
            entry for entry in catalog["streams"] if entry["tap_stream_id"] == STREAM
        ]
        tap = TapClientSuccess(config=config, state=self.state, catalog=catalog)
        self._capsys.readouterr()
        with contextlib.suppress(ApiError):
            tap.sync_all()
        tap.message_writer.flush()
        output = Output(self._capsys.readouterr().out)
        for record in output.records[STREAM]:
            key, version = record["id"], int(record["name"])
            if self.rows.get(key, 0) > version:
                self.went_back.append(key)
            self.rows[key] = version
        if output.states:
            self.state = output.state

    @property
    def lacks(self) -> list[int]:
        """The records whose newest version is not in the target."""
        return [
            key
            for key, record in self.server.model.records.items()
            if self.rows.get(key) != record["version"]
        ]


@contextlib.contextmanager
def serving(model: ServerModel) -> Iterator[ModelServer]:
    """Serve a model while the block runs."""
    with ModelServer(model) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
