"""The page at `/`: what the sandbox serves, a log of requests, faults and edits."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Any, Final

from clientsuccess_sandbox.backend import Backend
from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.messages import Request, Response
from clientsuccess_sandbox.security import CONTROL, PAGE
from clientsuccess_sandbox.settings import DEFAULT_KEY

_SHOWN_REQUESTS: Final = 200
_HTML: Final = resources.files(__package__).joinpath("page.html").read_bytes()
_SCRIPT: Final = _HTML.partition(b"<script>")[2].partition(b"</script>")[0]
_SCRIPT_HASH: Final = base64.b64encode(hashlib.sha256(_SCRIPT).digest()).decode()
_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; connect-src 'self'; img-src data:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'"
    ),
}


def _page(_: Backend, __: Request) -> Response:
    return Response(200, _HTML, dict(_HEADERS))


def _status(backend: Backend, _: Request) -> Response:
    """Return what the page shows. Any other key may be in use elsewhere."""
    opens = backend.keys.check({"x-api-key": DEFAULT_KEY}) == "key"
    return Response.of_json(
        {
            "key": DEFAULT_KEY if opens else None,
            "records": {kind: backend.store.count(kind) for kind in KINDS},
            "faults": backend.faults.describe(),
            "requests": backend.requests[-_SHOWN_REQUESTS:],
        }
    )


ROUTES: Final[list[tuple[Any, ...]]] = [
    (PAGE, _page, "GET"),
    (f"{CONTROL}/status", _status, "GET"),
]
