"""Rules that answer in the server's place."""

from __future__ import annotations

from typing import Any

import msgspec

from clientsuccess_sandbox.answer import Answer, phrase_of
from clientsuccess_sandbox.faults.rule import Armed, Rule

_HTML = "text/html; charset=utf-8"
_MAINTENANCE = """<!DOCTYPE html>
<html><head><title>System Maintenance</title></head>
<body><h1>System Maintenance</h1><p>We will be back shortly.</p></body></html>
"""
_WINDOW = 1.0


class Status(Rule, tag="status"):
    """Answer with a status.

    Attributes:
        status: Any status code.
        headers: Headers to add.
        body: JSON value, or a string that is sent as it is.
        retry_after: Value of a `Retry-After` header: seconds or an HTTP date.
    """

    status: int
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = None
    retry_after: int | str | None = None

    def replace(self, armed: Armed) -> Answer | None:
        """Answer with the status."""
        body = {"userMessage": phrase_of(self.status)}
        answer = _answer(body if self.body is None else self.body, self.status)
        answer.headers.update(self.headers)
        if self.retry_after is not None:
            answer.headers["retry-after"] = str(self.retry_after)
        return answer


class RateLimit(Rule, tag="rate_limit"):
    """Answer 429 to what comes faster than so many requests a second.

    Attributes:
        per_second: Requests that may pass within any second.
        retry_after: Value of the `Retry-After` header; `None` leaves it out.
        headers: Further headers, such as `X-RateLimit-Limit`.
    """

    per_second: int
    retry_after: int | str | None = 1
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def replace(self, armed: Armed) -> Answer | None:
        """Let the request pass or refuse it."""
        now = armed.now()
        while armed.moments and armed.moments[0] <= now - _WINDOW:
            armed.moments.popleft()
        if len(armed.moments) < self.per_second:
            armed.moments.append(now)
            return None
        answer = Answer.of_error(429, headers=self.headers)
        if self.retry_after is not None:
            answer.headers["retry-after"] = str(self.retry_after)
        return answer


class Html(Rule, tag="html"):
    """Answer with the page that the API shows under maintenance.

    Attributes:
        status: Status that goes with it.
        body: The page.
    """

    status: int = 200
    body: str = _MAINTENANCE

    def replace(self, armed: Armed) -> Answer | None:
        """Answer with the page."""
        return Answer(self.status, self.body.encode(), {"content-type": _HTML})


class Empty(Rule, tag="empty"):
    """Answer with an empty body.

    Attributes:
        status: Status that goes with it.
    """

    status: int = 200

    def replace(self, armed: Armed) -> Answer | None:
        """Answer with nothing."""
        return _answer("", self.status)


class Redirect(Rule, tag="redirect"):
    """Send the client elsewhere.

    Attributes:
        location: Where to; an absolute URL leads to another host.
        status: One of the redirecting statuses.
    """

    location: str
    status: int = 302

    def replace(self, armed: Armed) -> Answer | None:
        """Answer with the new location."""
        return Answer(self.status, headers={"location": self.location})


class Body(Rule, tag="body"):
    """Answer with something else altogether.

    Attributes:
        body: JSON value, or bytes or a string that are sent as they are.
        status: Status that goes with it.
        content_type: What it claims to be.
    """

    body: Any
    status: int = 200
    content_type: str = "application/json"

    def replace(self, armed: Armed) -> Answer | None:
        """Answer with the body."""
        return _answer(self.body, self.status, self.content_type)


def _answer(body: Any, status: int, content_type: str = "application/json") -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    if not isinstance(raw, bytes):
        return Answer.of_json(msgspec.to_builtins(raw), status)
    return Answer(status, raw, {"content-type": content_type})
