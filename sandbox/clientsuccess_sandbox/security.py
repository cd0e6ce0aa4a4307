"""Refuse requests that a web page in the user's browser may have sent.

A page may send simple requests (forms, images, `fetch` with `no-cors`) to any host
without asking. It cannot read the responses, but the requests would still have effects.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from clientsuccess_sandbox.messages import JSON, Request, Response

CONTROL: Final = "/_sandbox"
PAGE: Final = "/"
_LOOPBACK: Final = {"localhost", "127.0.0.1", "[::1]"}


def refusal(request: Request, hosts: Collection[str]) -> Response | None:
    """Return the response to a request that must be refused, or None.

    Args:
        request: The request.
        hosts: Host names of the sandbox besides loopback; `*` allows all.
    """
    headers = request.headers
    host = headers.get("host", "").lower()
    name = host[: host.rfind("]") + 1] or host.partition(":")[0]
    names = {f"[{host}]" if ":" in host else host for host in hosts}
    if name not in _LOOPBACK | names and "*" not in names:
        return Response.of_error(400, "Invalid host header.")
    is_foreign = headers.get("origin", f"http://{host}").lower() != f"http://{host}"
    if is_foreign or headers.get("sec-fetch-site", "none") not in {
        "same-origin",
        "none",
    }:
        return Response.of_error(403, "Requests of other origins are refused.")
    is_change = request.method in {"POST", "PUT", "PATCH"}
    content_type = headers.get("content-type", "").partition(";")[0].strip()
    if is_change and request.path.startswith(CONTROL) and content_type != JSON:
        return Response.of_error(415, f"Changes need the header Content-Type: {JSON}.")
    return None
